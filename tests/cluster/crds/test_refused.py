"""What the API server refuses, and in which words."""

from __future__ import annotations

import json
from typing import cast

import httpx
import pytest

from tests.cluster.crds.bodies import ABSENT, changed, complaint, create, patch, sample
from tests.cluster.crds.constraints import Violation, violations
from tests.kube.api import Object, checked
from tests.kube.control_plane import ControlPlane
from tests.kube.errors import KubectlError
from vinymatic_operator.crds.definitions import KINDS, schema_of
from vinymatic_operator.crds.reference import fields_of
from vinymatic_operator.crds.schema import mapping
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.cluster

# With every field used, so that each can be broken by itself.
WHOLE: dict[str, Object] = {
    "VinylIndex": sample("vinylindex-full"),
    "VinylBackup": sample("vinylbackup"),
    "VinylRestore": sample("vinylrestore-elsewhere"),
}
SPECS = {kind.resource.kind: mapping(schema_of(kind), "properties")["spec"] for kind in KINDS}
BROKEN = [
    (kind, found) for kind, spec in SPECS.items() for field in fields_of(spec, "spec") for found in violations(field)
]

SAME_BUCKET = {"spec.backup.bucket": "vinyl-index"}
APART = "backup.prefix and storage.prefix must not lie in one another in the same bucket: deleting one would delete the other"
SCRATCH = (
    "backup.drill.scratchPrefix (by default backup.prefix and -drill) and storage.prefix must not lie in one another in the same bucket:"
    " a drill deletes what it leaves there"
)
OWN_SCRATCH = (
    "drill.scratchPrefix and the backup's prefix must not lie in one another: a drill deletes what it leaves there"
)
ONE_SOURCE = "give one of backup, time and manifest; none of them means the newest backup"
LONG = "metadata.name may have at most {} characters: the names of Jobs are made of it"
# Rules that look at more than one field: kind, changes to the whole sample, the message.
RULES: list[tuple[str, dict[str, object], str]] = [
    ("VinylIndex", {"metadata.name": "r" * 41}, LONG.format(40)),
    ("VinylIndex", {"metadata.name": "records.de"}, "metadata.name may hold no dots: backups and restores name it"),
    ("VinylBackup", {"metadata.name": "r" * 51}, LONG.format(50)),
    ("VinylRestore", {"metadata.name": "r" * 51}, LONG.format(50)),
    (
        "VinylIndex",
        {"spec.storage.serviceAccountName": "vinymatic-s3"},
        "give secretName or serviceAccountName, not both",
    ),
    (
        "VinylIndex",
        {"spec.ingestor": ABSENT, "spec.jobTemplate.image": ABSENT},
        "give ingestor, whose image Jobs run, or jobTemplate.image",
    ),
    ("VinylIndex", {**SAME_BUCKET, "spec.backup.prefix": "index"}, APART),
    ("VinylIndex", {**SAME_BUCKET, "spec.backup.prefix": "index/backup"}, APART),
    ("VinylIndex", {"spec.backup.bucket": ABSENT, "spec.backup.prefix": "index/backup"}, APART),
    ("VinylIndex", {**SAME_BUCKET, "spec.storage.prefix": "backup/index"}, APART),
    ("VinylIndex", {**SAME_BUCKET, "spec.backup.drill.scratchPrefix": "index"}, SCRATCH),
    ("VinylIndex", {**SAME_BUCKET, "spec.backup.drill.scratchPrefix": "index/drill"}, SCRATCH),
    ("VinylIndex", {**SAME_BUCKET, "spec.backup.drill": {}, "spec.storage.prefix": "backup-drill"}, SCRATCH),
    ("VinylIndex", {"spec.backup.drill.scratchPrefix": "backup"}, OWN_SCRATCH),
    ("VinylIndex", {"spec.backup.drill.scratchPrefix": "backup/drill"}, OWN_SCRATCH),
    ("VinylIndex", {"spec.backup.drill.scratchPrefix": "all", "spec.backup.prefix": "all/backup"}, OWN_SCRATCH),
    ("VinylRestore", {"spec.source": {"backup": "b", "manifest": 7}}, ONE_SOURCE),
    ("VinylRestore", {"spec.source": {"time": "2026-01-31T03:00:00Z", "manifest": 7}}, ONE_SOURCE),
    ("VinylRestore", {"spec.source": {"backup": "b", "time": "2026-01-31T03:00:00Z"}}, ONE_SOURCE),
]
BUCKET = "bucket cannot be changed: restore a backup into a new VinylIndex instead"
PREFIX = "prefix cannot be changed: restore a backup into a new VinylIndex instead"
FEATURES = "features cannot be changed: features of other settings do not match each other"
ONCE = "a VinylRestore cannot be changed: it is carried out once; make another one"
# What was created, a merge patch of its spec, the message.
CHANGES: list[tuple[str, Object, str]] = [
    ("vinylindex-minimal", {"storage": {"bucket": "another"}}, BUCKET),
    ("vinylindex-minimal", {"storage": {"prefix": "another"}}, PREFIX),
    ("vinylindex-full", {"storage": {"prefix": "another"}}, PREFIX),
    ("vinylindex-minimal", {"features": {"dimensions": 64}}, FEATURES),
    ("vinylindex-full", {"features": {"count": 500}}, FEATURES),
    ("vinylbackup", {"index": "another"}, "index cannot be changed: a backup is of one index"),
    ("vinylrestore-newest", {"index": "another"}, ONCE),
    ("vinylrestore-newest", {"source": {"manifest": 7}}, ONCE),
    ("vinylrestore-newest", {"target": {"prefix": "another"}}, ONCE),
    ("vinylrestore-time", {"source": None}, ONCE),
    ("vinylrestore-elsewhere", {"target": None}, ONCE),
]


