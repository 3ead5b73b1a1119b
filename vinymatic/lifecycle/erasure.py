"""Erasing an index: everything in the folders that it consists of, and nothing beside them.

The oldest manifest goes first and the newest last, so that at any moment there is the whole index or none: never an older state, whose
numbers would be given a second time, nor one whose files are going. Killed anywhere, the next run goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.errors import ContentionError
from vinymatic.index.layout import FOLDERS, MANIFESTS
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class ErasureReport:
    deleted_files: int
    deleted_bytes: int


def erase(store: ObjectStore, *, progress: Progress = no_progress) -> ErasureReport:
    """Deletes the index in `store`; where there is none, nothing.

    Raises `ContentionError` when somebody commits meanwhile (its ingestors are still running), `StorageError`.
    """
    files = size = 0
    for folder in FOLDERS:
        # Listed from the newest manifest on.
        going = list(store.list(folder))[::-1]
        step = f"delete {folder.rstrip('/')}"
        for done, info in enumerate(going):
            progress(step, done, len(going))
            store.delete(info.key)
            files, size = files + 1, size + info.size
        progress(step, len(going), len(going))
        if any(store.list(MANIFESTS, limit=1)):
            raise ContentionError(
                f"somebody commits to {store.url} while it is erased: stop the ingestors, and erase again"
            )
    return ErasureReport(files, size)
