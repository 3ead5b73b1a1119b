"""A retraining from its request to the retired epoch, with the real commands, the real API and the real operator."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.cluster.operator.site import Site

pytestmark = pytest.mark.cluster

QUICK = {"rollout": {"soakSeconds": 2}, "retraining": {"gate": {"simulatedPhotos": 10}}}


def test_one_that_is_asked_for_ends_with_every_pod_on_the_new_epoch_and_the_old_one_retired(site: Site) -> None:
    site.install(QUICK)
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    site.kubectl("annotate", "vinylindex", "records", f"vinymatic.io/retrain-at={now}")
    site.await_status("retraining.request", now)
    site.await_condition("Reconciling", "False", "Settled", seconds=240)
    status = site.status()
    assert (status["index"]["activeEpoch"], status["index"].get("previousEpoch")) == (1, None)
    assert status["served"] == [{"manifest": status["index"]["manifest"], "epoch": 1, "pods": 2}]
    assert status["retraining"]["gate"]["passed"] is True
    assert site.jobs() == ["gate-e1-1", "promote-e1-1", "retire-e0-1", "train-e1-1"]
    assert {"TrainStarted", "GateStarted", "PromoteStarted", "RollOutStarted", "RetireStarted"} <= set(site.events())
    assert site.columns("records") == ["True", "24", str(status["index"]["manifest"]), "1", "2/2"]


def test_a_candidate_that_fails_its_gate_is_dropped_and_the_service_never_notices(site: Site) -> None:
    site.install({"retraining": {"gate": {"simulatedPhotos": 10, "recallLoss": -1}}})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    pods = site.pods()
    site.kubectl("annotate", "vinylindex", "records", "vinymatic.io/retrain-at=once")
    site.await_condition("Trained", "False", "GateFailed", seconds=240)
    site.await_condition("Reconciling", "False", "Settled")
    status = site.status()
    assert (status["index"]["activeEpoch"], status["index"].get("candidateEpoch")) == (0, None)
    assert status["retraining"]["gate"]["failures"]
    assert site.jobs() == ["discard-e1-1", "gate-e1-1", "train-e1-1"]
    assert site.pods() == pods, "no pod was touched"
    assert site.conditions()["Ready"] == ("True", "Serving")
    assert "GateFailed" in site.events()


def test_an_epoch_whose_pods_do_not_come_up_is_rolled_back_by_commit_and_by_pod_template(site: Site) -> None:
    site.install({**QUICK, "rollout": {"soakSeconds": 2, "progressDeadlineSeconds": 10}}, dies_with_epoch=1)
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    site.kubectl("annotate", "vinylindex", "records", "vinymatic.io/retrain-at=once")
    site.await_condition("Trained", "False", "RolledBack", seconds=240)
    site.await_condition("Reconciling", "False", "Settled", seconds=120)
    status = site.status()
    assert (status["index"]["activeEpoch"], status["index"].get("previousEpoch")) == (0, None)
    assert status["served"] == [{"manifest": status["index"]["manifest"], "epoch": 0, "pods": 2}]
    assert site.conditions()["Ready"] == ("True", "Serving")
    assert {"RollbackStarted", "RolledBack"} <= set(site.events())


def test_several_pods_share_the_encoding(site: Site) -> None:
    site.add_cover()
    site.install({**QUICK, "retraining": {"parallelism": 2, "gate": {"simulatedPhotos": 10}}})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    site.kubectl("annotate", "vinylindex", "records", "vinymatic.io/retrain-at=once")
    site.await_status("retraining.request", "once")
    site.await_condition("Reconciling", "False", "Settled", seconds=240)
    assert site.status()["index"]["activeEpoch"] == 1
    assert site.read("job", "records-encode-e1-1")["status"]["completedIndexes"] == "0,1"


def test_one_that_is_due_by_images_begins_by_itself(site: Site) -> None:
    site.install({**QUICK, "retraining": {"images": 24, "gate": {"simulatedPhotos": 10}}})
    site.operator.start()
    site.await_condition("Reconciling", "True", seconds=120)
    site.await_condition("Reconciling", "False", "Settled", seconds=240)
    status = site.status()
    assert status["index"]["activeEpoch"] == 1
    assert (
        "24 images since the last training, of 24"
        in site.read("job", "records-train-e1-1")["metadata"]["annotations"]["vinymatic.io/reason"]
    )
