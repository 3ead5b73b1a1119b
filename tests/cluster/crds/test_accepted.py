"""What the API server accepts, and what it makes of it: defaults, nulls, unknown fields, status."""

from __future__ import annotations

import httpx
import pytest

from tests.cluster.crds.bodies import ABSENT, SAMPLES, changed, create, patch, sample
from tests.kube.api import Object, checked
from tests.kube.control_plane import ControlPlane
from vinymatic_operator.crds.definitions import KINDS
from vinymatic_operator.resources.base import Part

pytestmark = pytest.mark.cluster

FILES = sorted(path.stem for path in SAMPLES.iterdir())
SPECS = {kind.resource.kind: kind.spec for kind in KINDS}
MINIMAL, FULL = sample("vinylindex-minimal"), sample("vinylindex-full")
ACCEPTED: list[tuple[Object, dict[str, object]]] = [
    (MINIMAL, {}),
    (MINIMAL, {"metadata.name": "r" * 40}),
    (MINIMAL, {"spec.backup": {}}),
    (MINIMAL, {"spec.backup": {"drill": {}}}),
    (MINIMAL, {"spec.backup": {"schedule": "@daily"}}),
    (MINIMAL, {"spec.backup": {"schedule": "*/15 8-17 * JAN-MAR mon#1"}}),
    # A prefix that another begins with, but not as a folder.
    (MINIMAL, {"spec.backup": {"prefix": "index-backup", "drill": {"scratchPrefix": "index-drill"}}}),
    (FULL, {"spec.backup.prefix": "index"}),  # in another bucket
    (FULL, {"spec.backup.drill.scratchPrefix": "index"}),
    (FULL, {"spec.storage.serviceAccountName": "vinymatic-s3", "spec.storage.secretName": ABSENT}),
    (MINIMAL, {"spec.features": {"dimensions": 16, "count": 10_000}}),
    (MINIMAL, {"spec.retraining": {"days": 0.5, "gate": {"slowdown": 1}}}),
    (MINIMAL, {"spec.jobTemplate": {"resources": {"limits": {"cpu": 2, "memory": "1.5Gi"}}}}),
    (MINIMAL, {"spec.jobTemplate": {"tolerations": [{"operator": "Exists"}]}}),
    (MINIMAL, {"spec.deletionPolicy": "Delete"}),
    (sample("vinylbackup"), {"metadata.name": "r" * 50}),
    (sample("vinylrestore-newest"), {"metadata.name": "r" * 50}),
    (sample("vinylrestore-newest"), {"spec.source": {"manifest": 1}}),
    (sample("vinylrestore-newest"), {"spec.source": {"time": "2026-01-31T03:00:00.5+01:00"}}),
]


@pytest.mark.parametrize("name", FILES)
def test_kubectl_applies_a_sample_and_again(crds: ControlPlane, namespace: str, name: str) -> None:
    apply = ["apply", "-f", str(SAMPLES / f"{name}.yaml"), f"--namespace={namespace}"]
    assert "created" in crds.kubectl(*apply)
    assert "unchanged" in crds.kubectl(*apply)


@pytest.mark.parametrize(("body", "changes"), ACCEPTED)
def test_defaults_are_filled_in_as_the_models_say(
    client: httpx.Client, body: Object, changes: dict[str, object]
) -> None:
    sent = changed(body, changes)
    answered = checked(create(client, sent))["spec"]
    model = SPECS[sent["kind"]]
    assert issubclass(model, Part)
    assert model.model_validate(answered) == model.model_validate(sent["spec"])
    # Not one is left to the model.
    assert set(leaves(answered)) == set(leaves(model.model_validate(sent["spec"]).to_json()))


def test_null_is_as_good_as_nothing(client: httpx.Client) -> None:
    """Helm leaves it where a value is not set."""
    nothing = {"spec.storage.endpoint": None, "spec.storage.region": None, "spec.backup": None, "spec.features": None}
    assert checked(create(client, changed(MINIMAL, nothing)))["spec"] == checked(create(client, MINIMAL))["spec"]


def test_what_is_not_fixed_can_be_changed(client: httpx.Client, namespace: str) -> None:
    kept = checked(create(client, MINIMAL, namespace, dry=False))
    change = {
        "storage": {"secretName": "other", "region": "eu-central-1"},
        "api": {"deployment": "other"},
        "features": {"dimensions": 128},
        "backup": {"schedule": "@daily"},
        "retraining": {"images": 500},
        "paused": True,
    }
    spec = checked(patch(client, kept, {"spec": change}))["spec"]
    assert (spec["paused"], spec["retraining"]["images"], spec["backup"]["prefix"]) == (True, 500, "backup")
    assert "backup" not in checked(patch(client, kept, {"spec": {"backup": None}}))["spec"]


def test_what_is_immutable_may_be_sent_again(client: httpx.Client, namespace: str) -> None:
    for name in FILES:
        body = sample(name)
        kept = checked(create(client, body, namespace, dry=False))
        labelled = checked(patch(client, kept, {"metadata": {"labels": {"team": "shop"}}, "spec": body["spec"]}))
        assert labelled["metadata"]["generation"] == 1


def test_a_field_that_there_is_not_is_dropped(client: httpx.Client) -> None:
    body = changed(MINIMAL, {"spec.nothing": 1, "spec.storage.nothing": 1})
    assert checked(create(client, body))["spec"] == checked(create(client, MINIMAL))["spec"]


def test_the_status_is_a_subresource(client: httpx.Client, namespace: str) -> None:
    kept = checked(create(client, {**MINIMAL, "status": {"serving": "1/1"}}, namespace, dry=False))
    assert "status" not in kept
    assert "status" not in checked(patch(client, kept, {"status": {"serving": "1/1"}}))
    told = checked(patch(client, kept, {"status": {"serving": "1/1"}, "spec": {"paused": True}}, "status"))
    assert told["status"]["serving"] == "1/1"
    assert told["spec"]["paused"] is False
    assert told["metadata"]["generation"] == 1
    assert checked(patch(client, kept, {"spec": {"paused": True}}))["metadata"]["generation"] == 2


def leaves(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict) and value:
        return [leaf for key, inner in value.items() for leaf in leaves(inner, f"{path}.{key}")]
    return [path]
