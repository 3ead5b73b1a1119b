"""What is put into the bucket: the demo's generated sleeves, or the scans of a folder."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from tqdm import tqdm

from local.errors import LocalError
from vinymatic.storage import ObjectInfo, ObjectStore
from vinymatic.synth.sleeves import sleeve

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
_SERIES_EVERY = 4
_SERIES_SIZE = 5
_UPLOADERS = 4


# Key and bytes of one cover, made or read only when they are needed.
Scan = Callable[[], tuple[str, bytes]]


def demo(count: int) -> list[Scan]:
    """`count` generated sleeves; every fourth belongs to a series, as the hard ones of a real shelf do."""
    return [partial(_sleeve, number) for number in range(count)]


def of_folder(folder: Path) -> list[Scan]:
    """Every image below `folder`; its key is its path within. Raises `LocalError` when there is none."""
    if not folder.is_dir():
        raise LocalError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    if not paths:
        raise LocalError(f"{folder}: no image in it ({', '.join(sorted(SUFFIXES))})")
    return [partial(_file, folder, path) for path in paths]


def listed(store: ObjectStore, is_own: Callable[[str], bool]) -> dict[str, ObjectInfo]:
    """The covers that the bucket holds, by key; the index's backup lies there too and is left out."""
    return {info.key: info for info in store.list() if not is_own(info.key)}


def upload(store: ObjectStore, scans: Sequence[Scan], there: dict[str, ObjectInfo], watch: Callable[[], None]) -> int:
    """Uploads what the bucket does not hold yet and tells how much that was. `watch` is called between uploads and may raise."""

    def put(scan: Scan) -> bool:
        key, data = scan()
        known = there.get(key)
        if known is not None and known.etag == hashlib.md5(data, usedforsecurity=False).hexdigest():
            return False
        store.put(key, data)
        return True

    done = 0
    with ThreadPoolExecutor(_UPLOADERS) as pool:
        try:
            for new in tqdm(pool.map(put, scans), total=len(scans), desc="uploading", unit="cover"):
                watch()
                done += new
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return done


def _sleeve(number: int) -> tuple[str, bytes]:
    in_series = number % _SERIES_EVERY == 0
    made = sleeve(number, series=number // (_SERIES_EVERY * _SERIES_SIZE) if in_series else None)
    return made.id, made.jpeg()


def _file(folder: Path, path: Path) -> tuple[str, bytes]:
    return path.relative_to(folder).as_posix(), path.read_bytes()
