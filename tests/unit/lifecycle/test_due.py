"""When a retraining is due, and when it is not due again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.index.manifest import CodebookEntry, Fresh, Manifest
from vinymatic.lifecycle.due import Reason, RetrainingPolicy, drift_of, retraining_due
from vinymatic.lifecycle.epochs import promoted, rolled_back, with_candidate, without_candidate
from vinymatic.lifecycle.summary import summarize

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALL = RetrainingPolicy(images=5_000, days=30, growth=2, drift=0.2)


def book(epoch: int, error: float | None = 100.0) -> CodebookEntry:
    return CodebookEntry(epoch=epoch, file=file_entry(f"book-{epoch}"), lists=64, trained_covers=0, error=error)


def index(**changes: object) -> Manifest:
    """2,000 covers, trained when it had 1,500; nothing is due by ALL."""
    fields: dict[str, object] = {
        "codebooks": {0: book(0)},
        "images_ingested": 4_000,
        "images_at_training": 2_000,
        "covers_at_training": 1_500,
        "trained_at": (NOW - timedelta(days=10)).isoformat(),
        "fresh": Fresh(features=10_000, error=110.0),
    }
    return manifest(segment_entry("A", covers=2_000), **(fields | changes))


def reasons(found: Manifest, policy: RetrainingPolicy = ALL) -> list[Reason]:
    return [due.reason for due in retraining_due(summarize(found), policy, NOW)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"images_ingested": 6_999}, []),
        ({"images_ingested": 7_000}, [Reason.IMAGES]),
        ({"trained_at": (NOW - timedelta(days=30)).isoformat()}, [Reason.TIME]),
        ({"trained_at": None}, [Reason.TIME]),
        ({"trained_at": "yesterday"}, [Reason.TIME]),
        ({"trained_at": "2026-02-20T00:00:00"}, []),
        ({"trained_at": None, "images_ingested": 2_000}, []),  # nothing is new: nothing to train on
        ({"covers_at_training": 1_000}, [Reason.GROWTH]),
        ({"covers_at_training": 1_001}, []),
        ({"covers_at_training": 10, "images_ingested": 2_999}, []),
        ({"fresh": Fresh(features=10_000, error=120.0)}, [Reason.DRIFT]),
        ({"fresh": Fresh(features=10_000, error=119.0)}, []),
        ({"fresh": Fresh(features=10_000, error=500.0), "images_ingested": 2_999}, []),
        ({"codebooks": {0: book(0, error=None)}, "fresh": Fresh(features=10_000, error=500.0)}, []),
        (
            {
                "images_ingested": 9_000,
                "trained_at": None,
                "covers_at_training": 0,
                "fresh": Fresh(features=1, error=900),
            },
            [Reason.IMAGES, Reason.TIME, Reason.GROWTH, Reason.DRIFT],
        ),
    ],
)
def test_each_limit_gives_its_reason(changes: dict[str, object], expected: list[Reason]) -> None:
    assert reasons(index(**changes)) == expected


def test_the_text_has_the_figures() -> None:
    due = retraining_due(summarize(index(images_ingested=7_500)), ALL, NOW)
    assert [found.text for found in due] == ["5500 images since the last training, of 5000"]


def test_without_limits_nothing_is_ever_due() -> None:
    found = index(images_ingested=10**9, trained_at=None, covers_at_training=0, fresh=Fresh(features=1, error=1e9))
    assert reasons(found, RetrainingPolicy()) == []
    assert reasons(index(candidate_epoch=1, codebooks={0: book(0), 1: book(1)}), RetrainingPolicy()) == []


@pytest.mark.parametrize(("age", "expected"), [(0.9, []), (1.0, [Reason.UNFINISHED])])
def test_a_candidate_means_that_somebody_is_at_it_until_it_has_lain_too_long(
    age: float, expected: list[Reason]
) -> None:
    found = index(
        candidate_epoch=1,
        codebooks={0: book(0), 1: book(1)},
        images_ingested=10**6,
        trained_at=(NOW - timedelta(hours=age)).isoformat(),
    )
    assert reasons(found) == expected


@given(
    images=st.integers(0, 10**6),
    error=st.floats(0, 1e6),
    covers=st.integers(0, 10**5),
    outcome=st.sampled_from(["discarded", "promoted", "rolled back"]),
)
def test_whatever_becomes_of_a_training_it_is_not_due_again_at_once(
    images: int, error: float, covers: int, outcome: str
) -> None:
    before = index(
        images_ingested=2_000 + images,
        covers_at_training=covers,
        fresh=Fresh(features=100, error=error),
        trained_at=None,
    )
    candidate = with_candidate(
        before, book(0), images=before.images_ingested, covers=before.covers, trained_at=NOW.isoformat()
    )
    after: Manifest | None
    if outcome == "discarded":
        after = without_candidate(candidate, 1)
    else:
        whole = candidate.segments[0].model_copy(update={"codes": {0: file_entry("0"), 1: file_entry("1")}})
        after = promoted(candidate.model_copy(update={"segments": (whole,)}), 1)
        if outcome == "rolled back":
            assert after is not None
            after = rolled_back(after, 0)
    assert after is not None
    assert reasons(after) == []


def test_drift_is_a_running_mean_over_all_that_was_committed() -> None:
    assert drift_of(summarize(index(fresh=Fresh()))) is None
    fresh = Fresh().plus(100, 90.0).plus(0, 1e9).plus(300, 130.0)
    assert (fresh.features, fresh.error) == (400, 120.0)
    assert drift_of(summarize(index(fresh=fresh))) == pytest.approx(0.2)
