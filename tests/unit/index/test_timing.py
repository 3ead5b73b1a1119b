"""The step timer: every step is counted, also one that fails."""

from __future__ import annotations

import time

import pytest

from vinymatic.index.timing import StepTimer

pytestmark = pytest.mark.unit


def test_steps_are_named_in_order_and_a_step_timed_twice_adds_up() -> None:
    timer = StepTimer()
    with timer.step("a"):
        pass
    first = timer.milliseconds["a"]
    with timer.step("b"):
        pass
    with timer.step("a"):
        pass
    assert list(timer.milliseconds) == ["a", "b"]
    assert timer.milliseconds["a"] >= first >= 0


def test_a_step_that_fails_is_timed_and_fails_on() -> None:
    timer = StepTimer()
    with pytest.raises(KeyError), timer.step("a"):
        raise KeyError
    assert timer.milliseconds["a"] >= 0


def test_times_are_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter([1.0, 1.25])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))
    timer = StepTimer()
    with timer.step("a"):
        pass
    assert timer.milliseconds == {"a": 250.0}
