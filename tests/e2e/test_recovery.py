"""An index that is lost comes back from a backup that the schedule made and a drill had proven, and nobody who searches notices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from tests.e2e import stack
from tests.e2e.load import Edge, Load, Question, assert_unharmed
from tests.e2e.release import Release
from tests.e2e.summary import Summary
from tests.e2e.values import merged

pytestmark = pytest.mark.e2e

SAMPLE = Path(__file__).parents[2] / "k8s" / "samples" / "vinylrestore-newest.yaml"


def at_the_next_minute(now: datetime) -> str:
    """A schedule that comes once in this test: a second one would find the index gone. At least half a minute is left to install it."""
    then = now + timedelta(minutes=1, seconds=30)
    return f"{then.minute} {then.hour} * * *"


def test_a_destroyed_index_is_restored_with_the_same_answers(
    release: Release, edge: Edge, questions: list[Question], summary: Summary
) -> None:
    index, namespace = release.index, release.namespace
    backup = {
        "bucket": stack.BACKUP,
        "schedule": at_the_next_minute(datetime.now(UTC)),
        "immediate": False,
        "questions": 8,
        "drill": {"schedule": "@yearly"},
    }
    before = edge.ask_all(questions)
    sample = merged(yaml.safe_load(SAMPLE.read_text("utf-8")), {"spec": {"index": index.name}})
    restore = ("vinylrestore", sample["metadata"]["name"])
    with Load(edge, questions) as load, release.changed({"index": {"backup": backup}}):
        index.wait("BackedUp", "True", seconds=300)
        proven = index.wait("RestoreProven", "True", "Proven", seconds=300)
        (made,) = namespace.items("vinylbackups")
        assert "vinymatic.io/scheduled-for" in made["metadata"]["annotations"]
        assert release.stack.destroy(stack.INDEX, "index/") > 0
        with summary.timed("restore, until every pod serves it"):
            namespace.apply(sample)
            namespace.await_condition("Complete", "True", *restore, reason="Complete", seconds=420)
        index.await_settled()
        load.settle()
        restored = namespace.read(*restore)["status"]
        assert {served["manifest"] for served in index.told("served")} == {restored["manifest"]}
        drill = index.told("drill")
        namespace.kubectl("delete", *restore)
        namespace.kubectl("delete", "vinylbackups", "--all")
    summary.loads["a lost index and its restore"] = found = load.report()
    assert (drill["right"], drill["questions"]) == (8, 8), proven["message"]
    after = edge.ask_all(questions)
    assert [(a.verdict, a.ids, a.scores) for a in after] == [(a.verdict, a.ids, a.scores) for a in before]
    assert {a.manifest for a in after} == {restored["manifest"]}
    assert_unharmed(found)
