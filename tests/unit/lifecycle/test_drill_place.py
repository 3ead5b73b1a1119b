"""A drill through a place: restored there, asked there, gone afterwards; and what is somebody else's is left alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.support.index import add_covers, make_index, open_writer, prepared
from tests.unit.lifecycle.stalls import DyingStore, Killed
from vinymatic.errors import CatalogueError, ContentionError, StorageUnavailableError
from vinymatic.index.layout import DRILL_PLACE, MANIFESTS
from vinymatic.lifecycle.backup import Recording, backup
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.drill import DrillReport, drill
from vinymatic.lifecycle.drill_place import occupied, restore_into
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit

COVERS = 4


@pytest.fixture(scope="module")
def recorded(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup of four sleeves. Shared: copy it."""
    folder = tmp_path_factory.mktemp("drill-place")
    shutil.copytree(index_template, folder / "index")
    index = open_store((folder / "index").as_uri())
    open_writer(index, folder / "work").commit(Batch([prepared(n) for n in range(COVERS)]))
    backup(index, open_store((folder / "backup").as_uri()), recording=Recording(COVERS, folder / "cache"))
    return folder / "backup"


@pytest.fixture
def kept(recorded: Path, tmp_path: Path) -> ObjectStore:
    return open_store(Path(shutil.copytree(recorded, tmp_path / "kept")).as_uri())


@pytest.fixture
def place(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "place").as_uri())


def keys(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list()]


def passed(report: DrillReport, place: ObjectStore) -> bool:
    assert (report.through, report.right, report.questions) == (place.url, COVERS, COVERS)
    return report.passed


def test_it_is_asked_where_it_was_restored_and_nothing_stays(kept: ObjectStore, place: ObjectStore) -> None:
    before = keys(kept)
    watched = FaultyStore(place, 1)
    report = drill(kept, through=watched)
    assert passed(report, place)
    assert report.restore_seconds > 0
    assert keys(place) == []
    assert keys(kept) == before
    made = [call.key for call in watched.calls if call.verb == "create"]
    assert made[0] == DRILL_PLACE
    assert made[1].startswith(MANIFESTS)


def test_a_damaged_backup_fails_and_nothing_stays(kept: ObjectStore, place: ObjectStore) -> None:
    kept.put(require_newest(kept).segments[0].points_file.key, b"damaged")
    report = drill(kept, through=place)
    assert not report.passed
    assert report.problem is not None
    assert keys(place) == []


def test_a_place_that_cannot_be_written_ends_the_drill_and_nothing_stays(kept: ObjectStore, place: ObjectStore) -> None:
    faulty = FaultyStore(
        place, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: verb == "create" and key.startswith(MANIFESTS)
    )
    with pytest.raises(StorageUnavailableError):
        drill(kept, through=faulty)
    assert keys(place) == []


def test_a_place_that_holds_anything_is_refused_and_left_as_it_is(
    kept: ObjectStore, place: ObjectStore, tmp_path: Path
) -> None:
    place.put("letters/to-my-aunt.txt", b"dear aunt")
    with pytest.raises(CatalogueError, match=r"is not empty \(it holds letters/to-my-aunt.txt\)"):
        drill(kept, through=place)
    assert keys(place) == ["letters/to-my-aunt.txt"]
    index = open_store(make_index(tmp_path / "another").as_uri())
    before = keys(index)
    with pytest.raises(CatalogueError, match="is not empty"):
        drill(kept, through=index)
    assert keys(index) == before


def test_killed_after_one_more_storage_call_each_time_the_next_drill_takes_the_remains_away(
    kept: ObjectStore, place: ObjectStore
) -> None:
    deaths = 0
    while True:
        try:
            report = drill(kept, through=DyingStore(place, deaths))
            break
        except Killed:
            deaths += 1
    assert passed(report, place)
    assert deaths > 20
    assert keys(place) == []


def test_a_mark_that_was_left_behind_costs_nobody_an_index(
    kept: ObjectStore, place: ObjectStore, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        drill(kept, through=DyingStore(place, 8))
    assert DRILL_PLACE in keys(place)
    open_writer(place, tmp_path / "work")  # somebody has made an index of it
    add_covers(place, tmp_path / "work", [0])
    before = keys(place)
    with pytest.raises(CatalogueError, match="it is left alone"):
        drill(kept, through=place)
    assert keys(place) == before


def test_of_two_drills_in_one_place_the_later_one_has_it(kept: ObjectStore, place: ObjectStore) -> None:
    with occupied(place):
        restore_into(place, kept, 2)
        with occupied(place):
            restore_into(place, kept, 2)
            later = keys(place)
        assert len(later) > 3
        assert keys(place) == []  # the later one's to empty
    assert keys(place) == []


def test_a_drill_whose_place_was_taken_over_leaves_it_to_the_other(kept: ObjectStore, place: ObjectStore) -> None:
    with occupied(place):
        other = occupied(place)
        other.__enter__()
        restore_into(place, kept, 2)
        held = keys(place)
    assert keys(place) == held
    other.__exit__(None, None, None)
    assert keys(place) == []


def test_what_is_put_there_at_the_same_moment_is_refused(kept: ObjectStore, place: ObjectStore) -> None:
    class Beside(FaultyStore):
        def create(self, key: str, data: bytes) -> ObjectInfo:
            place.create(key, b"another's")
            return super().create(key, data)

    with pytest.raises(ContentionError, match="another drill has just begun"), occupied(Beside(place, 1)):
        pytest.fail("it is not ours")
    assert keys(place) == [DRILL_PLACE]
