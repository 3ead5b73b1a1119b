"""Restores that something gets in the way of: none is carried out twice, and none waits for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.world import NAMESPACE
from tests.unit.operator.chaos.faults import Disturbed
from tests.unit.operator.chaos.flows import BACKUP, BASE, HOUR, MINUTE, TRAINING
from vinymatic_operator.kube.resources import BACKUPS, JOBS, RESTORES
from vinymatic_operator.observe.reading import name_of, part
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

COMPLETE = ("True", "Complete")


def _backed_up(spec: Json | None = None) -> Disturbed:
    world = Disturbed({**(spec or BASE), "backup": BACKUP})
    world.create(BACKUPS, "by-hand", {})
    world.pass_time(3 * MINUTE, MINUTE)
    return world


def test_one_whose_roll_out_outlasts_its_job_is_not_carried_out_again() -> None:
    world = _backed_up(TRAINING)
    world.index.ingest(600)
    world.pass_time(8 * MINUTE, MINUTE)
    world.bad_epochs = {0}
    world.create(RESTORES, "back", {"source": {"backup": "by-hand"}})
    world.pass_time(timedelta(days=3), 3 * HOUR)
    assert world.conditions_of(RESTORES, "back")["Complete"] == ("False", "RollingOut")
    world.bad_epochs = set()
    world.pass_time(5 * MINUTE, MINUTE)
    assert (world.index.ran.count("restore"), world.conditions_of(RESTORES, "back")["Complete"]) == (1, COMPLETE)


def test_one_whose_job_a_person_deletes_once_it_is_told_of_is_not_carried_out_again() -> None:
    world = _backed_up()
    world.create(RESTORES, "back", {})
    while "Restored" not in world.conditions_of(RESTORES, "back"):
        world.look()
        world.controllers()
    for job in world.objects.all(JOBS):
        world.objects.remove(JOBS, NAMESPACE, name_of(job))
    world.pass_time(5 * MINUTE, MINUTE)
    assert (world.index.ran.count("restore"), world.conditions_of(RESTORES, "back")["Complete"]) == (1, COMPLETE)


def test_one_of_the_name_of_another_before_it_is_rolled_out_too() -> None:
    world = _backed_up()
    for manifest in (6, 7):
        world.create(RESTORES, "back", {})
        world.pass_time(5 * MINUTE, MINUTE)
        status = part(world.objects.bodies[RESTORES][(NAMESPACE, "back")], "status")
        assert (status["manifest"], world.least_manifest()) == (manifest, manifest)
        world.objects.remove(RESTORES, NAMESPACE, "back")
        world.pass_time(2 * MINUTE, MINUTE)


def test_one_whose_backup_is_deleted_between_attempts_is_refused() -> None:
    world = _backed_up()
    world.index.fails["restore"] = 1
    world.create(RESTORES, "back", {"source": {"backup": "by-hand"}})
    world.settle()
    world.objects.remove(BACKUPS, NAMESPACE, "by-hand")
    world.pass_time(5 * MINUTE, MINUTE)
    assert world.conditions_of(RESTORES, "back")["Failed"] == ("True", "Refused")


def test_one_of_a_backup_that_is_still_to_be_made_waits_for_it() -> None:
    world = Disturbed({**BASE, "backup": BACKUP})
    world.create(BACKUPS, "by-hand", {})
    world.create(RESTORES, "back", {"source": {"backup": "by-hand"}})
    world.pass_time(5 * MINUTE, MINUTE)
    assert (world.index.ran, world.conditions_of(RESTORES, "back")["Complete"]) == (["backup", "restore"], COMPLETE)


def test_one_whose_epoch_a_person_changes_while_it_is_rolled_out_gets_to_its_end() -> None:
    world = _backed_up({**TRAINING, "retraining": {"images": 0, "growth": 2, "keepPrevious": True}})
    world.index.ingest(600)
    world.pass_time(8 * MINUTE, MINUTE)
    world.create(BACKUPS, "trained", {})
    world.pass_time(3 * MINUTE, MINUTE)
    world.create(RESTORES, "back", {"source": {"backup": "trained"}})
    while "Restored" not in world.conditions_of(RESTORES, "back"):
        world.look()
        world.controllers()
    world.index.run(["rollback"])
    world.pass_time(5 * MINUTE, MINUTE)
    assert (world.template_epoch(), world.conditions_of(RESTORES, "back")["Complete"]) == ("0", COMPLETE)


def test_one_that_cannot_be_served_gives_way_to_a_later_one() -> None:
    """The index is lost a second time while the API is rolled over to what was restored."""
    world = _backed_up()
    world.create(RESTORES, "first", {})
    while "Restored" not in world.conditions_of(RESTORES, "first"):
        world.look()
        world.controllers()
    world.index.lost = True
    world.pass_time(5 * MINUTE, MINUTE)
    world.create(RESTORES, "second", {})
    world.pass_time(5 * MINUTE, MINUTE)
    assert world.conditions_of(RESTORES, "first")["Failed"] == ("True", "Superseded")
    assert world.conditions_of(RESTORES, "second")["Complete"] == COMPLETE
    assert world.condition("Ready") == ("True", "Serving")


def test_an_index_that_was_lost_has_its_epochs_measured_anew() -> None:
    """Its new epoch 1 has the number of one that was measured, and lost."""
    world = _backed_up(TRAINING)
    world.index.ingest(600)
    world.pass_time(8 * MINUTE, MINUTE)
    world.index.lost = True
    world.create(RESTORES, "back", {})
    world.pass_time(8 * MINUTE, MINUTE)
    assert (world.index.state.active_epoch, world.template_epoch()) == (0, "0")
    world.index.ingest(1_000)
    world.pass_time(20 * MINUTE, MINUTE)
    assert (world.index.state.active_epoch, world.template_epoch()) == (1, "1")
    assert world.index.done.count("gate") == 2
