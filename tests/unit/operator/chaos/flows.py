"""Flows that the tests disturb: each drives a `World` from beginning to end, the same way whatever happens to the operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.support.operator.world import NAME, NAMESPACE, World
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES
from vinymatic_operator.resources.base import Json

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

# A soak and a deadline that are short keep runs short.
ROLLOUT: Json = {"soakSeconds": 60, "progressDeadlineSeconds": 120}
QUIET: Json = {"suspend": True}
# Nothing but what the flow is about: no compaction or collection in between.
BASE: Json = {"rollout": ROLLOUT, "compaction": QUIET, "collection": QUIET}
TRAINING: Json = {**BASE, "retraining": {"images": 0, "growth": 2}}


@dataclass(frozen=True)
class Flow:
    """`drive` leaves time at its end for what was disturbed to be made up for. `commands`: all that the index runs in it."""

    name: str
    spec: Json
    drive: Callable[[World], None]
    commands: tuple[str, ...]


def _retrained(world: World) -> None:
    world.settle()
    world.index.ingest(600)
    world.pass_time(8 * MINUTE, MINUTE)


def _gate_failed(world: World) -> None:
    world.index.passes = False
    _retrained(world)


def _rolled_back(world: World) -> None:
    world.bad_epochs = {1}
    _retrained(world)
    world.pass_time(4 * MINUTE, MINUTE)


def _backed_up(world: World) -> None:
    world.settle()
    for _ in range(2):
        world.index.ingest(10)
        world.pass_time(24 * HOUR, 6 * HOUR)


def _with_backup(world: World) -> None:
    world.settle()
    world.create(BACKUPS, "by-hand", {})
    world.pass_time(2 * MINUTE, MINUTE)


def _restored(world: World) -> None:
    _with_backup(world)
    world.index.ingest(10)
    world.pass_time(2 * MINUTE, MINUTE)
    world.create(RESTORES, "back", {"source": {"backup": "by-hand"}})
    world.pass_time(6 * MINUTE, MINUTE)


def _lost_and_restored(world: World) -> None:
    _with_backup(world)
    world.index.ingest(10)
    world.index.lost = True
    world.pass_time(2 * MINUTE, MINUTE)
    world.create(RESTORES, "back", {})
    world.pass_time(6 * MINUTE, MINUTE)


def _deleted(world: World) -> None:
    world.settle()
    if (NAMESPACE, NAME) in world.objects.bodies[INDEXES]:
        world.objects.remove(INDEXES, NAMESPACE, NAME)
    world.pass_time(4 * MINUTE, MINUTE)


BACKUP: Json = {"prefix": "backup"}
SCHEDULED: Json = {
    "prefix": "backup",
    "schedule": "0 3 * * *",
    "retention": {"count": 2},
    "drill": {"schedule": "30 4 * * 1"},
}

FLOWS = (
    Flow("a retraining by growth", TRAINING, _retrained, ("train", "gate", "promote", "retire")),
    Flow("a gate that is not passed", TRAINING, _gate_failed, ("train", "gate", "discard")),
    Flow(
        "a roll-out that is stuck",
        TRAINING,
        _rolled_back,
        ("train", "gate", "promote", "rollback", "retire"),
    ),
    Flow(
        "backups by schedule",
        {**BASE, "backup": SCHEDULED},
        _backed_up,
        ("backup", "backup prune", "drill", "backup", "drill", "backup prune", "backup", "backup prune"),
    ),
    Flow("a restore in place", {**BASE, "backup": BACKUP}, _restored, ("backup", "restore")),
    Flow("a restore of an index that was lost", {**BASE, "backup": BACKUP}, _lost_and_restored, ("backup", "restore")),
    Flow("a deletion with its objects", {**BASE, "deletionPolicy": "Delete"}, _deleted, ("erase",)),
)
