"""What a person sees through kubectl: columns, names, explanations."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.cluster.crds.bodies import create, patch, sample
from tests.kube.api import Object, checked
from tests.kube.control_plane import ControlPlane
from vinymatic_operator.crds.definitions import KINDS, Kind, schema_of
from vinymatic_operator.crds.reference import fields_of
from vinymatic_operator.crds.schema import mapping

pytestmark = pytest.mark.cluster

SPECS = {kind.resource.kind.lower(): mapping(schema_of(kind), "properties")["spec"] for kind in KINDS}


def condition(kind: str, status: str, reason: str) -> Object:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": "2026-01-31T03:00:00Z"}


INDEX_STATUS = {
    "conditions": [condition("Serving", "True", "AllPods"), condition("Ready", "False", "Retraining")],
    "index": {
        "manifest": 1234,
        "createdAt": "2026-01-31T03:00:00Z",
        "covers": 100_000,
        "segments": 12,
        "bytes": 5_000_000_000,
        "activeEpoch": 3,
        "candidateEpoch": 4,
        "imagesSinceTraining": 10_001,
    },
    "serving": "2/3",
    "backup": {"last": "2020-01-31T03:00:00Z", "manifest": 1200},
    "retraining": {"phase": "Encoding"},
}
RUN_STATUS = {
    "conditions": [condition("Complete", "True", "Done")],
    "manifest": 1234,
    "covers": 100_000,
    "completedAt": "2020-01-31T03:00:00Z",
}


def shown(crds: ControlPlane, namespace: str, what: str, *options: str) -> dict[str, str]:
    """The one row of a table by its columns; ages as `AGE`, since they grow."""
    heads, row = crds.kubectl("get", what, f"--namespace={namespace}", *options).splitlines()
    # Columns stand below their heads, so that empty cells are found.
    starts = [match.start() for match in re.finditer(r"\S+", heads)]
    cells = {
        heads[start:end].strip(): row[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)
    }
    return {head: "AGE" if re.fullmatch(r"(\d+[smhdy])+", cell) else cell for head, cell in cells.items()}


def made(client: httpx.Client, namespace: str, name: str, status: Object) -> None:
    kept = checked(create(client, sample(name), namespace, dry=False))
    checked(patch(client, kept, {"status": status}, "status"))


def test_columns_of_an_index(crds: ControlPlane, client: httpx.Client, namespace: str) -> None:
    made(client, namespace, "vinylindex-minimal", INDEX_STATUS)
    narrow = {
        "NAME": "records",
        "READY": "False",
        "COVERS": "100000",
        "MANIFEST": "1234",
        "EPOCH": "3",
        "SERVING": "2/3",
        "BACKUP": "AGE",
        "AGE": "AGE",
    }
    assert shown(crds, namespace, "vi") == narrow
    wide = {**narrow, "CANDIDATE": "4", "PHASE": "Encoding", "REASON": "Retraining"}
    assert shown(crds, namespace, "vinyl", "-o", "wide") == wide


def test_columns_of_a_new_index_are_empty(crds: ControlPlane, client: httpx.Client, namespace: str) -> None:
    checked(create(client, sample("vinylindex-minimal"), namespace, dry=False))
    cells = shown(crds, namespace, "vi")
    assert {head for head, cell in cells.items() if cell} == {"NAME", "AGE"}


def test_columns_of_a_backup(crds: ControlPlane, client: httpx.Client, namespace: str) -> None:
    made(client, namespace, "vinylbackup", RUN_STATUS)
    assert shown(crds, namespace, "vb") == {
        "NAME": "records-before-the-move",
        "INDEX": "records",
        "COMPLETE": "True",
        "MANIFEST": "1234",
        "COVERS": "100000",
        "COMPLETED": "AGE",
        "AGE": "AGE",
    }


def test_columns_of_a_restore(crds: ControlPlane, client: httpx.Client, namespace: str) -> None:
    made(client, namespace, "vinylrestore-newest", {**RUN_STATUS, "backupManifest": 1200})
    assert shown(crds, namespace, "vr") == {
        "NAME": "records-newest",
        "INDEX": "records",
        "COMPLETE": "True",
        "FROM": "1200",
        "MANIFEST": "1234",
        "COVERS": "100000",
        "AGE": "AGE",
    }


def test_one_word_shows_all_kinds(crds: ControlPlane, client: httpx.Client, namespace: str) -> None:
    for name in ("vinylindex-minimal", "vinylbackup", "vinylrestore-newest"):
        checked(create(client, sample(name), namespace, dry=False))
    assert crds.kubectl("get", "vinymatic", "-o", "name", f"--namespace={namespace}").split() == [
        "vinylbackup.vinymatic.io/records-before-the-move",
        "vinylindex.vinymatic.io/records",
        "vinylrestore.vinymatic.io/records-newest",
    ]


@pytest.mark.parametrize("kind", SPECS)
def test_kubectl_explains_every_field(crds: ControlPlane, kind: str) -> None:
    fields = list(fields_of(SPECS[kind], "spec"))
    named = crds.kubectl("explain", f"{kind}.spec", "--recursive")
    assert named.count("\t<") == len(fields)
    # By its parent, where kubectl shows the descriptions of all fields in it.
    parents = {field.path.replace("[]", "").rpartition(".")[0] for field in fields}
    explained = {parent: words(crds.kubectl("explain", f"{kind}.{parent}")) for parent in parents}
    for field in fields:
        parent, _, name = field.path.replace("[]", "").rpartition(".")
        assert f"{name} <" in explained[parent], field.path
        assert words(str(field.schema["description"])) in explained[parent], field.path


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource.kind)
def test_the_crd_says_nothing_is_wrong_with_it(crds: ControlPlane, kind: Kind) -> None:
    crd = f"{kind.resource.plural}.{kind.resource.group}"
    conditions = json.loads(crds.kubectl("get", "crd", crd, "-o", "json"))["status"]["conditions"]
    found = {condition["type"]: condition["status"] for condition in conditions}
    assert found["NamesAccepted"] == found["Established"] == "True"
    assert found.get("NonStructuralSchema", "False") == "False"


def words(text: str) -> str:
    """Without kubectl's line breaks."""
    return " ".join(text.split())
