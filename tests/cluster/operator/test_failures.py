"""What goes wrong is said, tried again, and harms nothing."""

from __future__ import annotations

import pytest

from tests.cluster.operator.site import Site
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster


def test_a_job_that_fails_is_explained_tried_again_and_done_once_it_can_be(site: Site) -> None:
    site.install({"retraining": {"gate": {"simulatedPhotos": 10}}, "jobTemplate": {"backoffLimit": 0}})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    site.kubectl(
        "patch", "vinylindex", "records", "--type=merge", "-p", '{"spec":{"storage":{"endpoint":"http://127.0.0.1:1"}}}'
    )
    site.kubectl("annotate", "vinylindex", "records", "vinymatic.io/retrain-at=once")
    site.await_condition("Trained", "False", "TrainingFailed", seconds=180)
    (condition,) = [c for c in site.status()["conditions"] if c["type"] == "Trained"]
    assert "127.0.0.1:1" in condition["message"]
    assert "TrainFailed" in site.events()
    assert site.conditions()["Ready"][0] == "True", "the service goes on"
    endpoint = f'{{"spec":{{"storage":{{"endpoint":"{site.endpoint}"}}}}}}'
    site.kubectl("patch", "vinylindex", "records", "--type=merge", "-p", endpoint)
    until(lambda: site.status()["index"]["activeEpoch"] == 1 or None, "epoch 1", seconds=240)


def test_paused_starts_nothing_and_resumed_goes_on(site: Site) -> None:
    site.install({"paused": True, "backup": {"questions": 0}})
    site.operator.start()
    site.await_condition("Reconciling", "False", "Paused")
    site.apply(site.backup("first"))
    site.await_condition("Complete", "False", "Waiting", "vinylbackup", "first")
    assert site.jobs() == []
    site.kubectl("patch", "vinylindex", "records", "--type=merge", "-p", '{"spec":{"paused":false}}')
    site.await_condition("Complete", "True", "BackedUp", "vinylbackup", "first")


def test_a_schedule_that_means_nothing_is_said_and_stops_nothing_else(site: Site) -> None:
    site.install({"backup": {"schedule": "61 * * * *"}})
    site.operator.start()
    site.await_condition("BackedUp", "False", "BadSchedule")
    site.await_condition("Serving", "True", "AllServing")
