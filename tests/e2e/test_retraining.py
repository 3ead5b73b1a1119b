"""A retraining under constant load: trained, encoded, gated, promoted, rolled over pod by pod, and nobody notices."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.e2e import catalogue, stack
from tests.e2e.conftest import COVERS
from tests.e2e.filling import fill
from tests.e2e.index import Index
from tests.e2e.load import Edge, Load, Question, assert_unharmed
from tests.e2e.release import Release
from tests.e2e.summary import Summary
from tests.e2e.values import merged

pytestmark = pytest.mark.e2e

GROWTH = 8
SAMPLE = Path(__file__).parents[2] / "k8s" / "samples" / "vinylindex-minimal.yaml"


def test_growth_makes_the_operator_retrain_and_no_search_fails(
    release: Release, edge: Edge, questions: list[Question], summary: Summary
) -> None:
    index, epoch, pods = release.index, release.next_epoch(), release.pods("api")
    limit = int(index.told("index", "imagesSinceTraining")) + GROWTH
    with Load(edge, questions) as load:
        with (
            release.changed({"index": {"retraining": {"images": limit}}}),
            summary.timed("retraining by growth, all of it"),
        ):
            fill(release, edge, catalogue.covers(GROWTH, after=COVERS))
            index.await_epoch(epoch)
        load.settle()
    summary.loads["retraining by growth"] = found = load.report()
    index.note_steps(epoch, summary)
    assert f"{limit} images since the last training" in index.why("train", epoch)
    assert not set(pods) & set(release.pods("api")), "every pod was replaced"
    assert_unharmed(found)


def test_a_sample_that_is_applied_is_taken_up_and_retrained_on_request(
    release: Release, edge: Edge, questions: list[Question], summary: Summary
) -> None:
    sample = yaml.safe_load(SAMPLE.read_text("utf-8"))
    index, epoch = Index(release.namespace, sample["metadata"]["name"]), release.next_epoch()
    # What a sample cannot know: this cluster's store, and how little time a test has.
    here = {"storage": {"endpoint": release.stack.endpoint, "secretName": stack.SECRET}}
    quick = {name: release.values["index"][name] for name in ("retraining", "rollout", "jobTemplate")}
    with Load(edge, questions) as load, release.changed({"index": {"create": False}}):
        release.namespace.apply(merged(sample, {"spec": {**here, **quick}}))
        try:
            index.await_settled()
            with summary.timed("retraining on request, all of it"):
                index.vinyl("retrain", "--wait", "--timeout=10m")
                index.await_epoch(epoch)
            index.note_steps(epoch, summary)
            assert "asked for" in index.why("train", epoch)
        finally:
            # Deleted, it leaves everything where it is.
            release.namespace.kubectl("delete", "vinylindex", index.name)
        load.settle()
    summary.loads["retraining on request"] = found = load.report()
    assert_unharmed(found)
    release.index.await_settled()
    assert release.index.epoch() == epoch
