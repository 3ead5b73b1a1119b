"""When each index is looked at. Threads meet at events; no test waits for time to pass, but for the ticker's own short pause."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest

from vinymatic_operator.kube.cache import Key
from vinymatic_operator.ticking.ticker import Ticker

pytestmark = pytest.mark.unit

A, B, C = ("n", "a"), ("n", "b"), ("n", "c")
# Seconds: no test takes so long, and an interval that never comes.
PATIENCE, NEVER = 30.0, 1e9


class Looks:
    """What the ticker looks at; `hold`: looks at these begin and wait for `release`."""

    def __init__(self, *keys: Key) -> None:
        self.there = set(keys)
        self.changed = threading.Condition()
        self.begun: list[Key] = []
        self.ended: list[Key] = []
        self.gone: list[Key] = []
        self.hold: set[Key] = set()
        self.again: set[Key] = set()
        self.broken: set[Key] = set()
        self.release = threading.Event()
        self.at_once = 0

    def look(self, key: Key) -> bool:
        with self.changed:
            self.begun.append(key)
            running = self.begun.count(key) - self.ended.count(key)
            self.at_once = max(self.at_once, running)
            self.changed.notify_all()
        try:
            if key in self.hold:
                assert self.release.wait(PATIENCE)
            if key in self.broken:
                raise RuntimeError("a bug")
            if key in self.again:
                self.again.discard(key)
                return True
            return False
        finally:
            with self.changed:
                self.ended.append(key)
                self.changed.notify_all()

    def forgotten(self, key: Key) -> None:
        with self.changed:
            self.gone.append(key)
            self.changed.notify_all()

    def wait(self, until: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(until, PATIENCE), (self.begun, self.ended, self.gone)

    def wait_for(self, *ended: Key) -> None:
        """Until these looks ended, in whatever order, and no others."""
        self.wait(lambda: sorted(self.ended) == sorted(ended))


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def start(threads: ThreadPoolExecutor) -> Iterator[Callable[..., Ticker]]:
    started: list[tuple[Ticker, Looks]] = []

    def begin(looks: Looks, interval: float = NEVER, **options: Callable[[], float]) -> Ticker:
        ticker = Ticker(looks.look, lambda: frozenset(looks.there), interval, threads, gone=looks.forgotten, **options)
        started.append((ticker, looks))
        ticker.start()
        return ticker

    yield begin
    for ticker, looks in started:
        looks.release.set()
        ticker.stop()


def test_every_index_is_looked_at_from_the_beginning(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B, C)
    start(looks)
    looks.wait_for(A, B, C)


def test_it_is_looked_at_again_every_interval(start: Callable[..., Ticker]) -> None:
    looks = Looks(A)
    start(looks, interval=0.01)
    looks.wait(lambda: len(looks.ended) >= 3)


def test_an_index_that_changed_is_looked_at_soon(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B)
    ticker = start(looks)
    looks.wait_for(A, B)
    ticker.wake(A)
    looks.wait_for(A, A, B)


def test_a_burst_of_changes_is_seen_by_one_look(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B)
    ticker = start(looks)
    looks.wait_for(A, B)
    begun = monotonic()
    for _ in range(100):
        ticker.wake(A)
    assert monotonic() - begun < 0.2, "this machine is too slow for the test: the burst is no burst"
    looks.wait_for(A, A, B)
    ticker.wake(B)
    looks.wait_for(A, A, B, B)


def test_a_look_that_did_something_is_followed_by_another(start: Callable[..., Ticker]) -> None:
    looks = Looks(A)
    looks.again.add(A)
    start(looks)
    looks.wait_for(A, A)


def test_one_look_at_an_index_at_a_time(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B)
    looks.hold.add(A)
    ticker = start(looks)
    looks.wait(lambda: A in looks.begun and B in looks.ended)
    ticker.wake(A)
    ticker.wake(B)  # by the time this one is looked at again, A was due as well
    looks.wait(lambda: looks.ended.count(B) == 2)
    assert looks.begun.count(A) == 1
    looks.release.set()
    looks.wait(lambda: looks.ended.count(A) == 2)
    assert looks.at_once == 1


def test_a_look_that_takes_long_holds_no_other_up(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B, C)
    looks.hold.add(A)
    ticker = start(looks)
    looks.wait(lambda: {B, C} <= set(looks.ended))
    ticker.wake(B)
    looks.wait(lambda: looks.ended.count(B) == 2)
    assert A not in looks.ended


def test_a_look_that_raises_stops_neither_itself_nor_others(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B)
    looks.broken.add(A)
    ticker = start(looks)
    looks.wait_for(A, B)
    ticker.wake(A)
    ticker.wake(B)
    looks.wait_for(A, A, B, B)


def test_an_index_that_came_is_looked_at(start: Callable[..., Ticker]) -> None:
    looks = Looks(A)
    ticker = start(looks)
    looks.wait_for(A)
    looks.there.add(B)
    ticker.wake(B)
    looks.wait_for(A, B)


def test_an_index_that_is_gone_is_forgotten_and_not_looked_at_any_more(start: Callable[..., Ticker]) -> None:
    looks = Looks(A, B)
    ticker = start(looks)
    looks.wait_for(A, B)
    looks.there.discard(A)
    ticker.wake(A)
    looks.wait(lambda: looks.gone == [A])
    ticker.wake(B)
    looks.wait_for(A, B, B)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_how_long_ago_the_last_look_was_is_told(start: Callable[..., Ticker]) -> None:
    looks, clock = Looks(A, B), Clock()
    ticker = start(looks, clock=clock)
    looks.wait_for(A, B)
    clock.now += 50
    assert ticker.oldest() == 50


def test_a_look_that_hangs_makes_the_last_one_older_and_older(start: Callable[..., Ticker]) -> None:
    looks, clock = Looks(A), Clock()
    looks.hold.add(A)
    ticker = start(looks, clock=clock)
    looks.wait(lambda: looks.begun == [A])
    clock.now += 500
    assert ticker.oldest() == 500


def test_an_index_that_came_with_a_change_counts_too(start: Callable[..., Ticker]) -> None:
    """As every index does that is made while the operator runs: the watch brings it and wakes the ticker at once."""
    looks, clock = Looks(A), Clock()
    ticker = start(looks, clock=clock)
    looks.wait_for(A)
    looks.hold.add(B)
    with looks.changed:
        looks.there.add(B)
        ticker.wake(B)
    clock.now += 1
    looks.wait(lambda: B in looks.begun)
    clock.now += 500
    ticker.wake(A)
    clock.now += 1
    looks.wait(lambda: looks.ended.count(A) == 2)
    assert ticker.oldest() >= 500


def test_nothing_is_old_before_it_is_started_or_without_indexes(threads: ThreadPoolExecutor) -> None:
    clock = Clock()
    looks = Looks()
    ticker = Ticker(looks.look, lambda: frozenset(), NEVER, threads, clock=clock)
    clock.now += 500
    assert ticker.oldest() == 0.0
    ticker.start()
    assert ticker.oldest() == 0.0
    ticker.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_ticker_that_died_grows_old(threads: ThreadPoolExecutor) -> None:
    """Else the process would be called healthy for ever, and nothing would restart it."""
    clock, asked = Clock(), threading.Event()

    def keys() -> frozenset[Key]:
        asked.set()
        raise RuntimeError("a bug")

    ticker = Ticker(Looks().look, keys, NEVER, threads, clock=clock)
    ticker.start()
    assert asked.wait(PATIENCE)
    ticker.stop()
    clock.now += 500
    assert ticker.oldest() == 500
