"""What a Job said is lost, or its pod runs twice: the operator does not take silence for an answer, nor go back and forth."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.world import NAMESPACE
from tests.unit.operator.chaos.faults import Disturbed
from tests.unit.operator.chaos.flows import BACKUP, BASE, HOUR, MINUTE, TRAINING
from vinymatic_operator.kube.resources import BACKUPS, PODS, RESTORES
from vinymatic_operator.observe.reading import labels_of, name_of, part
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import ROLLBACK_AT

pytestmark = pytest.mark.unit


class Forgetful(Disturbed):
    """The first pod of each step in `silent` is deleted before anybody read what it said."""

    def __init__(self, spec: Json, silent: set[str]) -> None:
        super().__init__(spec)
        self.silent = silent

    def controllers(self) -> bool:
        moved = super().controllers()
        for pod in self.objects.all(PODS):
            job = labels_of(pod).get("batch.kubernetes.io/job-name", "")
            step = next((step for step in self.silent if f"-{step}-" in job), None)
            if step is not None:
                self.silent.remove(step)
                self.objects.remove(PODS, NAMESPACE, name_of(pod))
        return moved


def test_a_gate_whose_verdict_is_lost_is_asked_again() -> None:
    world = Forgetful({**TRAINING}, {"gate"})
    world.index.ingest(600)
    world.pass_time(10 * MINUTE, MINUTE)
    assert world.index.ran == ["train", "gate", "gate", "promote", "retire"]


def test_a_backup_whose_manifest_is_lost_is_made_again() -> None:
    world = Forgetful({**BASE, "backup": BACKUP}, {"backup"})
    world.create(BACKUPS, "by-hand", {})
    world.pass_time(5 * MINUTE, MINUTE)
    assert world.conditions_of(BACKUPS, "by-hand")["Complete"] == ("True", "BackedUp")
    assert part(world.objects.bodies[BACKUPS][(NAMESPACE, "by-hand")], "status")["manifest"] == 5


def test_a_restore_whose_manifest_is_lost_gets_to_its_end() -> None:
    world = Forgetful({**BASE, "backup": BACKUP}, {"restore"})
    world.create(BACKUPS, "by-hand", {})
    world.pass_time(5 * MINUTE, MINUTE)
    world.create(RESTORES, "back", {})
    world.pass_time(10 * MINUTE, MINUTE)
    assert world.conditions_of(RESTORES, "back")["Complete"] == ("True", "Complete")


def test_a_drill_whose_answers_are_lost_is_made_again() -> None:
    world = Forgetful(
        {**BASE, "backup": {**BACKUP, "schedule": "0 3 * * *", "drill": {"schedule": "@monthly"}}}, {"drill"}
    )
    world.pass_time(10 * MINUTE, MINUTE)
    assert world.condition("RestoreProven") == ("True", "Proven")


def test_a_drill_that_met_a_closed_store_is_tried_again_before_its_schedule_says_so() -> None:
    world = Disturbed({**BASE, "backup": {**BACKUP, "schedule": "0 3 * * *", "drill": {"schedule": "@monthly"}}})
    world.index.fails["drill"] = 1
    world.pass_time(10 * MINUTE, MINUTE)
    assert world.condition("RestoreProven") == ("True", "Proven")


def test_a_drill_is_given_up_after_three_attempts_until_its_schedule_says_so() -> None:
    world = Disturbed({**BASE, "backup": {**BACKUP, "schedule": "0 3 * * *", "drill": {"schedule": "@monthly"}}})
    world.index.fails["drill"] = 100
    world.pass_time(12 * HOUR, HOUR)
    assert world.index.ran.count("drill") == 3
    assert world.condition("RestoreProven") == ("False", "DrillFailed")


@pytest.mark.parametrize("step", ["rollback", "promote"])
def test_what_a_person_asked_for_is_tried_again_when_it_failed(step: str) -> None:
    world = Disturbed({**BASE, "retraining": {"images": 0, "growth": 2, "keepPrevious": True}})
    world.index.ingest(600)
    if step == "rollback":
        world.pass_time(8 * MINUTE, MINUTE)
    else:
        world.index.fails["gate"] = 100
        world.pass_time(2 * MINUTE, MINUTE)
    world.index.fails[step] = 1
    world.annotate(f"vinymatic.io/{step}-at", "now")
    world.pass_time(8 * MINUTE, MINUTE)
    assert (world.index.state.active_epoch, world.template_epoch()) == ((0, "0") if step == "rollback" else (1, "1"))


def test_a_rollback_whose_pod_runs_twice_rolls_back_once() -> None:
    world = Disturbed({**BASE, "retraining": {"images": 0, "growth": 2, "keepPrevious": True}})
    world.index.ingest(600)
    world.pass_time(8 * MINUTE, MINUTE)
    world.index.repeats.add("rollback")
    world.annotate(ROLLBACK_AT, "now")
    world.pass_time(8 * MINUTE, MINUTE)
    assert (world.index.state.active_epoch, world.template_epoch()) == (0, "0")


@pytest.mark.parametrize("step", ["rollback", "promote"])
def test_a_request_that_cannot_be_met_now_is_not_met_weeks_later(step: str) -> None:
    """There is nothing to roll back to, or no candidate: the next training must not be rolled back, or promoted without its gate."""
    world = Disturbed({**BASE, "retraining": {"images": 0, "growth": 2, "keepPrevious": True}})
    world.settle()
    world.annotate(f"vinymatic.io/{step}-at", "now")
    world.pass_time(5 * MINUTE, MINUTE)
    world.index.passes = step == "rollback"
    world.index.ingest(600)
    world.pass_time(15 * MINUTE, MINUTE)
    assert world.index.state.active_epoch == (1 if step == "rollback" else 0)


def test_retention_runs_once_after_a_backup_and_not_again_when_its_job_is_gone() -> None:
    world = Disturbed({**BASE, "backup": {**BACKUP, "retention": {"count": 3}}})
    world.create(BACKUPS, "by-hand", {})
    world.pass_time(timedelta(days=4), 6 * HOUR)
    assert world.index.ran.count("backup prune") == 1


def test_a_way_back_that_was_lost_from_sight_is_still_one() -> None:
    """The rollback was committed, but its Job failed: neither epoch comes up, and the operator does not swing between them."""
    world = Disturbed({**TRAINING})
    world.bad_epochs = {1}
    world.index.ingest(600)
    world.index.dies_after.add("rollback")
    while "rollback" not in world.index.ran:
        world.pass_time(MINUTE, MINUTE)
    world.bad_epochs = {0, 1}
    world.pass_time(30 * MINUTE, MINUTE)
    assert (world.index.state.active_epoch, world.template_epoch()) == (0, "0")
