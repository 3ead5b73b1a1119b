"""A retraining from its request to the retired epoch, with the real commands, the real API and the real operator."""

from __future__ import annotations

import pytest

from tests.cluster.operator.site import Site

pytestmark = pytest.mark.cluster


def test_one_that_is_asked_for_is_trained_measured_promoted_rolled_out_and_the_epoch_before_retired(site: Site) -> None:
    site.install({"rollout": {"soakSeconds": 2}, "retraining": {"gate": {"simulatedPhotos": 10}}})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    before = site.status()["index"]["activeEpoch"]
    site.kubectl("annotate", "vinylindex", "records", "vinymatic.io/retrain-at=now")
    site.await_condition("Reconciling", "True")
    site.await_condition("Reconciling", "False", "Settled", seconds=240)
    status = site.status()
    assert (status["index"]["activeEpoch"], status["index"].get("previousEpoch")) == (before + 1, None)
    print(site.kubectl("get", "vinylindex,jobs,pods"), site.events(), status)
