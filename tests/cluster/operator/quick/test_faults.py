"""An API server that refuses, loses, delays, falls silent or dies; two operators; people who delete what is in use."""

from __future__ import annotations

import time

import pytest

from tests.cluster.operator.quick.conftest import NewSite
from tests.cluster.operator.quick.flows import BACKUP, FLOWS, RETRAIN
from tests.cluster.operator.quick.site import NAME, QuickSite
from tests.cluster.operator.quick.weather import Weather
from tests.kube.api import Object
from tests.kube.proxy import ApiProxy, Fault, Refuse, Request, Silence
from tests.kube.waiting import until
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, JOBS, PODS
from vinymatic_operator.resources.names import RETRAIN_AT, STEP_LABEL

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.mark.parametrize("name", ["retrain", "backup"])
def test_requests_that_are_refused_lost_and_delayed_and_watches_that_are_cut_off_or_silent_only_cost_time(
    name: str, new_site: NewSite
) -> None:
    site, flow = new_site(), FLOWS[name]
    weather = Weather()
    flow.begin(site)
    site.proxy.rule = weather
    site.launch_operator()

    def over() -> bool:
        if not site.operator.running:  # as Kubernetes does
            site.launch_operator()
        if time.monotonic() > cut[0]:
            site.proxy.cut_watches()
            cut[0] = time.monotonic() + 3
        return flow.over(site)

    cut = [time.monotonic() + 3]
    try:
        until(over, f"the end of {name}", seconds=300)
    except TimeoutError as error:
        error.add_note(f"{site.outcome()}\n{weather.met}\n{site.operator.log_tail(60)}")
        raise
    weather.clear()
    flow.settled(site)
    assert len(weather.met) > 10


def test_two_operators_at_once_run_each_command_once_and_do_not_write_in_turns(new_site: NewSite) -> None:
    site = new_site()
    with ApiProxy(site.account("second")) as proxy:
        second = site.operator_process("second", proxy)
        RETRAIN.begin(site)
        site.launch_operator()
        second.launch()
        try:
            RETRAIN.settled(site)
            before = site.proxy.writes + proxy.writes
            print(f"two operators: {before} writes")  # noqa: T201 - the measured number
            # Alone it is about 40.
            assert before < 160, (site.proxy.counted(), proxy.counted())
            until(lambda: proxy.counted()["GET jobs"] > 2, "a few more looks of both")
            assert site.proxy.writes + proxy.writes == before
        finally:
            second.kill()


def test_a_job_that_a_person_deletes_while_it_runs_is_started_anew(new_site: NewSite) -> None:
    site = new_site()
    RETRAIN.begin(site)
    site.launch_operator()
    until(lambda: "train" in site.index.ran, "the training")
    with site.gate:  # the next one runs, and waits in the middle
        until(lambda: _job(site, "gate"), "the gate's Job")
        deleted: Object = _job(site, "gate")["metadata"]
        until(lambda: _job(site, "gate").get("status", {}).get("active"), "its pod")
        site.delete(JOBS, deleted["name"])
        until(lambda: _job(site, "gate").get("metadata", {}).get("uid") not in (None, deleted["uid"]), "one anew")
    until(lambda: site.index.state.active_epoch == 1 and _settled(site), "the end", seconds=120)


def test_deleting_the_job_of_a_training_takes_its_request_back_and_another_request_is_another(
    new_site: NewSite,
) -> None:
    site = new_site()
    RETRAIN.begin(site)
    with site.gate:
        site.launch_operator()
        until(lambda: _job(site, "train") and not _settled(site), "the training's Job")
        until(lambda: site.read(INDEXES, NAME)["status"]["retraining"].get("request"), "the word of it")
        site.delete(JOBS, _job(site, "train")["metadata"]["name"])
        until(lambda: _settled(site) and not _job_pods(site), "rest")
        site.annotate({RETRAIN_AT: "again"})
        until(lambda: _job(site, "train"), "another")
    RETRAIN.settled(site)


def test_a_backup_that_a_person_deletes_while_it_is_made_leaves_nothing_waiting(new_site: NewSite) -> None:
    site = new_site()
    BACKUP.begin(site)
    with site.gate:
        site.launch_operator()
        (backup,) = until(lambda: site.list(BACKUPS), "the VinylBackup")
        until(lambda: site.list(JOBS), "its Job")
        site.delete(BACKUPS, backup["metadata"]["name"])
        until(lambda: not site.list(BACKUPS), "its end")
    until(lambda: not site.list(JOBS) and _settled(site), "rest", seconds=120)
    site.create(BACKUPS, {"metadata": {"name": "by-hand"}, "spec": {"index": NAME}})
    until(lambda: "Complete" in site.outcome()["backups"][0], "a backup by hand", seconds=120)


@pytest.mark.parametrize("unheard", [False, True], ids=["", "while nothing is heard of Jobs"])
def test_an_index_that_is_deleted_in_the_middle_and_made_again_is_a_new_one(new_site: NewSite, unheard: bool) -> None:
    site = new_site()
    RETRAIN.begin(site)
    with site.gate:
        site.launch_operator()
        job = until(lambda: _job(site, "train"), "the first Job")
        until(lambda: site.outcome()["indexes"][NAME].get("Reconciling") == ("True", "Training"), "the word of it")
        body = site.read(INDEXES, NAME)
        if unheard:
            site.proxy.rule = _deaf_to_jobs
            site.proxy.cut_watches()
        site.delete(INDEXES, NAME)
        # Kubernetes' garbage collector looks for new kinds every 30 s.
        until(lambda: not site.list(INDEXES) and not site.list(JOBS), "the end of it and its Job", seconds=120)
        until(lambda: not _job_pods(site), "the end of the Job's pod")
        again = {"metadata": {"name": NAME, "annotations": body["metadata"]["annotations"]}, "spec": body["spec"]}
        site.create(INDEXES, again)
        until(lambda: _job(site, "train").get("metadata", {}).get("uid") not in (None, job["metadata"]["uid"]), "anew")
    site.proxy.rule = lambda request: None
    site.proxy.cut_watches()
    RETRAIN.settled(site)


def _deaf_to_jobs(request: Request) -> Fault | None:
    if request.method != "GET" or request.resource != "jobs":
        return None
    return Silence() if request.watch else Refuse(503)


def _job(site: QuickSite, step: str) -> Object:
    """Empty where there is none."""
    return next((job for job in site.list(JOBS) if job["metadata"]["labels"][STEP_LABEL] == step), {})


def _job_pods(site: QuickSite) -> list[Object]:
    return [pod for pod in site.list(PODS) if "batch.kubernetes.io/job-name" in pod["metadata"]["labels"]]


def _settled(site: QuickSite) -> bool:
    told: dict[str, tuple[str, str]] = site.outcome()["indexes"].get(NAME, {})
    return told.get("Reconciling") == ("False", "Settled")
