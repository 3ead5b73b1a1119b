"""The decision by table: what fails, in which words, and what is let pass because it says nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.lifecycle.gate_decision import allowed, failures
from vinymatic.lifecycle.gate_report import Figures, GatePolicy, Round

pytestmark = pytest.mark.unit

POLICY = GatePolicy(recall_loss=0.01, false_accept_gain=0.005, slowdown=2.0)


def figures(
    found: int = 0, of: int = 0, accepted: int = 0, absent: int = 0, seconds: float = 0.02, *, wrong: int = 0
) -> Figures:
    return Figures(
        epoch=0,
        present=of,
        found=found,
        first=found,
        wrong=wrong,
        absent=absent,
        accepted=accepted,
        median_seconds=seconds,
        p95_seconds=seconds,
    )


def decided(active: Figures, candidate: Figures, policy: GatePolicy = POLICY) -> tuple[str, ...]:
    return failures([Round(name="simulated", active=active, candidate=candidate)], policy)


@pytest.mark.parametrize(
    ("active", "candidate", "lines"),
    [
        (figures(), figures(), ()),
        (figures(197, 200), figures(197, 200), ()),
        (figures(197, 200), figures(195, 200), ()),  # a fall of exactly what is allowed
        (
            figures(197, 200),
            figures(188, 200),
            ("recall on simulated photos fell from 0.985 to 0.940; allowed is a fall of 0.01",),
        ),
        (figures(190, 200), figures(200, 200), ()),
        (figures(20, 20), figures(19, 20), ()),  # one photo
        (
            figures(20, 20),
            figures(18, 20),
            ("recall on simulated photos fell from 1.000 to 0.900; allowed is a fall of 0.05",),
        ),
        (figures(accepted=2, absent=1_000), figures(accepted=7, absent=1_000), ()),
        (
            figures(accepted=2, absent=1_000),
            figures(accepted=8, absent=1_000),
            ("false accepts on simulated photos rose from 0.002 to 0.008; allowed is a rise of 0.005",),
        ),
        (figures(accepted=0, absent=20), figures(accepted=1, absent=20), ()),
        (
            figures(accepted=0, absent=20),
            figures(accepted=2, absent=20),
            ("false accepts on simulated photos rose from 0.000 to 0.100; allowed is a rise of 0.05",),
        ),
        (
            figures(95, 100, 0, 100, wrong=1),
            figures(95, 100, 0, 100, wrong=3),
            ("false accepts on simulated photos rose from 0.005 to 0.015; allowed is a rise of 0.005",),
        ),
        (figures(seconds=0.02), figures(seconds=0.04), ()),
        (
            figures(seconds=0.02),
            figures(seconds=0.0402),
            ("a search on simulated photos takes 40.2 ms instead of 20.0 (medians); allowed are 40.0",),
        ),
        (figures(seconds=0.0001), figures(seconds=0.0019), ()),  # clocks are no more exact
        (
            figures(seconds=0.0001),
            figures(seconds=0.0021),
            ("a search on simulated photos takes 2.1 ms instead of 0.1 (medians); allowed are 2.0",),
        ),
    ],
)
def test_what_fails_and_why(active: Figures, candidate: Figures, lines: tuple[str, ...]) -> None:
    assert decided(active, candidate) == lines


def test_every_limit_of_every_round_has_its_line() -> None:
    good, bad = figures(100, 100, 0, 100, 0.01), figures(50, 100, 50, 100, 0.03)
    rounds = [Round(name=name, active=good, candidate=bad) for name in ("simulated", "labelled")]
    lines = failures(rounds, POLICY)
    assert [line for line in lines if "labelled" in line] == list(lines[3:])
    assert [line.split(" on ")[0] for line in lines[:3]] == ["recall", "false accepts", "a search"]


def test_a_negative_limit_asks_for_more_and_one_photo_is_no_excuse() -> None:
    policy = replace(POLICY, recall_loss=-0.1)
    assert decided(figures(1, 2), figures(1, 2), policy) == (
        "recall on simulated photos stayed at 0.500; asked for is a rise of 0.1",
    )
    assert decided(figures(1, 2), figures(2, 2), policy) == ()


photos = st.integers(1, 2_000)


@given(
    present=photos,
    absent=photos,
    data=st.data(),
    policy=st.builds(
        GatePolicy,
        recall_loss=st.floats(0, 1),
        false_accept_gain=st.floats(0, 1),
        slowdown=st.floats(1, 10),
    ),
)
def test_whatever_is_no_worse_passes(present: int, absent: int, data: st.DataObject, policy: GatePolicy) -> None:
    found, accepted = data.draw(st.integers(0, present)), data.draw(st.integers(0, absent))
    seconds = data.draw(st.floats(0, 10))
    active = figures(found, present, accepted, absent, seconds)
    better = figures(
        data.draw(st.integers(found, present)),
        present,
        data.draw(st.integers(0, accepted)),
        absent,
        data.draw(st.floats(0, seconds)),
    )
    assert decided(active, better, policy) == ()


@given(present=st.integers(2, 2_000), data=st.data(), limit=st.floats(0, 0.5))
def test_recall_fails_exactly_when_it_falls_by_more_photos_than_are_allowed(
    present: int, data: st.DataObject, limit: float
) -> None:
    before = data.draw(st.integers(0, present))
    after = data.draw(st.integers(0, present))
    lost = before - after
    # Away from the edge itself, where the quotients of floats decide.
    failed = bool(decided(figures(before, present), figures(after, present), replace(POLICY, recall_loss=limit)))
    if lost > max(1.0, limit * present) + 0.001:
        assert failed
    if lost < max(1.0, limit * present) - 0.001 or lost <= 1:
        assert not failed


@given(limit=st.floats(0, 1), few=photos, more=photos)
def test_the_more_photos_the_less_is_allowed_and_never_less_than_the_policy(limit: float, few: int, more: int) -> None:
    few, more = sorted((few, more))
    assert allowed(limit, few) >= allowed(limit, more) >= limit


def test_a_limit_that_is_no_number_lets_nothing_pass() -> None:
    nowhere = float("nan")
    policy = GatePolicy(recall_loss=nowhere, false_accept_gain=nowhere, slowdown=nowhere)
    assert len(decided(figures(1, 1, 0, 1), figures(1, 1, 0, 1), policy)) == 3
