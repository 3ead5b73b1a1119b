"""A node that loses its power, and a kubelet without its API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.kube.pods import apply, condition, ended, job, pod, read, shell, web
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.process import LocalKubelet
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster

# A process that leaves its group and its parent, as a daemon does.
DAEMON = "setsid sh -c 'while :; do sleep 0.1; done' & echo up; while :; do sleep 0.1; done"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[ControlPlane, LocalKubelet]]:
    with ControlPlane(tmp_path / "plane") as plane, LocalKubelet(plane, tmp_path / "kubelet") as kubelet:
        plane.create_namespace("own")
        yield plane, kubelet


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_no_process_outlives_the_kubelet_and_pods_go_on_when_it_is_back(
    end: str, own: tuple[ControlPlane, LocalKubelet]
) -> None:
    control_plane, kubelet = own
    apply(control_plane, "own", pod("once", shell(DAEMON)))
    apply(control_plane, "own", web("api", "1", replicas=1))
    until(lambda: kubelet.container_log("own", "once", "main") == "up\n", "the daemon running")
    until(lambda: read(control_plane, "own", "deployment", "api")["status"].get("readyReplicas") == 1, "a ready pod")
    assert len(kubelet.processes()) >= 3
    (kubelet.kill if end == "kill" else kubelet.stop)()
    assert kubelet.processes() == []
    kubelet.start()
    assert until(lambda: ended(control_plane, "own", "once"), "the pod's end")["status"]["phase"] == "Failed"

    def restarted() -> bool:
        (made,) = read(control_plane, "own", "pods", "--selector=app=api")["items"]
        return condition(made, "Ready") == "True" and made["status"]["containerStatuses"][0]["restartCount"] == 1

    until(restarted, "the web server again")


def test_what_ends_while_the_api_server_is_gone_is_told_when_it_is_back(
    own: tuple[ControlPlane, LocalKubelet], tmp_path: Path
) -> None:
    control_plane, kubelet = own
    go = tmp_path / "go"
    apply(control_plane, "own", job("train", shell(f"echo up; until [ -e {go} ]; do sleep 0.05; done; echo done")))

    def log() -> str:
        names = [item["metadata"]["name"] for item in read(control_plane, "own", "pods")["items"]]
        return "".join(kubelet.container_log("own", name, "main") for name in names)

    until(lambda: log() == "up\n", "the Job's process")
    control_plane.servers["apiserver"].kill()
    go.touch()
    until(lambda: kubelet.processes() == [], "the process's end")
    control_plane.servers["apiserver"].start()
    until(lambda: condition(read(control_plane, "own", "job", "train"), "Complete") == "True", "the Job's success")
    apply(control_plane, "own", job("next", shell("exit 0")))
    until(lambda: condition(read(control_plane, "own", "job", "next"), "Complete") == "True", "a Job made afterwards")
