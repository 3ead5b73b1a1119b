"""What `kubectl vinyl` asks of an index, on a real API server that checks it by the CRDs."""

from __future__ import annotations

import pytest

from tests.cluster.plugin.conftest import Vinyl
from tests.kube.waiting import until
from tests.unit.plugin.samples import condition, summary
from vinymatic_operator.observe.reading import annotations_of, part

pytestmark = pytest.mark.cluster


def requests(vinyl: Vinyl) -> dict[str, str]:
    """The index's annotations: a new one has none."""
    return annotations_of(vinyl.look("vinylindex/records"))


def test_a_retraining_is_asked_for_by_an_annotation_and_a_dry_run_leaves_none(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    tried = vinyl("retrain", "--dry-run")
    assert tried.code == 0, tried.err
    assert "(dry run: nothing is changed)" in tried.out
    assert requests(vinyl) == {}
    asked = vinyl("retrain", "-o", "json")
    answer = asked.json()
    sent = part(answer, "sent", "metadata", "annotations")
    assert requests(vinyl) == sent
    assert list(sent) == ["vinymatic.io/retrain-at"]
    assert part(answer, "received", "metadata")["name"] == "records"
    assert f"follow it with: kubectl vinyl status records -n {vinyl.namespace}" in asked.err


def test_who_waits_for_a_retraining_sees_its_steps_and_its_end(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    with vinyl.started("retrain", "--wait") as process:
        until(lambda: bool(requests(vinyl)), "the request")
        request = requests(vinyl)["vinymatic.io/retrain-at"]
        vinyl.tell("vinylindex/records", {"retraining": {"request": request, "phase": "Gating"}})
        assert process.stderr is not None
        steps = iter(process.stderr.readline, "")
        assert next(line for line in steps if "at " in line) == "waiting: at Gating\n"
        gate = {"epoch": 5, "passed": False, "at": "2026-11-24T20:00:00Z", "failures": ["recall falls"]}
        ended = {"phase": None, "gate": gate, "outcome": "done"}
        vinyl.tell("vinylindex/records", {"retraining": ended})
        assert next(line for line in steps if "error" in line) == "error: epoch 5 did not pass its gate: recall falls\n"
    assert process.returncode == 1


def test_what_cannot_succeed_is_refused(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    vinyl.tell("vinylindex/records", {"index": summary(previousEpoch=None)})
    for command, why in (
        ("promote", "no candidate epoch to promote (active is 4)"),
        ("rollback", "no previous epoch to go back to: only epoch 4 is there"),
        ("backup", "no spec.backup"),
        ("restore", "no spec.backup"),
    ):
        refused = vinyl(command)
        assert (refused.code, why in refused.err) == (1, True), refused.err
    assert requests(vinyl) == {}


def test_a_promotion_needs_yes(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    vinyl.tell("vinylindex/records", {"index": summary(candidateEpoch=5)})
    refused = vinyl("promote")
    assert (refused.code, "add --yes to do it" in refused.err, requests(vinyl)) == (1, True, {})
    assert vinyl("promote", "--yes").code == 0
    assert list(requests(vinyl)) == ["vinymatic.io/promote-at"]


def test_a_pause_is_shown_loudly_until_it_is_over(vinyl: Vinyl) -> None:
    vinyl.make_index("records")
    vinyl("pause", "--dry-run")
    assert "PAUSED" not in vinyl("status").out
    assert vinyl("pause").out == f"{vinyl.namespace}/records is paused\n"
    assert vinyl("pause").out == f"{vinyl.namespace}/records is paused already\n"
    assert "*** PAUSED" in vinyl("status").out
    waiting = vinyl("retrain", "--wait")
    assert (waiting.code, "is paused: a retraining waits until it is resumed" in waiting.err) == (1, True)
    assert "this waits until `kubectl vinyl resume records" in vinyl("retrain").out
    assert vinyl("resume").out == f"{vinyl.namespace}/records is not paused\n"
    assert "PAUSED" not in vinyl("status").out


def test_a_backup_is_made_and_waited_for(vinyl: Vinyl) -> None:
    vinyl.make_index("records", backup={})
    tried = vinyl("backup", "--name", "by-hand", "--dry-run")
    assert (tried.code, vinyl.kubectl("get", "vinylbackups", "-o", "name")) == (0, "")
    with vinyl.started("backup", "--name", "by-hand", "--wait") as process:
        until(lambda: "by-hand" in vinyl.kubectl("get", "vinylbackups", "-o", "name"), "the VinylBackup")
        vinyl.tell("vinylbackup/by-hand", {"conditions": [condition("Complete", "True", "Done", "12 files copied")]})
        out, err = process.communicate()
    assert (process.returncode, out.splitlines()[-1]) == (0, "done: 12 files copied"), err
    again = vinyl("backup", "--name", "by-hand")
    assert (again.code, '"by-hand" already exists' in again.err, again.err.count("\n")) == (1, True, 1)
    assert vinyl("backup").code == 0
    assert len(vinyl.kubectl("get", "vinylbackups", "-o", "name").split()) == 2


def test_a_restore_into_the_index_itself_needs_yes_and_one_beside_it_does_not(vinyl: Vinyl) -> None:
    vinyl.make_index("records", backup={})
    refused = vinyl("restore", "--manifest", "805")
    assert refused.code == 1
    assert "the backup of manifest 805 in the place of what records serves now" in refused.err
    assert vinyl.kubectl("get", "vinylrestores", "-o", "name") == ""
    beside = vinyl("restore", "--time", "2026-11-01T12:00", "--to-prefix", "copy", "--name", "beside")
    assert beside.code == 0, beside.err
    assert vinyl.look("vinylrestore/beside")["spec"] == {
        "index": "records",
        "source": {"time": "2026-11-01T12:00:00Z"},
        "target": {"prefix": "copy"},
    }
    into = vinyl("restore", "--yes", "--name", "into", "-o", "json")
    assert part(into.json(), "sent")["spec"] == {"index": "records", "source": {}}
    both = vinyl("restore", "--manifest", "1", "--backup", "b")
    assert (both.code, "exclude each other" in both.err) == (2, True)