@pytest.mark.parametrize(("kind", "broken"), BROKEN, ids=str)
def test_a_value_that_breaks_a_constraint_is_refused(client: httpx.Client, kind: str, broken: Violation) -> None:
    response = create(client, changed(WHOLE[kind], {broken.path: broken.value}))
    assert broken.words in complaint(response)


@pytest.mark.parametrize(("kind", "changes", "message"), RULES)
def test_what_breaks_a_rule_is_refused_in_words(
    client: httpx.Client, kind: str, changes: dict[str, object], message: str
) -> None:
    assert message in complaint(create(client, changed(WHOLE[kind], changes)))


@pytest.mark.parametrize(("name", "change", "message"), CHANGES)
def test_what_cannot_be_changed_is_kept(
    client: httpx.Client, namespace: str, name: str, change: Object, message: str
) -> None:
    kept = checked(create(client, sample(name), namespace, dry=False))
    assert message in complaint(patch(client, kept, {"spec": change}))


def test_features_that_were_chosen_cannot_be_taken_back_to_the_defaults(client: httpx.Client, namespace: str) -> None:
    chosen = changed(sample("vinylindex-minimal"), {"spec.features": {"dimensions": 64}})
    kept = checked(create(client, chosen, namespace, dry=False))
    assert FEATURES in complaint(patch(client, kept, {"spec": {"features": None}}))


def test_every_rule_is_broken_here() -> None:
    messages = {message for _, _, message in [*RULES, *CHANGES]}
    assert {message for kind in KINDS for message in rule_messages(schema_of(kind))} == messages


@pytest.mark.parametrize("kind", WHOLE)
def test_a_resource_without_a_spec_is_refused(client: httpx.Client, kind: str) -> None:
    assert "spec: Required value" in complaint(create(client, changed(WHOLE[kind], {"spec": ABSENT})))


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("much", "spec.jobTemplate.resources.limits.memory in body should match '"),
        (1.5, "spec.jobTemplate.resources.limits.memory in body must be of type integer,string"),
    ],
)
def test_what_is_no_quantity_is_refused(client: httpx.Client, quantity: object, words: str) -> None:
    body = changed(WHOLE["VinylIndex"], {"spec.jobTemplate.resources.limits.memory": quantity})
    assert words in complaint(create(client, body))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": "Perhaps"}, 'status.conditions[0].status: Unsupported value: "Perhaps"'),
        ({"reason": "R" * 129}, "status.conditions[0].reason: Too long: may not be more than 128 bytes"),
        (
            {"lastTransitionTime": "now"},  # The API server begins the path anew in an item.
            "conditions[0].lastTransitionTime in body must be of type date-time",
        ),
        ({"type": None}, "status.conditions[0].type: Required value"),
    ],
)
def test_a_malformed_condition_is_refused(client: httpx.Client, namespace: str, change: Object, words: str) -> None:
    kept = checked(create(client, sample("vinylindex-minimal"), namespace, dry=False))
    good = {"type": "Ready", "status": "True", "reason": "AsWished", "lastTransitionTime": "2026-01-31T03:00:00Z"}
    condition = {key: value for key, value in {**good, **change}.items() if value is not None}
    assert words in complaint(patch(client, kept, {"status": {"conditions": [condition]}}, "status"))


def test_two_conditions_of_a_type_are_refused(client: httpx.Client, namespace: str) -> None:
    kept = checked(create(client, sample("vinylindex-minimal"), namespace, dry=False))
    good = {"type": "Ready", "status": "True", "reason": "AsWished", "lastTransitionTime": "2026-01-31T03:00:00Z"}
    words = complaint(patch(client, kept, {"status": {"conditions": [good, good]}}, "status"))
    assert "status.conditions[1]: Duplicate value" in words


def test_kubectl_refuses_a_field_that_there_is_not(crds: ControlPlane) -> None:
    body = changed(sample("vinylindex-minimal"), {"spec.retrainning": {"images": 1}})
    with pytest.raises(KubectlError, match=r'unknown field "spec\.retrainning"'):
        crds.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(body))


def rule_messages(schema: Json) -> list[str]:
    found = [rule["message"] for rule in cast(list[dict[str, str]], schema.get("x-kubernetes-validations", []))]
    return found + [message for field in mapping(schema, "properties").values() for message in rule_messages(field)]
