"""Manifests that cannot be read: put back from the backup, or passed over when that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.index.manifests import manifest
from tests.unit.lifecycle.damage import flip, recommit
from tests.unit.lifecycle.repairs import repaired
from tests.unit.lifecycle.stalls import open_writer, read_ids, store_at
from vinymatic.errors import CorruptFileError
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.backup import backup
from vinymatic.lifecycle.boundary import advance_boundary
from vinymatic.lifecycle.commit import read_newest, require_newest
from vinymatic.lifecycle.pins import pin
from vinymatic.lifecycle.repair import repair
from vinymatic.lifecycle.repair_manifests import plan_manifests
from vinymatic.lifecycle.repair_means import Sources
from vinymatic.lifecycle.verification import verify
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def numbered(number: int) -> Manifest:
    return manifest(number=number)


def test_a_readable_newest_one_is_taken_as_it_is() -> None:
    plan = plan_manifests({7: numbered(7), 6: numbered(6)}, 5, {}, drop_lost=True)
    assert (plan.newest, plan.put_back, plan.go_on, plan.unsaved) == (numbered(7), {}, None, ())


def test_what_the_backup_has_is_put_back_before_anything_else() -> None:
    plan = plan_manifests({7: None, 6: None, 5: numbered(5)}, 0, {7: b"7"}, drop_lost=True)
    assert (plan.newest, plan.put_back, plan.go_on) == (None, {7: b"7"}, None)
    assert plan.unsaved[0].startswith("manifest 6 cannot be read")


@pytest.mark.parametrize(("boundary", "number"), [(0, 8), (9, 10)])
def test_it_goes_on_above_every_number_that_was_used(boundary: int, number: int) -> None:
    plan = plan_manifests({7: None, 5: numbered(5), 4: numbered(4)}, boundary, {}, drop_lost=True)
    assert plan.go_on == (numbered(5), number)
    plan = plan_manifests({7: None, 5: numbered(5)}, boundary, {}, drop_lost=False)
    assert plan.go_on is None
    assert "goes on from manifest 5" in plan.unsaved[0]


def test_where_the_newest_are_lost_it_goes_on_above_the_boundary() -> None:
    plan = plan_manifests({7: numbered(7)}, 9, {}, drop_lost=True)
    assert (plan.newest, plan.go_on) == (None, (numbered(7), 10))
    assert plan_manifests({7: numbered(7)}, 9, {}, drop_lost=False).unsaved[0].startswith("manifests after 7 are lost")


def test_with_no_manifest_at_all_only_a_restore_helps() -> None:
    plan = plan_manifests({7: None}, 0, {}, drop_lost=True)
    assert (plan.newest, plan.go_on) == (None, None)
    assert "`vinymatic restore --to`" in plan.unsaved[0]


def test_a_manifest_comes_back_from_the_backup(small: ObjectStore, tmp_path: Path) -> None:
    whole = small.get(manifest_key(3))[0]
    sources = Sources(backup=store_at(tmp_path / "backup"))
    assert sources.backup is not None
    backup(small, sources.backup)
    flip(small, manifest_key(3), 60)
    with pytest.raises(CorruptFileError):
        read_newest(small)
    report = repaired(small, tmp_path, sources)
    assert (report.number, report.done) == (3, ("manifest 3: put back from the backup",))
    assert small.get(manifest_key(3))[0] == whole
    assert read_ids(small, tmp_path) == {"a": "1", "c": "1", "d": "1"}


def test_an_older_manifest_comes_back_too_or_is_named(small: ObjectStore, tmp_path: Path) -> None:
    flip(small, manifest_key(2), 60)
    assert repair(small, tmp_path / "repair", Sources()).unsaved[0].startswith("manifest 2 cannot be read")
    flip(small, manifest_key(2), 60)
    sources = Sources(backup=store_at(tmp_path / "backup"))
    assert sources.backup is not None
    sources.backup.put(manifest_key(2), small.get(manifest_key(2))[0])
    flip(small, manifest_key(2), 60)
    repaired(small, tmp_path, sources)
    assert verify(small, tmp_path / "verify", every=True).clean


def test_another_index_s_backup_is_no_source(small: ObjectStore, tmp_path: Path) -> None:
    sources = Sources(backup=store_at(tmp_path / "backup"))
    assert sources.backup is not None
    other = require_newest(small).model_copy(update={"index_id": "another"})
    sources.backup.put(manifest_key(3), other.to_json())
    flip(small, manifest_key(3), 60)
    report = repair(small, tmp_path / "repair", sources)
    assert report.done == ()
    assert "--drop-lost goes on from manifest 2" in report.unsaved[0]


def test_without_a_backup_the_index_goes_on_from_the_manifest_before(small: ObjectStore, tmp_path: Path) -> None:
    flip(small, manifest_key(3), 60)
    report = repair(small, tmp_path / "repair", Sources())
    assert (report.number, report.done) == (3, ())
    report = repair(small, tmp_path / "repair", Sources(), drop_lost=True)
    assert report.number == 4
    assert read_ids(small, tmp_path) == {"a": "1", "b": "1"}
    # The damaged one is kept like any other until it is collected, and told of until then.
    assert report.unsaved[0].startswith("manifest 3 cannot be read")
    assert open_writer(small, tmp_path, "late").commit(Batch([random_cover("late")])).number == 5


def test_an_index_whose_newest_manifests_are_lost_can_be_written_again(small: ObjectStore, tmp_path: Path) -> None:
    pin(small, "x", 3)
    recommit(small, lambda m: m)
    small.delete(manifest_key(4))
    advance_boundary(small, 3)  # as it was when manifest 4 was there
    assert repair(small, tmp_path / "repair", Sources()).unsaved[0].startswith("manifests after 3 are lost")
    assert repaired(small, tmp_path, drop_lost=True).number == 4
    assert open_writer(small, tmp_path, "late").commit(Batch([random_cover("late")])).number == 5
