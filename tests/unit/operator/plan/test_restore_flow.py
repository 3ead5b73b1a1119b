"""A restore as a whole, in the simulated cluster: into an index that was lost, one that lives, and another prefix."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.world import NAMESPACE, World
from vinymatic_operator.kube.resources import BACKUPS, JOBS, RESTORES
from vinymatic_operator.observe.reading import environment_of, items, name_of, part
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RETRAIN_AT

pytestmark = pytest.mark.unit

SPEC: Json = {"backup": {"schedule": "0 3 * * *"}, "compaction": {"suspend": True}}


def backed_up() -> World:
    """Manifest 5 is in the backup; the index is at manifest 8 since."""
    world = World(SPEC)
    world.settle()
    for _ in range(3):
        world.index.ingest(10)
    world.pass_time(timedelta(minutes=1))
    assert (world.index.state.manifest, list(world.index.backups)) == (8, [5])
    return world


def least_manifest(world: World) -> str | None:
    container = next(items(part(world._api(), "spec", "template", "spec"), "containers"))
    return environment_of(container).get("INDEX_MIN_MANIFEST")


def test_an_index_that_was_lost_is_brought_back_under_a_lower_number_and_served() -> None:
    world = backed_up()
    world.index.lost = True
    world.pass_time(timedelta(minutes=1))
    assert world.condition("Serving") == ("False", "NoIndex")
    world.create(RESTORES, "back", {})
    world.pass_time(timedelta(minutes=5))
    assert world.index.state.manifest == 6, "lower than what was served before"
    assert world.conditions_of(RESTORES, "back")["Complete"] == ("True", "Complete")
    assert world.condition("Ready") == ("True", "Serving")
    assert least_manifest(world) == "6"
    assert world.status.index is not None
    assert (world.status.index.manifest, world.status.index.covers) == (6, 500)


def test_an_index_that_lives_is_brought_back_as_a_new_manifest_and_rolled_over() -> None:
    world = backed_up()
    world.create(RESTORES, "back", {"source": {"manifest": 5}})
    world.pass_time(timedelta(minutes=5))
    assert (world.index.state.manifest, world.index.state.covers) == (9, 500)
    assert world.conditions_of(RESTORES, "back")["Complete"] == ("True", "Complete")
    assert least_manifest(world) == "9"


def test_a_restore_elsewhere_leaves_the_index_and_its_pods_alone() -> None:
    world = backed_up()
    world.create(RESTORES, "copy", {"target": {"prefix": "copy"}})
    world.pass_time(timedelta(minutes=5))
    assert world.conditions_of(RESTORES, "copy")["Complete"] == ("True", "Complete")
    assert list(world.index.elsewhere) == ["s3://records/copy"]
    assert (world.index.state.manifest, least_manifest(world)) == (8, None)


def test_a_backup_and_a_restore_of_it_that_are_made_at_once_are_carried_out_one_after_the_other() -> None:
    world = backed_up()
    world.create(BACKUPS, "now", {})
    world.create(RESTORES, "back", {"source": {"backup": "now"}})
    world.pass_time(timedelta(minutes=5))
    assert world.conditions_of(BACKUPS, "now")["Complete"] == ("True", "BackedUp")
    assert world.conditions_of(RESTORES, "back")["Complete"] == ("True", "Complete")
    assert world.index.state.covers == 530


def test_a_restore_is_carried_out_once_although_its_job_is_gone_before_it_is_served() -> None:
    world = backed_up()
    world.annotate(RETRAIN_AT, "now")
    world.pass_time(timedelta(minutes=15))
    assert world.template_epoch() == "1"
    world.bad_epochs.add(0)  # pods that are held to the restored epoch do not come up
    world.create(RESTORES, "back", {})
    world.pass_time(timedelta(minutes=2))
    conditions = world.conditions_of(RESTORES, "back")
    assert (conditions["Restored"], conditions["Complete"]) == (("True", "Restored"), ("False", "RollingOut"))
    for job in world.objects.all(JOBS):
        world.objects.remove(JOBS, NAMESPACE, name_of(job))
    world.index.ingest(7)
    world.pass_time(timedelta(minutes=2))
    assert world.index.ran.count("restore") == 1
    world.bad_epochs.clear()
    world.pass_time(timedelta(minutes=2))
    assert world.conditions_of(RESTORES, "back")["Complete"] == ("True", "Complete")
    assert world.index.state.covers == 507
    assert world.status.jobs == []
