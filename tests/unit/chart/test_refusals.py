"""Values that cannot be meant are refused, with a sentence that says which."""

from __future__ import annotations

import re

import pytest
from helm_python import HelmError

from charts.render import rendered
from tests.support.chart.flips import merged
from tests.support.chart.values import MINIMAL
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"api": {"replica": 3}}, "at '/api': additional properties 'replica' not allowed"),
        ({"api": {"replicas": "three"}}, "at '/api/replicas': got string, want integer"),
        ({"api": {"topN": 101}}, "at '/api/topN': maximum: got 101, want 100"),
        ({"env": {"TOP_N": 5}}, "at '/env/TOP_N': got number, want string"),
        ({"index": {"retraining": {"image": 5}}}, "at '/index/retraining': additional properties 'image' not allowed"),
        ({"index": {"deletionPolicy": "Keep"}}, "at '/index/deletionPolicy': value must be one of 'Retain', 'Delete'"),
        ({"operator": {"scope": "Everywhere"}}, "at '/operator/scope': value must be one of 'Namespace', 'Cluster'"),
        ({"storage": {"bucket": "A_b"}}, "at '/storage/bucket'"),
    ],
)
def test_a_typing_error_is_named_by_its_place(values: Json, said: str) -> None:
    with pytest.raises(HelmError, match=re.escape(said)):
        rendered(merged(MINIMAL, values))


def test_everything_that_is_missing_is_said_at_once() -> None:
    with pytest.raises(HelmError, match=r"(?s)storage\.bucket.*covers\.bucket.*queue\.url"):
        rendered({})


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"credentials": {"existingSecret": "s3", "accessKeyId": "a"}}, "credentials.existingSecret and credentials.accessKeyId"),
        ({"credentials": {"accessKeyId": "a"}}, "go together"),
        ({"ingestor": {"enabled": False, "keda": {"enabled": True}}}, "there is nothing to scale"),
        ({"ingestor": {"keda": {"minReplicas": 5}}}, "ingestor.keda.minReplicas is more than"),
        ({"ingestor": {"keda": {"identityOwner": "workload", "roleArn": "arn:aws:x"}}}, "ingestor.keda.roleArn"),
        ({"api": {"autoscaling": {"minReplicas": 9}}}, "api.autoscaling.minReplicas is more than"),
        ({"api": {"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": None}}}, "has no metric"),
        ({"api": {"preStopSeconds": 60}}, "api.terminationGracePeriodSeconds must be more"),
        ({"operator": {"scope": "Cluster", "watchNamespaces": ["a"]}}, "goes with operator.scope=Namespace"),
        ({"operator": {"watchNamespaces": ["elsewhere"]}}, "lacks vinyl"),
        ({"env": {"INDEX_EPOCH": "1"}}, "env: INDEX_EPOCH cannot be set: it is the operator's own"),
        ({"api": {"extraEnv": [{"name": "PORT"}]}}, "api.env: PORT cannot be set"),
        ({"ingestor": {"env": {"BACKUP_INTERVAL": "60"}}}, "ingestor.env: BACKUP_INTERVAL cannot be set: the operator does this"),
        ({"operator": {"env": {"WATCH_NAMESPACES": "a"}}}, "operator.env: WATCH_NAMESPACES cannot be set"),
    ],
)  # fmt: skip
def test_what_contradicts_itself_is_refused(values: Json, said: str) -> None:
    with pytest.raises(HelmError, match=re.escape(said)):
        rendered(merged(MINIMAL, values))


@pytest.mark.parametrize(
    "values",
    [
        {"ingestor": {"enabled": False}, "covers": {"bucket": ""}, "queue": {"url": ""}},
        {"index": {"create": False}, "env": {"INDEX_EPOCH": "1", "BACKUP_INTERVAL": "60"}},
        {"api": {"env": {"NUM_FEATURES": "400"}}},
    ],
)
def test_what_is_odd_but_has_a_meaning_is_not(values: Json) -> None:
    assert rendered(merged(MINIMAL, values))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "No backups are made"),
        ({"operator": {"enabled": False}}, "This release has no operator"),
        ({"index": {"create": False}}, "no VinylIndex of this release"),
        ({"index": {"deletionPolicy": "Delete"}}, "BEFORE `helm uninstall`"),
        ({"api": {"replicas": 1}}, "an outage"),
        ({"credentials": {"accessKeyId": "a", "secretAccessKey": "b"}}, "The keys were given as values"),
        ({"ingestor": {"keda": {"enabled": True}}}, "until the first one has run there is no index"),
    ],
)
def test_the_notes_say_what_follows(values: Json, said: str) -> None:
    assert said in rendered(merged(MINIMAL, values))["templates/NOTES.txt"]
