"""When to commit, and what: pure. Outcomes gather until there are enough of them or the oldest is old enough."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from vinymatic.lifecycle.writer import Batch
from vinymatic.queueing.port import Change
from vinymatic_ingestor.hand import Delivery
from vinymatic_ingestor.outcomes import Gone, Ignored, Outcome, Ready, Refused, Same


@dataclass(frozen=True)
class Bundle:
    """What one commit settles: the outcome of each key, and the deliveries that waited for it."""

    outcomes: Mapping[str, Outcome]
    deliveries: Mapping[str, list[Delivery]]

    def batch(self) -> Batch:
        """What the index has to be told; empty when nothing in the bundle concerns it."""
        return Batch(
            upserts=[outcome.cover for outcome in self.outcomes.values() if isinstance(outcome, Ready)],
            deletes=[key for key, outcome in self.outcomes.items() if isinstance(outcome, Gone)],
            seen=dict(_seen(self.outcomes)),
        )

    def without(self, keys: Collection[str]) -> Bundle:
        """The same, without what is known of these keys."""
        return Bundle(
            {key: outcome for key, outcome in self.outcomes.items() if key not in keys},
            {key: deliveries for key, deliveries in self.deliveries.items() if key not in keys},
        )

    def request(self, key: str) -> Change:
        """What to do to learn once more what the key comes to."""
        outcome = self.outcomes[key]
        return Change(key, outcome.asked) if isinstance(outcome, Gone) else Change(key)

    def keys_in_order(self) -> list[str]:
        """Keys whose reject record, if they have one, is out of date."""
        return [key for key, outcome in self.outcomes.items() if not isinstance(outcome, Refused | Ignored)]


def _seen(outcomes: Mapping[str, Outcome]) -> Iterator[tuple[str, str | None]]:
    for key, outcome in outcomes.items():
        match outcome:
            case Ready(seen=etag) | Gone(seen=etag) | Same(etag):
                yield key, etag


@dataclass
class _Entry:
    outcome: Outcome
    since: float
    deliveries: list[Delivery] = field(default_factory=list)


class PendingBatch:
    """`size`: keys of one commit at most; `age`: seconds that the oldest outcome may wait."""

    def __init__(self, size: int, age: float) -> None:
        self._size = size
        self._age = age
        # In the order in which keys came: the oldest first.
        self._entries: dict[str, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: str, outcome: Outcome, deliveries: list[Delivery], now: float) -> None:
        """The last outcome of a key counts; the deliveries of all of them are settled by it."""
        entry = self._entries.setdefault(key, _Entry(outcome, now))
        entry.outcome = outcome
        entry.deliveries += deliveries

    def seconds_until_due(self, now: float) -> float | None:
        """0 when it is due, None when there is nothing to commit."""
        if not self._entries:
            return None
        if len(self._entries) >= self._size:
            return 0.0
        return max(0.0, next(iter(self._entries.values())).since + self._age - now)

    def bundle(self) -> Bundle:
        """The oldest keys, as many as one commit takes. They stay until `settle`: a commit may fail."""
        chosen = dict(islice(self._entries.items(), self._size))
        return Bundle(
            {key: entry.outcome for key, entry in chosen.items()},
            {key: entry.deliveries for key, entry in chosen.items()},
        )

    def settle(self, bundle: Bundle) -> None:
        for key in bundle.outcomes:
            del self._entries[key]
