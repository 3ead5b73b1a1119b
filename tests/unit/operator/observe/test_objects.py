"""Jobs, Deployments, VinylBackups and VinylRestores: as the API server has them, and with anything missing or odd."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.operator.seen import NOW, Columns
from vinymatic_operator.observe.objects import read_backup, read_deployment, read_job, read_jobs, read_restore
from vinymatic_operator.observe.reading import environment_of, whole
from vinymatic_operator.observe.seen import JobState
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.terminations import result_of
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import Workload

pytestmark = pytest.mark.unit

API, TIME = Workload(deployment="api"), "2026-03-01T12:00:00Z"
LABELS: Json = {
    "vinymatic.io/index": "vinyl",
    "vinymatic.io/step": "gate",
    "vinymatic.io/key": "e1",
    "vinymatic.io/attempt": "2",
}


def a_job(*conditions: Json, annotations: Json | None = None, labels: Json | None = None, **status: Any) -> Json:
    metadata: Json = {
        "name": "vinyl-gate-e1-2",
        "uid": "u",
        "creationTimestamp": TIME,
        "labels": {**LABELS, **(labels or {})},
        "annotations": annotations or {},
    }
    return {"metadata": metadata, "status": {"conditions": [*conditions], **status}}


def test_a_job_is_read_by_its_labels() -> None:
    seen = read_job(a_job(labels={"vinymatic.io/owner": "b1"}, annotations={"vinymatic.io/reason": "because"}))
    assert seen is not None
    assert (seen.step, seen.key, seen.attempt, seen.owner, seen.reason) == (Step.GATE, "e1", 2, "b1", "because")
    assert (seen.state, seen.created, seen.finished, seen.result) == (JobState.RUNNING, NOW, None, None)


@pytest.mark.parametrize(
    ("condition", "status", "state"),
    [
        ({"type": "Complete", "status": "True"}, {"completionTime": TIME}, JobState.SUCCEEDED),
        ({"type": "Failed", "status": "True", "lastTransitionTime": TIME}, {}, JobState.FAILED),
        ({"type": "Complete", "status": "False"}, {}, JobState.RUNNING),
        ({"type": "SuccessCriteriaMet", "status": "True"}, {}, JobState.RUNNING),
        ({"type": "FailureTarget", "status": "True"}, {}, JobState.RUNNING),
        ({"type": "Suspended", "status": "True"}, {}, JobState.RUNNING),
    ],
)
def test_a_job_ends_with_its_terminal_conditions_only(condition: Json, status: Columns, state: JobState) -> None:
    seen = read_job(a_job(condition, **status))
    assert seen is not None
    assert seen.state is state
    assert seen.finished == (None if state is JobState.RUNNING else NOW)


def test_a_job_that_failed_says_why() -> None:
    condition: Json = {"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "too long"}
    seen = read_job(a_job(condition))
    assert seen is not None
    assert seen.failure == "DeadlineExceeded: too long"


@pytest.mark.parametrize("labels", [{"vinymatic.io/step": "dance"}, {"vinymatic.io/attempt": "many"}])
def test_a_job_of_somebody_else_is_left_out(labels: Json) -> None:
    assert read_jobs([a_job(labels=labels), a_job(), {}]) == (read_job(a_job()),)


def a_deployment(**changes: Any) -> Json:
    container: Json = {
        "name": "api",
        "image": "api:1",
        "env": [{"name": "INDEX_EPOCH", "value": "3"}, {"name": "INDEX_MIN_MANIFEST", "value": "17"}, {"name": "A"}],
    }
    template: Json = {
        "metadata": {"annotations": {"vinymatic.io/rolled-for": "r", "vinymatic.io/rolled-at": TIME}},
        "spec": {"containers": [{"name": "proxy", "image": "p"}, container]},
    }
    return {
        "metadata": {"name": "api", "uid": "u", "generation": 4, "resourceVersion": "70"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "api"}}, "template": template},
        "status": {
            "observedGeneration": 4,
            "replicas": 2,
            "updatedReplicas": 2,
            "availableReplicas": 2,
            "readyReplicas": 2,
            "conditions": [
                {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "lastUpdateTime": TIME}
            ],
            **changes,
        },
    }


def test_a_deployment_is_read_with_what_its_template_holds_pods_to() -> None:
    seen = read_deployment(a_deployment(), Workload(deployment="api", container="api"))
    assert seen is not None
    assert (seen.epoch, seen.min_manifest, seen.rolled_for, seen.rolled_at) == (3, 17, "r", NOW)
    assert (seen.container, seen.image, seen.selector) == ("api", "api:1", {"app": "api"})
    assert (seen.progressed, seen.stuck, seen.settled, seen.progress_at) == (True, False, True, NOW)


@pytest.mark.parametrize(
    "status",
    [
        {"observedGeneration": 3},
        {"updatedReplicas": 1},
        {"replicas": 3},
        {"availableReplicas": 1},
        {"availableReplicas": None},
    ],
)
def test_a_deployment_settles_when_every_pod_is_new_and_available(status: Json) -> None:
    seen = read_deployment(a_deployment(**status), API)
    assert seen is not None
    assert not seen.settled


def test_without_a_name_the_first_container_is_meant() -> None:
    seen = read_deployment(a_deployment(), API)
    assert seen is not None
    assert (seen.container, seen.epoch) == ("proxy", None)


@pytest.mark.parametrize(("status", "said"), [("True", "exceeded quota: small"), ("False", None)])
def test_why_a_deployments_pods_are_not_let_in_is_read(status: str, said: str | None) -> None:
    failure: Json = {"type": "ReplicaFailure", "status": status, "message": "exceeded quota: small"}
    seen = read_deployment(a_deployment(conditions=[failure]), API)
    assert seen is not None
    assert seen.refused == said


def test_a_deployment_without_the_container_does_not_fit() -> None:
    assert read_deployment(a_deployment(), Workload(deployment="api", container="other")) is None
    assert read_deployment({}, API) is None


def test_replicas_that_are_not_said_are_one_and_zero_is_zero() -> None:
    body = a_deployment()
    spec = body["spec"]
    assert isinstance(spec, dict)
    assert whole(spec, "replicas") == 2
    seen = read_deployment({**body, "spec": {**spec, "replicas": 0}}, API)
    del spec["replicas"]
    unsaid = read_deployment(body, API)
    assert seen is not None
    assert unsaid is not None
    assert (seen.wanted, unsaid.wanted) == (0, 1)


@pytest.mark.parametrize("value", ["", "-1", "3.5", "three", "9" * 5_000])
def test_an_epoch_that_is_no_number_holds_pods_to_nothing(value: str) -> None:
    env: Json = {"name": "c", "env": [{"name": "INDEX_EPOCH", "value": value}]}
    seen = read_deployment({"spec": {"template": {"spec": {"containers": [env]}}}}, API)
    assert seen is not None
    assert seen.epoch is None


def test_a_backup_remembers_the_time_that_it_was_scheduled_for() -> None:
    body: Json = {"metadata": {"name": "b", "annotations": {"vinymatic.io/scheduled-for": TIME}}}
    assert read_backup(body).scheduled_for == NOW
    assert read_backup({**body, "status": {"conditions": "many"}}).status.conditions == []


def test_a_restore_that_says_nothing_that_is_understood_is_left_out() -> None:
    assert read_restore({"metadata": {"name": "r"}, "spec": {"source": {"manifest": "seven"}}}) is None
    seen = read_restore({"metadata": {"name": "r"}, "spec": {"index": "vinyl"}, "status": {"manifest": "x"}})
    assert seen is not None
    assert seen.status.manifest is None


def test_what_comes_from_elsewhere_is_no_plain_value() -> None:
    env: Json = {"env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {}}, "C", {"value": "2"}]}
    assert environment_of(env) == {"A": "1", "": "2"}


LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["True", TIME, "9999-12-31"]),
)
META = ["metadata", "labels", "annotations", "creationTimestamp", "resourceVersion", "name"]
SPEC = ["spec", "template", "containers", "env", "value", "replicas", "selector", "matchLabels", "source"]
STATUS = ["status", "conditions", "type", "containerStatuses", "state", "terminated", "message", "exitCode"]
NAMES = st.sampled_from([*META, *SPEC, *STATUS])
ODD = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=25,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(NAMES, ODD, max_size=4))
def test_an_odd_object_never_raises(body: Json) -> None:
    read_job(body)
    read_deployment(body, API)
    read_backup(body)
    read_restore(body)
    made = read_job(a_job())
    assert made is not None
    result_of(made, [body])


PARTS = st.fixed_dictionaries({}, optional={"metadata": ODD, "spec": ODD, "status": ODD})


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(PARTS)
def test_a_job_of_ours_with_odd_parts_never_raises(parts: Json) -> None:
    metadata = parts.get("metadata")
    labelled: Json = {**(metadata if isinstance(metadata, dict) else {}), "labels": LABELS}
    assert read_job({**parts, "metadata": labelled}) is not None
