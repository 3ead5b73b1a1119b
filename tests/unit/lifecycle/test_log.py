"""The manifest log: what a look costs, and what it finds when numbers are not simply the next."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.unit.index.manifests import manifest
from tests.unit.lifecycle.stalls import StallingStore
from vinymatic.errors import CorruptFileError, NoIndexError, StorageUnavailableError
from vinymatic.index.layout import MANIFESTS, manifest_key
from vinymatic.lifecycle.as_of import AsOf
from vinymatic.lifecycle.log import LIST_SECONDS, Arrival, ManifestLog, Place, number_to_ask_for
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.unit

TAKEN = Place(7, "etag")


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class World:
    """A log, and one who follows it."""

    def __init__(self, folder: Path) -> None:
        self.store = FaultyStore(open_store(folder.as_uri()), 1)
        self.clock = Clock()
        self.log = ManifestLog(self.store, clock=self.clock)

    def commit(self, number: int, writer: str = "test") -> None:
        self.store.inner.put(manifest_key(number), manifest(number=number, writer=writer).to_json())

    def drop(self, *numbers: int) -> None:
        for number in numbers:
            self.store.inner.delete(manifest_key(number))

    def look(self) -> tuple[int, str] | None:
        """Number and writer of what one look brings; it is taken."""
        arrival = self.log.look()
        if arrival is None:
            return None
        self.log.take(arrival)
        return arrival.manifest.number, arrival.manifest.writer

    def cost(self) -> list[str]:
        """The requests since this was last asked."""
        verbs = [call.verb for call in self.store.calls]
        self.store.calls.clear()
        return verbs

    def wait(self) -> None:
        self.clock.now += LIST_SECONDS


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Manifests 1 to 3, the newest taken."""
    world = World(tmp_path / "index")
    for number in (1, 2, 3):
        world.commit(number)
    assert world.look() == (3, "test")
    assert world.cost() == ["list", "get"]
    return world


@pytest.mark.parametrize(
    ("taken", "settled", "since_list", "asked"),
    [
        (None, True, 0.0, None),
        (None, False, 0.0, None),
        (TAKEN, False, 0.0, None),
        (TAKEN, True, 0.0, 8),
        (TAKEN, True, LIST_SECONDS - 0.001, 8),
        (TAKEN, True, LIST_SECONDS, None),
    ],
)
def test_the_next_number_is_asked_for_when_the_last_look_ended_well_and_the_last_list_is_young(
    taken: Place | None, settled: bool, since_list: float, asked: int | None
) -> None:
    assert number_to_ask_for(taken, settled=settled, since_list=since_list) == asked


def test_a_look_that_finds_nothing_is_one_get(world: World) -> None:
    for _ in range(3):
        assert world.look() is None
        assert world.cost() == ["get"]


def test_a_change_is_one_get_and_one_list_of_one_key(world: World) -> None:
    world.commit(4)
    assert world.look() == (4, "test")
    assert world.cost() == ["get", "list"]
    assert world.look() is None
    assert world.cost() == ["get"]


def test_of_several_new_manifests_only_the_newest_is_opened(world: World) -> None:
    for number in (4, 5, 6):
        world.commit(number)
    world.store.inner.put(manifest_key(5), b"never opened")
    assert world.look() == (6, "test")
    assert world.cost() == ["get", "list", "get"]


def test_a_number_created_at_or_under_the_boundary_is_not_followed(world: World) -> None:
    # While the reader slept, 4 to 8 came and were collected up to 7; then a writer that had stalled before it created 4 did so.
    world.commit(4, "stalled")
    world.commit(8)
    world.drop(1, 2, 3)
    assert world.look() == (8, "test")
    assert world.look() is None


def test_a_skipped_number_is_found_by_the_next_list(world: World) -> None:
    world.commit(9)
    assert world.look() is None
    assert world.cost() == ["get"]
    world.wait()
    assert world.look() == (9, "test")
    assert world.cost() == ["list", "get"]


@pytest.mark.parametrize("number", [1, 3, 4])
def test_an_index_made_anew_is_followed_whatever_its_number(world: World, number: int) -> None:
    world.drop(1, 2, 3)
    world.commit(number, "anew")
    if number != 4:
        assert world.look() is None
        world.wait()
    assert world.look() == (number, "anew")
    assert world.look() is None


def test_a_list_that_finds_nothing_is_not_repeated_until_it_is_due_again(world: World) -> None:
    world.wait()
    assert world.look() is None
    assert world.look() is None
    assert world.cost() == ["list", "get"]


def test_an_index_that_is_gone_is_said_at_the_next_list(world: World) -> None:
    world.drop(1, 2, 3)
    assert world.look() is None
    world.wait()
    for _ in range(2):
        with pytest.raises(NoIndexError, match="nothing is committed"):
            world.look()


def test_a_failed_look_is_followed_by_a_list(world: World) -> None:
    world.store.rates[Fault.UNAVAILABLE] = 1.0
    for _ in range(2):
        with pytest.raises(StorageUnavailableError):
            world.look()
    assert world.cost() == ["get", "list"]
    world.store.rates.clear()
    world.commit(9)
    assert world.look() == (9, "test")
    assert world.cost() == ["list", "get"]
    assert world.look() is None
    assert world.cost() == ["get"]


def test_what_could_not_be_loaded_is_given_again(world: World) -> None:
    world.commit(4)
    assert world.log.look() is not None
    assert world.cost() == ["get", "list"]
    assert world.log.look() is not None
    assert world.cost() == ["list", "get"]


def test_a_damaged_manifest_is_tried_again_until_it_is_whole(world: World) -> None:
    world.store.inner.put(manifest_key(4), manifest(number=4).to_json()[:-1])
    for _ in range(2):
        with pytest.raises(CorruptFileError):
            world.look()
    world.commit(4)
    assert world.look() == (4, "test")


def test_a_manifest_that_is_gone_before_it_is_listed_is_no_news(world: World) -> None:
    stalling = StallingStore(world.store.inner, "list", MANIFESTS, lambda: world.drop(4))
    log = ManifestLog(stalling, clock=lambda: 0.0)
    world.commit(4)
    log.take(Arrival(Place(3, world.store.inner.head(manifest_key(3)).etag), manifest(number=3), datetime.now(UTC)))
    assert log.look() is None
    assert [call.verb for call in stalling.calls] == ["get", "list"]


def test_an_arrival_knows_when_the_store_got_it(world: World) -> None:
    world.commit(4)
    arrival = world.log.look()
    assert arrival is not None
    assert arrival.committed_at == world.store.inner.head(manifest_key(4)).modified


def test_a_foreign_name_before_the_manifests_costs_a_longer_list_and_hides_nothing(world: World) -> None:
    world.store.inner.put(MANIFESTS + "0-notes.txt", b"left by a person")
    world.commit(4)
    assert world.look() == (4, "test")
    assert world.cost() == ["get", "list", "list"]


def test_a_log_as_of_a_manifest_ends_there(world: World) -> None:
    log = ManifestLog(AsOf(world.store, 2), clock=world.clock)
    arrival = log.look()
    assert arrival is not None
    assert arrival.manifest.number == 2
    log.take(arrival)
    assert log.look() is None
    world.wait()
    assert log.look() is None
