"""How long to wait after a failure, and when to give a message back: pure decisions."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.errors import QueueDeniedError, StorageDeniedError

_DENIED = (QueueDeniedError, StorageDeniedError)


@dataclass(frozen=True)
class Pace:
    """All in seconds but `attempts`.

    `first`, `longest`: pauses after passing failures double from the one to the other. `denied`: the pause after a refusal, which only
    a person can end. `attempts`: how often a change is tried before its message may be given back. `receive_wait`: how long one request
    waits for messages; also how long a stop may take to be noticed there. `finish`: how long a stop waits for work that is running.
    """

    first: float = 0.5
    longest: float = 30.0
    denied: float = 30.0
    attempts: int = 5
    receive_wait: float = 5.0
    finish: float = 15.0

    def pause(self, failures: int, error: BaseException | None = None) -> float:
        """The pause after the `failures`-th failure in a row (from 1)."""
        if isinstance(error, _DENIED):
            return self.denied
        return min(self.longest, self.first * 2.0 ** min(failures - 1, 30))

    def give_back(self, attempts: int, *, others_succeeded: bool) -> bool:
        """Whether a change that has failed `attempts` times goes back to the queue, whose own policy (a dead-letter queue) then counts.

        While nothing else succeeds either, the store is at fault, not the object: its message stays in hand, because every return brings
        it nearer to the dead-letter queue, and an outage would send the whole queue there.
        """
        return others_succeeded and attempts >= self.attempts
