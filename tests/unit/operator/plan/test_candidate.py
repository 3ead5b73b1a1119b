"""What becomes of a candidate: it is encoded, measured, and promoted or discarded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.operator.seen import MINUTE, NOW, deployment, failed, good, job, observed, replica, summary
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Lane, RollOut, StartJob
from vinymatic_operator.plan.epochs import plan_epochs
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.index_status import GateFigures, IndexStatus, RetrainingRun
from vinymatic_operator.resources.names import PROMOTE_AT
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

BEGUN = summary(candidate_epoch=1, next_epoch=2, candidate_complete=False, trained_at=stamp(NOW))
ENCODED = summary(candidate_epoch=1, next_epoch=2, candidate_complete=True, trained_at=stamp(NOW))
HELD = deployment(epoch=0, min_manifest=5, rolled_at=NOW - 60 * MINUTE, rolled_for="pinned")
MEASURED = job(Step.GATE, "e1", ended=NOW - MINUTE)
PASSED = good(MEASURED, passed=True, epoch=1)
REFUSED = good(MEASURED, passed=False, epoch=1, failures=["recall fell by 0.2", "too slow"])


def lane(seen: Observed) -> Lane:
    return plan_epochs(seen, newest_view(seen), NOW, Tries())


def start_of(seen: Observed) -> StartJob:
    (start,) = lane(seen).actions
    assert isinstance(start, StartJob)
    return start


def held(**changes: Any) -> Observed:
    """A whole candidate, and pods that are held to the active epoch, so that a promotion changes nothing by itself."""
    pods = tuple(replica(name, ENCODED, (0, 5)) for name in ("api-0", "api-1"))
    return observed(ENCODED, **{"api": HELD, "replicas": pods, **changes})


def test_what_lacks_its_encoding_is_encoded() -> None:
    start = start_of(observed(BEGUN))
    assert (start.step, start.key, start.arguments, start.parallelism) == (Step.ENCODE, "e1", ("encode",), 1)
    assert start.reason == "segments lack their encoding under epoch 1"


def test_several_pods_encode_a_part_each() -> None:
    start = start_of(observed(BEGUN, spec={"retraining": {"parallelism": 4}}))
    assert (start.arguments, start.parallelism) == (("encode", "--parts", "4"), 4)


def test_what_is_encoded_everywhere_is_measured_with_the_limits_that_are_wished() -> None:
    wish = {"simulatedPhotos": 50, "recallLoss": 0.02, "falseAcceptGain": 0.001, "slowdown": 3}
    start = start_of(observed(ENCODED, spec={"retraining": {"gate": wish}}))
    assert (start.step, start.key) == (Step.GATE, "e1")
    assert start.arguments == (
        "gate",
        "--photos",
        "50",
        "--recall-loss",
        "0.02",
        "--false-accept-gain",
        "0.001",
        "--slowdown",
        "3.0",
    )
    assert start.environment == ()


def test_golden_photos_are_asked_where_there_are_any() -> None:
    wish = {"retraining": {"gate": {"goldenPhotos": "s3://golden/photos"}}}
    assert start_of(observed(ENCODED, spec=wish)).environment == (("GATE_PHOTOS_URL", "s3://golden/photos"),)


def test_a_gate_that_could_not_measure_is_no_verdict_and_is_tried_again() -> None:
    start = start_of(observed(ENCODED, jobs=(failed(MEASURED),)))
    assert (start.step, start.attempt) == (Step.GATE, 2)


def test_a_candidate_that_did_not_pass_is_discarded_with_the_limits_in_the_reason() -> None:
    start = start_of(observed(ENCODED, jobs=(REFUSED,)))
    assert (start.step, start.key, start.arguments) == (Step.DISCARD, "e1", ("discard",))
    assert start.reason == "epoch 1 did not pass: recall fell by 0.2; too slow"


def test_pods_are_held_to_the_active_epoch_before_the_first_promotion() -> None:
    seen = observed(ENCODED, jobs=(PASSED,))
    reason = "pods are held to epoch 0 before another is promoted"
    assert lane(seen) == Lane((RollOut(0, 5, reason),), "RollingOut", reason)


def test_nothing_is_promoted_until_every_pod_is_held() -> None:
    waits = held(api=deployment(epoch=0, min_manifest=5, rolled_at=NOW, updated=1, progressed=False), jobs=(PASSED,))
    assert lane(waits).actions == ()
    assert lane(waits).next == "waiting for the API's pods to serve epoch 0"


def test_a_candidate_that_passed_is_promoted() -> None:
    start = start_of(held(jobs=(PASSED,)))
    assert (start.step, start.key, start.arguments) == (Step.PROMOTE, "e1", ("promote",))
    assert start.reason == "epoch 1 passed its gate"


@pytest.mark.parametrize(("passed", "step"), [(True, Step.PROMOTE), (False, Step.DISCARD)])
def test_the_verdict_outlives_the_gates_job(passed: bool, step: Step) -> None:
    figures = GateFigures(epoch=1, passed=passed, at=stamp(NOW))
    assert start_of(held(status=IndexStatus(retraining=RetrainingRun(gate=figures)))).step is step


def test_the_verdict_on_another_epoch_says_nothing() -> None:
    figures = GateFigures(epoch=0, passed=True, at=stamp(NOW))
    assert start_of(held(status=IndexStatus(retraining=RetrainingRun(gate=figures)))).step is Step.GATE


def test_a_candidate_that_is_asked_for_is_promoted_without_its_gate() -> None:
    start = start_of(held(annotations={PROMOTE_AT: "at one"}))
    assert (start.step, start.arguments, start.request) == (Step.PROMOTE, ("promote", "--ungated"), "at one")
    assert start.reason == "asked for at at one"


def test_one_that_is_asked_for_is_promoted_although_it_did_not_pass() -> None:
    assert start_of(held(annotations={PROMOTE_AT: "at one"}, jobs=(REFUSED,))).step is Step.PROMOTE


def test_pods_are_held_before_a_promotion_that_is_asked_for_too() -> None:
    (action,) = lane(observed(ENCODED, annotations={PROMOTE_AT: "at one"})).actions
    assert isinstance(action, RollOut)


def test_one_that_is_asked_for_waits_for_its_encoding() -> None:
    assert start_of(observed(BEGUN, annotations={PROMOTE_AT: "at one"})).step is Step.ENCODE


def test_a_promotion_that_was_acted_on_is_not_repeated() -> None:
    known = IndexStatus(retraining=RetrainingRun(promote_request="at one"))
    assert start_of(held(annotations={PROMOTE_AT: "at one"}, status=known)).step is Step.GATE
