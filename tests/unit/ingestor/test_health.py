"""What is said to be wrong, and when the process is no good any more."""

from __future__ import annotations

import pytest

from vinymatic.errors import StorageDeniedError, StorageUnavailableError
from vinymatic_ingestor.health import STALLED_AFTER_SECONDS, Health

pytestmark = pytest.mark.unit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_failure_is_news_once_and_its_end_too() -> None:
    health = Health()
    assert health.failed("storage", StorageUnavailableError("gone"))
    assert not health.failed("storage", StorageUnavailableError("still gone"))
    assert health.failed("storage", StorageDeniedError("refused"))
    assert health.report().problems["storage"].message == "refused"
    assert health.well("storage")
    assert not health.well("storage")
    assert health.report().status == "ok"


def test_a_failure_is_dated_from_its_beginning() -> None:
    health = Health()
    health.failed("queue", StorageUnavailableError("1"))
    since = health.report().problems["queue"].since
    health.failed("queue", StorageUnavailableError("2"))
    assert health.report().problems["queue"].since == since


def test_problems_degrade_and_only_a_stuck_loop_kills() -> None:
    clock = Clock()
    health = Health(clock)
    health.failed("storage", ZeroDivisionError("a bug"))
    assert health.report().problems["storage"].code == "internal"
    assert (health.report().status, health.report().alive) == ("degraded", True)
    clock.now = STALLED_AFTER_SECONDS
    assert (health.report().status, health.report().alive) == ("stalled", False)
    health.tick()
    assert health.report().alive
