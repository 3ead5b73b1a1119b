"""A pod's status from its containers' states. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.kube.api import Object

MESSAGE_BYTES = 4_096
LOG_BYTES = 2_048


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class ContainerRecord:
    """What a container's status says. `state` has one key: waiting, running or terminated."""

    name: str
    image: str
    state: Object = field(default_factory=lambda: {"waiting": {"reason": "PodInitializing"}})
    last_state: Object = field(default_factory=dict)
    restarts: int = 0
    ready: bool = False
    started: bool = False

    @property
    def terminated(self) -> Object | None:
        value: Object | None = self.state.get("terminated")
        return value

    @property
    def succeeded(self) -> bool:
        return self.terminated is not None and self.terminated["exitCode"] == 0

    @property
    def ever_ran(self) -> bool:
        return "waiting" not in self.state or bool(self.last_state)

    def to_status(self) -> Object:
        return {
            "name": self.name,
            "image": self.image,
            "imageID": "",
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
            "state": self.state,
            "lastState": self.last_state,
        }


def restored(container: Object, statuses: Sequence[Object]) -> ContainerRecord:
    """A container as the last kubelet left it. What ran then is gone: kubelet and containers end together here."""
    record = ContainerRecord(container["name"], container["image"])
    for status in statuses:
        if status["name"] == record.name:
            record.restarts = status["restartCount"]
            record.state = status["state"]
            record.last_state = status.get("lastState", {})
    if running := record.state.get("running"):
        record.state = {
            "terminated": {
                "exitCode": 137,
                "reason": "ContainerStatusUnknown",
                "message": "the container was gone when the kubelet started again",
                "startedAt": running.get("startedAt"),
                "finishedAt": now(),
            }
        }
    return record


def restarts(policy: str, exit_code: int) -> bool:
    """Whether a container that ended is started again."""
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def phase(init: Sequence[ContainerRecord], main: Sequence[ContainerRecord]) -> str:
    """A container that is going to be started again counts as waiting, so one that is terminated stays so."""
    if any(record.terminated is not None and not record.succeeded for record in init):
        return "Failed"
    if not all(record.succeeded for record in init):
        return "Pending"
    if all(record.terminated is not None for record in main):
        return "Succeeded" if all(record.succeeded for record in main) else "Failed"
    return "Running" if any(record.ever_ran for record in main) else "Pending"


def conditions(
    init: Sequence[ContainerRecord], main: Sequence[ContainerRecord], before: Sequence[Object], at: str
) -> list[Object]:
    """A condition keeps its time of transition while it stays as it was `before`."""
    initialized = all(record.succeeded for record in init)
    ready = initialized and all(record.ready for record in main)
    done = phase(init, main) == "Succeeded"
    values = {
        "PodScheduled": (True, ""),
        "Initialized": (initialized, "" if initialized else "ContainersNotInitialized"),
        "ContainersReady": (ready, "" if ready else "PodCompleted" if done else "ContainersNotReady"),
        "Ready": (ready, "" if ready else "PodCompleted" if done else "ContainersNotReady"),
    }
    known = {condition["type"]: condition for condition in before}
    made = []
    for name, (value, reason) in values.items():
        status = str(value)
        old = known.get(name)
        since = old["lastTransitionTime"] if old and old["status"] == status else at
        made.append({"type": name, "status": status, "lastTransitionTime": since, "reason": reason or None})
    return made


def pod_status(
    init: Sequence[ContainerRecord], main: Sequence[ContainerRecord], *, before: Object, pod_ip: str, at: str
) -> Object:
    """The part of `status` that a kubelet writes. `before` is the status that it wrote last, or found."""
    return {
        "phase": phase(init, main),
        "conditions": conditions(init, main, before.get("conditions", []), at),
        "hostIP": "127.0.0.1",
        "podIP": pod_ip,
        "podIPs": [{"ip": pod_ip}],
        "startTime": before.get("startTime", at),
        "initContainerStatuses": [record.to_status() for record in init],
        "containerStatuses": [record.to_status() for record in main],
    }


def termination_message(written: bytes, log: bytes, *, exit_code: int, policy: str) -> str:
    """The end of a container's life in its own words: of the file, or of its log where the policy says so."""
    message = written[:MESSAGE_BYTES]
    if not message and exit_code != 0 and policy == "FallbackToLogsOnError":
        message = log[-LOG_BYTES:]
    return message.decode("utf-8", "ignore")
