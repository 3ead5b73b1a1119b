"""What there is to repair with: the very bytes in the backup, those that can be made again, and scans. Looks; changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import CorruptFileError, InvalidKeyError, ObjectNotFoundError
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.index.segment import CoverTable
from vinymatic.lifecycle.backups import stamps
from vinymatic.lifecycle.bulk import Limits, Missing, Outcome, Unchanged, outcomes
from vinymatic.lifecycle.commit import read_manifest
from vinymatic.lifecycle.copying import is_good
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.first import first_files
from vinymatic.lifecycle.inventory import Listed
from vinymatic.lifecycle.patience import Patience
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class Sources:
    """Where a repair may take from. `backup`, `scans` (the bucket of the cover scans): None where there is none, or it is not wanted.

    `spec`, `limits`: how scans become covers; SIFT_DIMENSIONS are the index's own, by its feature model.
    """

    backup: ObjectStore | None = None
    scans: ObjectStore | None = None
    spec: FeatureSpec = field(default_factory=FeatureSpec)
    limits: Limits = field(default_factory=lambda: Limits(50_000_000, 64_000_000))


def find_in_backup(backup: ObjectStore, files: Iterable[FileEntry], work: Path) -> dict[str, str]:
    """Of these files, those whose very bytes the backup holds: key → key there. Each was read and compared with its sha256.

    Raises `StorageError`, `UnsupportedFormatError`.
    """
    missing = {file.key: file for file in files}
    found: dict[str, str] = {}
    with TemporaryDirectory(dir=work, prefix="repair-") as folder:
        passing = Path(folder) / "file"
        for key, file in list(missing.items()):
            if is_good(backup, file, passing):
                found[key] = key
                del missing[key]
        # A restore gave files other names: the same bytes may lie in the backup under the name from before.
        for named in _named(backup) if missing else ():
            for key, file in list(missing.items()):
                if named.sha256 == file.sha256 and is_good(backup, named, passing):
                    found[key] = named.key
                    del missing[key]
            if not missing:
                break
    return found


def _named(backup: ObjectStore) -> Iterator[FileEntry]:
    """Every file that a backup's manifest names, each once."""
    told = set()
    for stamp in stamps(backup):
        with suppress(CorruptFileError, ObjectNotFoundError):
            for file in read_manifest(backup, stamp.number).files():
                if file not in told:
                    told.add(file)
                    yield file


def manifest_in_backup(backup: ObjectStore, number: int, index_id: str | None) -> bytes | None:
    """The backup's manifest of this number, when it is whole and of the index `index_id` (None: of whichever). Raises `StorageError`."""
    try:
        data, _ = backup.get(manifest_key(number))
        manifest = Manifest.from_json(data)
    except (CorruptFileError, ObjectNotFoundError):
        return None
    return data if manifest.number == number and index_id in (None, manifest.index_id) else None


def make_again(manifest: Manifest, files: Iterable[FileEntry]) -> dict[str, bytes]:
    """Of these files, those whose very bytes this machine can make again, by key: the first codebook and the feature model."""
    shipped = {book.file for book in manifest.codebooks.values() if book.trained_covers == 0} | {manifest.feature_model}
    wanted = [file for file in files if file in shipped]
    made = _made(manifest.dimensions) if wanted else {}
    return {file.key: made[file.sha256] for file in wanted if file.sha256 in made}


@cache
def _made(dimensions: int) -> dict[str, bytes]:
    first = first_files(dimensions)
    contents = [first.codebook.to_bytes(), *([first.model] if first.model is not None else [])]
    return {hashlib.sha256(data).hexdigest(): data for data in contents}


def gone_scans(
    store: ObjectStore, covers_file: FileEntry, tombstones: Collection[int], scans: ObjectStore, work: Path
) -> dict[str, str]:
    """The live covers of a cover table whose scans are not in the bucket any more, and why. Raises `StorageError`, `CorruptFileError`."""
    with TemporaryDirectory(dir=work, prefix="repair-") as folder:
        table = CoverTable(FileCache(store, Path(folder)).resolve(covers_file))
    items = [Listed(cover_id) for _, cover_id in live_ids(table, tombstones)]
    with closing(outcomes(items, {}, partial(_look, scans=scans), Patience())) as found:
        return {item.id: f"its scan is not in {scans.url}" for item in found if isinstance(item, Missing)}


def live_ids(table: CoverTable, tombstones: Collection[int]) -> list[tuple[int, str]]:
    """Place and id of each live cover."""
    dead = set(tombstones)
    return [(place, cover_id) for place, cover_id in enumerate(table.ids) if place not in dead]


def _look(item: Listed, known: str | None, *, scans: ObjectStore) -> Outcome:  # noqa: ARG001 - what `outcomes` calls
    try:
        scans.head(item.id)
    except (ObjectNotFoundError, InvalidKeyError):
        return Missing(item.id)
    return Unchanged(item.id)
