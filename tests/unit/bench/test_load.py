"""The arrivals of an open loop."""

from __future__ import annotations

import pytest

from bench.load import Loop, arrivals

pytestmark = pytest.mark.unit


def test_arrivals_come_at_the_rate_asked_for_the_same_for_the_same_seed() -> None:
    times = arrivals(rate=50.0, seconds=40.0, seed=1)
    assert len(times) == pytest.approx(2_000, rel=0.1)
    assert times == sorted(times)
    assert times[-1] < 40.0
    assert times == arrivals(50.0, 40.0, 1)
    assert times != arrivals(50.0, 40.0, 2)


def test_a_loop_without_an_answer_has_figures_too() -> None:
    figures = Loop(refused=3, span=2.0).figures()
    assert (figures["a_second"], figures["p99"], figures["refused"]) == (0.0, 0.0, 3)
