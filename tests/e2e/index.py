"""One VinylIndex, as its owner sees it: what its status says, what is asked of it, and waiting for both."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.e2e.namespace import Namespace
from tests.e2e.summary import Summary
from tests.kube.api import Object

_KIND = "vinylindex"


class Index:
    def __init__(self, namespace: Namespace, name: str) -> None:
        self.namespace = namespace
        self.name = name

    # ---- what it says

    def status(self) -> Object:
        return dict(self.namespace.read(_KIND, self.name).get("status", {}))

    def told(self, *path: str) -> Any:
        """A field of its status; None where it or what holds it is not there."""
        found: Any = self.status()
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found

    def epoch(self) -> int:
        return int(self.told("index", "activeEpoch"))

    def conditions(self) -> dict[str, Object]:
        return self.namespace.conditions(_KIND, self.name)

    def events(self) -> set[str]:
        """Their reasons."""
        chosen = f"--field-selector=involvedObject.kind=VinylIndex,involvedObject.name={self.name}"
        return {event["reason"] for event in self.namespace.items("events", chosen)}

    def why(self, step: str, epoch: int) -> str:
        """Why the operator made this Job."""
        return str(self._job(step, epoch)["metadata"]["annotations"]["vinymatic.io/reason"])

    # ---- what is asked of it

    def vinyl(self, command: str, *options: str) -> str:
        """What `kubectl vinyl` prints of it. Raises `CommandError`."""
        return self.namespace.vinyl(command, self.name, *options)

    def retrain(self) -> None:
        self.vinyl("retrain")

    # ---- waiting

    def wait(self, kind: str, status: str, reason: str | None = None, *, seconds: float = 180) -> Object:
        """The condition, once it has this status and reason."""
        return self.namespace.await_condition(kind, status, _KIND, self.name, reason=reason, seconds=seconds)

    def await_settled(self, *, seconds: float = 300) -> None:
        """Ready, and nothing under way."""
        self.wait("Reconciling", "False", "Settled", seconds=seconds)
        self.wait("Ready", "True", "Serving", seconds=seconds)

    def await_epoch(self, epoch: int, *, seconds: float = 420) -> None:
        """Returns once it is active, every pod serves it and the one before is retired."""

        def there() -> bool:
            served = self.told("served") or []
            return (self.told("index", "activeEpoch"), [one["epoch"] for one in served]) == (epoch, [epoch])

        self.namespace.until(
            lambda: there() or None,
            f"epoch {epoch} of {self.name}",
            seconds=seconds,
            about=lambda: json.dumps(self.status(), indent=1),
        )
        self.await_settled(seconds=seconds)
        assert self.told("index", "previousEpoch") is None

    def note_steps(self, epoch: int, summary: Summary) -> None:
        """How long each step of its retraining took, by the Jobs and by the status."""
        for step in ("train", "gate", "promote"):
            job = self._job(step, epoch)["status"]
            summary.seconds[f"{step}, epoch {epoch}"] = _between(job["startTime"], job["completionTime"])
        rollout = self.told("rollout")
        summary.seconds[f"roll-out, epoch {epoch}"] = _between(rollout["startedAt"], rollout["completedAt"])

    def _job(self, step: str, epoch: int) -> Object:
        return self.namespace.read("job", f"{self.name}-{step}-e{epoch}-1")


def _between(begun: str, ended: str) -> float:
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()
