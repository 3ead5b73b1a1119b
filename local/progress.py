"""Waits until every cover of the bucket is searchable or refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from tqdm import tqdm

from local.client import ApiClient
from local.errors import LocalError

_POLL_SECONDS = 0.25
# Refusals are asked for one by one: a few in each round.
_ASKED_EACH_ROUND = 20
_STALL_SECONDS = 300


@dataclass
class Progress:
    """What is still awaited, of `wanted` (ETag by key)."""

    wanted: Mapping[str, str]
    pending: dict[str, None] = field(init=False)
    rejected: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pending = dict.fromkeys(self.wanted)

    def indexed(self, etags: Mapping[str, str]) -> None:
        """`etags`: of what is searchable now."""
        for key in [key for key in self.pending if etags.get(key) == self.wanted[key]]:
            del self.pending[key]

    def refused(self, key: str, message: str) -> None:
        self.pending.pop(key, None)
        self.rejected[key] = message

    def postpone(self, key: str) -> None:
        """Asks for another one first next time."""
        self.pending[key] = self.pending.pop(key)

    @property
    def done(self) -> int:
        return len(self.wanted) - len(self.pending)


def wait_until_searchable(client: ApiClient, wanted: Mapping[str, str], watch: Callable[[], None]) -> dict[str, str]:
    """What was refused: message by key. `watch` is called in every round and may raise.

    Raises `LocalError` when nothing has moved for five minutes.
    """
    progress, seen = Progress(wanted), None
    moved_at = time.monotonic()
    with tqdm(total=len(wanted), desc="indexing", unit="cover") as bar:
        while progress.pending:
            watch()
            before = progress.done
            if (manifest := client.manifest()) != seen:
                seen = manifest
                progress.indexed(client.etags())
            for key in list(islice(progress.pending, _ASKED_EACH_ROUND)):
                if (message := client.rejection(key)) is not None:
                    progress.refused(key, message)
                else:
                    progress.postpone(key)
            bar.update(progress.done - before)
            if progress.done > before:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > _STALL_SECONDS:
                raise LocalError(
                    f"nothing was indexed for {_STALL_SECONDS} s; still waiting for {next(iter(progress.pending))!r}"
                )
            if progress.pending:
                time.sleep(_POLL_SECONDS)
    return progress.rejected
