"""One lane for each key: its changes are worked on one after the other, so that the last look at an object is the one that counts.

Two looks side by side could finish the wrong way round and leave the older version in the index. Pure; one thread uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.errors import VinymaticError
from vinymatic.queueing.port import Change
from vinymatic_ingestor.hand import Delivery


@dataclass(frozen=True)
class Refusal:
    """A message, or one change of it, that nobody can act on: all there is to do is to write down why."""

    key: str
    error: VinymaticError


Request = Change | Refusal


@dataclass(eq=False)
class Task:
    """What to do for one key, and every delivery that waits for it. `failures`: in a row.

    `successes_before`: how many tasks had succeeded when this one first failed.
    """

    request: Request
    deliveries: list[Delivery]
    failures: int = 0
    successes_before: int = 0

    @property
    def key(self) -> str:
        return self.request.key


class Lanes:
    def __init__(self) -> None:
        self._running: dict[str, Task] = {}
        self._waiting: dict[str, Task] = {}

    def __len__(self) -> int:
        """Keys that are being worked on."""
        return len(self._running)

    def offer(self, request: Request, delivery: Delivery) -> Task | None:
        """The task to start now; None when the key is being worked on: then it waits, and of all that wait only the last is done."""
        if request.key not in self._running:
            task = self._running[request.key] = Task(request, [delivery])
            return task
        waiting = self._waiting.setdefault(request.key, Task(request, []))
        waiting.request = request
        waiting.deliveries.append(delivery)
        return None

    def again(self, request: Request, deliveries: list[Delivery]) -> Task | None:
        """`request` has been done and is to be done once more: the task to start now.

        None when a later request of its key is being worked on: what that comes to settles these deliveries, too.
        """
        running = self._running.get(request.key)
        if running is not None:
            running.deliveries += deliveries
            return None
        task = self._running[request.key] = Task(request, list(deliveries))
        return task

    def finish(self, task: Task) -> Task | None:
        """Ends `task`; the task of the same key to start now, if one waits."""
        del self._running[task.key]
        following = self._waiting.pop(task.key, None)
        if following is not None:
            self._running[task.key] = following
        return following
