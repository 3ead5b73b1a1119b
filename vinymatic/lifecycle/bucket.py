"""Scans in a bucket: which objects there are, and what one of them comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from vinymatic.errors import ImageError, ImageTooLargeError, InvalidKeyError, ObjectNotFoundError
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.lifecycle.bulk import Limits, Missing, Outcome, Refused, Unchanged
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.inventory import Listed
from vinymatic.lifecycle.patience import Patience
from vinymatic.storage.port import ObjectStore


def list_bucket(store: ObjectStore, prefix: str, patience: Patience) -> Iterator[Listed]:
    """Every object whose key starts with `prefix`. A listing that breaks off goes on where it was. Raises `StorageError`."""
    last = ""

    def page() -> list[Listed]:
        return [Listed(info.key, info.size, info.etag) for info in store.list(prefix, start_after=last, limit=1000)]

    while found := patience.call(page):
        yield from found
        last = found[-1].id


def only_covers(listed: Iterable[Listed], is_own_key: Callable[[str], bool]) -> list[Listed]:
    """Without the index, its backup (they may lie in the same bucket) and the markers that consoles make for folders."""
    return [item for item in listed if not is_own_key(item.id) and not (item.id.endswith("/") and not item.size)]


def read_object(
    item: Listed, known: str | None, *, store: ObjectStore, spec: FeatureSpec, model: FeatureModel, limits: Limits
) -> Outcome:
    """`known`: the ETag that the index holds for this key; an object that has it is not downloaded. Raises `StorageError`."""
    try:
        if known is not None:
            # A listing without ETags costs a HEAD for each cover that is indexed already.
            etag = item.etag or store.head(item.id).etag
            if etag == known:
                return Unchanged(item.id)
        if item.size is not None and item.size > limits.max_bytes:
            raise ImageTooLargeError(f"{item.size} bytes; at most {limits.max_bytes} are allowed")
        data, info = store.get(item.id, limit=limits.max_bytes)
    except ObjectNotFoundError:
        return Missing(item.id)
    except (ImageTooLargeError, InvalidKeyError) as error:
        return Refused(item.id, item.etag or "", error)
    if info.etag == known:
        return Unchanged(item.id)
    try:
        return prepare(data, id=item.id, etag=info.etag, spec=spec, model=model, max_pixels=limits.max_pixels)
    except ImageError as error:
        return Refused(item.id, info.etag, error)
