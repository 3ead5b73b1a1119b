"""`kubectl vinyl status` and `backups` on a real API server."""

from __future__ import annotations

import pytest

from tests.cluster.plugin.conftest import Vinyl
from tests.unit.plugin.samples import resource
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.cluster


def test_a_namespace_without_an_index_says_so(vinyl: Vinyl) -> None:
    done = vinyl("status")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: no VinylIndex in namespace {vinyl.namespace}\n"


def test_the_only_index_needs_no_name_and_of_several_one_is_named(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    alone = vinyl("status")
    assert alone.code == 0, alone.err
    assert alone.out.startswith(f"VinylIndex {vinyl.namespace}/records: created ")
    assert "not looked at by the operator yet" in alone.out
    vinyl.make_index("covers")
    several = vinyl("status")
    assert several.code == 1
    assert several.err.endswith(f"namespace {vinyl.namespace} has 2 VinylIndexes; name one: covers, records\n")
    assert vinyl("status", "covers").out.startswith(f"VinylIndex {vinyl.namespace}/covers: ")
    missing = vinyl("status", "tapes")
    assert (missing.code, missing.err) == (1, f"error: VinylIndex tapes is not in namespace {vinyl.namespace}\n")


def test_what_the_operator_tells_is_on_the_page_and_in_the_object(vinyl: Vinyl) -> None:
    sample = resource()
    vinyl.make_index("records", ingestor={"deployment": "vinymatic-ingestor"}, backup={"schedule": "0 3 * * *"})
    vinyl.tell("vinylindex/records", sample["status"])  # type: ignore[arg-type]  # JSON
    vinyl.kubectl("create", "deployment", "vinymatic-ingestor", "--image=ingestor", "--replicas=0")
    vinyl.kubectl("create", "-f", "-", body=warning(vinyl.namespace, "records", "epoch 5 is rolled back"))
    vinyl.kubectl("create", "-f", "-", body=warning(vinyl.namespace, "another", "not of this index"))
    page = vinyl("status").out
    for line in (
        "12,340 covers in 7 segments (1.2 GB); newest manifest 812",
        "0 of 0 running (idle)",
        "epoch 5 is rolled back",
        "retraining after 7588 more images; backup at 2026-11-25 03:00 UTC",
    ):
        assert line in page
    # No drill is wished for in this spec.
    assert "16 of 16 questions" not in page
    assert "not of this index" not in page
    found = vinyl("status", "-o", "json").json()
    assert found["index"] == sample["status"]["index"] | {"candidateEpoch": None}  # type: ignore[index,call-overload,operator]
    assert found["ingestor"] == {"deployment": "vinymatic-ingestor", "wanted": 0, "ready": 0, "problem": None}
    assert (found["backup"] is not None, found["drill"]) == (True, None)


def test_a_right_that_is_missing_is_named(vinyl: Vinyl) -> None:
    vinyl.make_index("records", ingestor={"deployment": "vinymatic-ingestor"})
    vinyl.kubectl("create", "serviceaccount", "reader")
    kubeconfig = vinyl.control_plane.kubeconfig_for(vinyl.namespace, "reader")
    reader = f"system:serviceaccount:{vinyl.namespace}:reader"
    refused = vinyl("status", kubeconfig=kubeconfig)
    assert (refused.code, refused.err) == (
        1,
        f"error: {reader} may not list vinylindexes.vinymatic.io in namespace {vinyl.namespace}:"
        ' a Role must grant the verb "list" on it\n',
    )
    vinyl.kubectl("create", "role", "reader", "--verb=get,list", "--resource=vinylindexes.vinymatic.io")
    vinyl.kubectl("create", "rolebinding", "reader", "--role=reader", f"--serviceaccount={vinyl.namespace}:reader")
    # The index is told of without what may not be read beside it; the namespace is that of the kubeconfig's context.
    seen = vinyl("status", kubeconfig=kubeconfig)
    assert seen.code == 0, seen.err
    assert f"{reader} may not get deployments.apps" in " ".join(seen.out.split())
    pausing = vinyl("pause", kubeconfig=kubeconfig)
    assert (pausing.code, f"{reader} may not patch vinylindexes.vinymatic.io" in pausing.err) == (1, True)


def test_backups_are_listed_newest_first_with_what_became_of_them(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    none = vinyl("backups", "records")
    assert (none.code, none.out, none.err) == (0, "", f"no backups of records in namespace {vinyl.namespace}\n")
    vinyl.make("VinylBackup", "good", {"index": "records"})
    vinyl.make("VinylBackup", "elsewhere", {"index": "covers"})
    complete = {"type": "Complete", "status": "True", "reason": "Done", "lastTransitionTime": "2026-11-24T20:00:00Z"}
    vinyl.tell("vinylbackup/good", {"manifest": 805, "covers": 12340, "conditions": [{**complete, "message": ""}]})
    table = [line.split() for line in vinyl("backups").out.splitlines()]
    assert [row[:3] for row in table] == [["NAME", "MANIFEST", "COVERS"], ["good", "805", "12,340"]]
    assert table[1][4] == "Complete"


def warning(namespace: str, index: str, message: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": "warning-", "namespace": namespace},
        "involvedObject": {
            "apiVersion": "vinymatic.io/v1alpha1",
            "kind": "VinylIndex",
            "name": index,
            "namespace": namespace,
        },
        "type": "Warning",
        "reason": "RolloutStuck",
        "message": message,
        "lastTimestamp": "2026-11-24T20:00:00Z",
    }
