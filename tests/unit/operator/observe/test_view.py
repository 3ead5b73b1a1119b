"""The newest that is known of the index."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.operator.seen import HOUR, MINUTE, NOW, failed, good, job, observed, replica, restore, summary
from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import moment, newest_view
from vinymatic_operator.plan.restores import restore_key
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit


def at(manifest: int, minutes: int = 60) -> IndexSummary:
    """Committed so many minutes ago."""
    return summary(manifest=manifest, created_at=stamp(NOW - minutes * MINUTE))


def test_the_highest_manifest_counts_whoever_told_it() -> None:
    pods = (replica("a", at(7)), replica("b", at(9)), replica("c", answer=None))
    assert newest_view(observed(replicas=pods)) == at(9)
    told = good(job(Step.COMPACT, "t1"), at(11))
    assert newest_view(observed(replicas=pods, jobs=(told, failed(job(Step.TRAIN, "e1"))))) == at(11)


def test_nobody_told_anything() -> None:
    assert newest_view(observed(replicas=(), jobs=(job(Step.TRAIN, "e1"),))) is None


def test_after_a_restore_of_an_index_that_was_lost_what_was_committed_before_counts_no_more() -> None:
    wanted = restore()
    back = good(job(Step.RESTORE, restore_key(wanted), owner="r1"), at(12, 10), number=12)
    before = good(job(Step.COMPACT, "t1"), at(900, 60))
    pods = (replica("a", at(900, 60)), replica("b", at(12, 10)))
    seen = observed(jobs=(before, back), replicas=pods, restores=(wanted,))
    assert newest_view(seen) == at(12, 10)
    after = good(job(Step.COMPACT, "t2"), at(13, 5))
    assert newest_view(observed(jobs=(before, back, after), replicas=pods, restores=(wanted,))) == at(13, 5)


def test_a_restore_elsewhere_says_nothing_about_this_index() -> None:
    away = restore(target={"prefix": "copy"})
    copied = good(job(Step.RESTORE, restore_key(away), owner="r1"), at(3, 10), number=3)
    assert newest_view(observed(jobs=(copied,), replicas=(replica("a", at(9)),), restores=(away,))) == at(9)


def test_of_two_restores_the_later_counts() -> None:
    one, two = restore("one"), restore("two")
    jobs = (
        good(job(Step.RESTORE, restore_key(one), owner="one", ended=NOW - HOUR), at(20, 60)),
        good(job(Step.RESTORE, restore_key(two), owner="two", ended=NOW - MINUTE), at(12, 1)),
    )
    assert newest_view(observed(jobs=jobs, replicas=(), restores=(one, two))) == at(12, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-01T12:00:00Z", NOW),
        ("2026-03-01T12:00:00", NOW),
        ("2026-03-01T13:00:00+01:00", NOW),
        ("2026-03-01T12:00:00.250+00:00", NOW.replace(microsecond=250_000)),
        ("", None),
        (None, None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_a_time_is_read_in_utc(text: str | None, found: datetime | None) -> None:
    read = moment(text)
    assert read == found
    assert read is None or read.tzinfo is UTC, "a sentence that says UTC after it would be wrong"
