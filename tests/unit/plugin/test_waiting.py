"""`--wait`."""

from __future__ import annotations

import pytest

from vinymatic_operator.errors import KubeNotFoundError, KubeUnavailableError
from vinymatic_operator.plugin.ends import Ended, Going
from vinymatic_operator.plugin.waiting import wait_for

pytestmark = pytest.mark.unit


def test_each_step_is_told_once_and_a_server_that_is_away_is_asked_again() -> None:
    seen: list[Going | Ended | Exception] = [
        Going("at encode"),
        Going("at encode"),
        KubeUnavailableError("refused"),
        Going("at gate"),
        Ended(True, "promoted"),
    ]
    told: list[str] = []

    def look() -> Going | Ended:
        found = seen.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    assert wait_for(look, timeout=60, tell=told.append, pause=0) == Ended(True, "promoted")
    assert told == ["at encode", "the API server does not answer: refused", "at gate"]


def test_out_of_time_is_no_good_end_and_says_where_it_stands() -> None:
    end = wait_for(lambda: Going("at gate"), timeout=0.0, tell=lambda step: None, pause=0.01)
    assert end == Ended(False, "it has not ended in time and goes on (at gate)")


def test_an_object_that_is_gone_is_not_waited_for() -> None:
    def look() -> Going | Ended:
        raise KubeNotFoundError("VinylBackup a is not in namespace shop")

    with pytest.raises(KubeNotFoundError):
        wait_for(look, timeout=60, tell=lambda step: None)
