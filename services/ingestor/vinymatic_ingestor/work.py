"""One request → what it came to. Runs in the pool's threads; holds no state."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from vinymatic.errors import (
    ImageError,
    ImageTooLargeError,
    InvalidKeyError,
    ObjectNotFoundError,
    StorageError,
    VinymaticError,
)
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.places import is_own_key
from vinymatic.lifecycle.rejects import make_reject, record_reject
from vinymatic.logs import line
from vinymatic.queueing.port import Change, ChangeKind
from vinymatic.settings import IngestorSettings
from vinymatic.storage.port import ObjectStore
from vinymatic_ingestor.lanes import Refusal, Request
from vinymatic_ingestor.outcomes import Gone, Ignored, Outcome, Ready, Refused, Same
from vinymatic_ingestor.ports import Ports

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """What the index knew when the work was given out: the key's ETag there (None: not in it), and how features are reduced."""

    etag: str | None
    model: FeatureModel


@dataclass(frozen=True)
class Worker:
    """`covers`: the bucket of the scans. `index`: where reject records go. `is_own_key`: which keys of the bucket are no covers."""

    covers: ObjectStore
    index: ObjectStore
    spec: FeatureSpec
    max_pixels: int
    max_object_bytes: int
    is_own_key: Callable[[str], bool]

    def __call__(self, request: Request, known: Known) -> Outcome:
        """Raises `StorageError` when the store is at fault: then the same may be tried again."""
        if isinstance(request, Refusal):
            return self._refuse(request.key, "", request.error)
        try:
            return self._act(request, known)
        except InvalidKeyError as error:
            return self._refuse(request.key, "", error)

    def _act(self, change: Change, known: Known) -> Outcome:
        if self.is_own_key(change.key):
            return Ignored("part of the index or its backup")
        if change.kind is ChangeKind.DELETE:
            return Gone(known.etag, change.kind)
        try:
            # An indexed key is asked for its ETag first: most of its messages are repetitions, and need no download.
            if known.etag is not None and self.covers.head(change.key).etag == known.etag:
                return Same(known.etag)
            data, info = self.covers.get(change.key, limit=self.max_object_bytes)
        except ObjectNotFoundError:
            return Gone(known.etag)
        except ImageTooLargeError as error:
            return self._refuse(change.key, self._etag(change.key), error)
        if change.key.endswith("/") and not data:
            return Ignored("a folder's marker")
        try:
            # The bytes that were read and the ETag that came with them belong together, whatever the bucket holds by now.
            cover = prepare(
                data, id=change.key, etag=info.etag, spec=self.spec, model=known.model, max_pixels=self.max_pixels
            )
        except ImageError as error:
            return self._refuse(change.key, info.etag, error)
        return Ready(cover, known.etag)

    def _refuse(self, key: str, etag: str, error: VinymaticError) -> Refused:
        reject = make_reject(key, etag, error)
        record_reject(self.index, reject)
        log.warning(line("rejected", key=key, etag=etag or None, code=error.code, message=str(error)))
        return Refused(reject)

    def _etag(self, key: str) -> str:
        """Of an object too large to be read; only for the record, so a failure does not matter."""
        with contextlib.suppress(StorageError):
            return self.covers.head(key).etag
        return ""


def make_worker(settings: IngestorSettings, ports: Ports) -> Worker:
    return Worker(
        covers=ports.covers,
        index=ports.index,
        spec=feature_spec(settings),
        max_pixels=settings.max_pixels,
        max_object_bytes=settings.max_object_bytes,
        is_own_key=partial(is_own_key, settings),
    )


def feature_spec(settings: IngestorSettings) -> FeatureSpec:
    """How covers are described."""
    return FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)
