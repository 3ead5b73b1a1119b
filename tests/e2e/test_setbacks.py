"""A change that goes wrong harms nobody who searches, is taken back, and is said."""

from __future__ import annotations

import pytest

from tests.e2e.load import Edge, Load, Question, assert_unharmed
from tests.e2e.refusal import epoch_refused
from tests.e2e.release import API, NAME, Release
from tests.e2e.summary import Summary

pytestmark = pytest.mark.e2e


def test_a_candidate_that_fails_its_gate_is_dropped_and_no_pod_is_touched(
    release: Release, edge: Edge, questions: list[Question], summary: Summary
) -> None:
    index, epoch, pods = release.index, release.index.epoch(), release.pods("api")
    with Load(edge, questions) as load:
        # Asks the candidate to be better than one that finds everything.
        with (
            release.changed({"index": {"retraining": {"gate": {"recallLoss": -1}}}}),
            summary.timed("a gate that fails, until its candidate is dropped"),
        ):
            index.retrain()
            said = index.wait("Trained", "False", "GateFailed", seconds=300)
            index.await_settled()
        load.settle()
    summary.loads["a gate that fails"] = found = load.report()
    assert "asked for is a rise of 1" in said["message"]
    assert (index.epoch(), index.told("index", "candidateEpoch")) == (epoch, None)
    assert "GateFailed" in index.events()
    assert release.pods("api") == pods
    assert_unharmed(found)


def test_an_epoch_whose_pods_cannot_start_is_rolled_back(
    release: Release, edge: Edge, questions: list[Question], summary: Summary
) -> None:
    index, before, refused = release.index, release.index.epoch(), release.next_epoch()
    with Load(edge, questions) as load:
        with release.changed({"index": {"rollout": {"progressDeadlineSeconds": 30}}}):
            with (
                epoch_refused(release.namespace, refused),
                summary.timed("an epoch that cannot start, until it is rolled back"),
            ):
                index.retrain()
                index.wait("Trained", "False", "RolledBack", seconds=420)
            index.await_settled(seconds=420)
        load.settle()
    summary.loads["an epoch that cannot start"] = found = load.report()
    assert "did not come up" in index.conditions()["Trained"]["message"]
    assert index.epoch() == before
    assert [served["epoch"] for served in index.told("served")] == [before]
    assert {"RollbackStarted", "RolledBack"} <= index.events()
    assert_unharmed(found)


def test_an_image_that_is_missing_stops_the_roll_out_and_helm_takes_it_back(
    release: Release, edge: Edge, questions: list[Question], summary: Summary
) -> None:
    index, pods, revision = release.index, release.pods("api"), release.revision()
    wrong = {"api": {"image": {"tag": "is-not-there"}}, "index": {"rollout": {"progressDeadlineSeconds": 20}}}
    with Load(edge, questions) as load:
        with summary.timed("an image that is missing, until it is said"):
            release.upgrade(wrong)
            said = index.wait("Ready", "False", "RolloutStuck", seconds=240)
        serving = index.conditions()["Serving"]
        with summary.timed("an image that is missing, until it is taken back"):
            release.helm("rollback", NAME, str(revision))
            release.await_rolled(API)
            index.await_settled()
        load.settle()
    summary.loads["an image that is missing"] = found = load.report()
    assert "ImagePull" in said["message"] or "ErrImage" in said["message"]
    assert (serving["status"], serving["reason"]) == ("True", "AllServing")
    assert release.pods("api") == pods, "those that served go on"
    assert_unharmed(found)
