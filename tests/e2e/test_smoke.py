"""The cluster itself: what every other test here takes for granted."""

from __future__ import annotations

import json

import pytest

from tests.e2e.bare.errors import CommandError
from tests.e2e.kubernetes import Cluster
from tests.e2e.pods import pod, run_to_end

pytestmark = pytest.mark.e2e

PROGRAMS = {
    "api": ["vinymatic", "serve", "--help"],
    "ingestor": ["vinymatic", "ingest", "--help"],
    "operator": ["vinymatic", "operate", "--help"],
    "caddy": ["caddy", "version"],
    "ministack": ["python", "-c", "import ministack; print('ministack')"],
    "seaweedfs": ["weed", "version"],
    "prometheus": ["prometheus", "--version"],
}
# Nothing that builds or installs software, no root, and the whole of what the target needs.
INSIDE = """
import importlib.util, json, os, shutil
def size(root):
    seen = {}
    for folder, folders, files in os.walk(root):
        # Not what is mounted: volumes, /proc, /sys.
        folders[:] = [f for f in folders if os.lstat(os.path.join(folder, f)).st_dev == os.lstat(root).st_dev]
        for status in (os.lstat(os.path.join(folder, file)) for file in files):
            seen[status.st_ino] = status.st_size
    return sum(seen.values())

names = ("pip", "setuptools", "ensurepip", "kubernetes", "kopf", "fastapi", "cv2", "faiss")
print(json.dumps({
    "modules": [name for name in names if importlib.util.find_spec(name)],
    "programs": [name for name in ("pip", "pip3", "gcc", "cc", "make") if shutil.which(name)],
    "user": os.getuid(),
    "megabytes": size("/") / 1e6,
    "writable": [path for path in ("/", "/opt/vinymatic", "/usr") if os.access(path, os.W_OK)],
}))
"""
# Uncompressed; docs/images.md says what they hold.
MOST_MEGABYTES = {"api": 405, "ingestor": 400, "operator": 455}
EXTRAS = {"api": {"fastapi"}, "ingestor": set(), "operator": {"kopf", "kubernetes"}}


def test_all_nodes_are_ready(cluster: Cluster) -> None:
    nodes = cluster.get("nodes")["items"]
    ready = {c["status"] for node in nodes for c in node["status"]["conditions"] if c["type"] == "Ready"}
    assert (len(nodes) >= 2, ready) == (True, {"True"})


def test_a_pod_of_each_image_starts_on_every_node_under_the_restricted_standard(
    cluster: Cluster, namespace: str
) -> None:
    nodes = [str(node["metadata"]["name"]) for node in cluster.get("nodes")["items"]]
    pods = [
        pod(f"{name}-{node}", cluster.image(name), command, node)
        for name, command in PROGRAMS.items()
        for node in nodes
    ]
    printed = run_to_end(cluster, namespace, *pods)
    assert [name for name, text in printed.items() if not text] == []


def test_pods_resolve_services_and_reach_the_api_server(cluster: Cluster, namespace: str) -> None:
    name = "kubernetes.default.svc.cluster.local"
    script = f"import socket; print(socket.create_connection(('{name}', 443), 20).getpeername()[0])"
    nodes = [str(node["metadata"]["name"]) for node in cluster.get("nodes")["items"]]
    pods = [pod(f"ask-{node}", cluster.image("api"), ["python", "-c", script], node) for node in nodes]
    address = cluster.get("service", "kubernetes", "--namespace=default")["spec"]["clusterIP"]
    assert {text.strip() for text in run_to_end(cluster, namespace, *pods).values()} == {address}


def test_our_images_hold_what_they_run_and_nothing_that_installs_software(cluster: Cluster, namespace: str) -> None:
    pods = [pod(name, cluster.image(name), ["python", "-c", INSIDE]) for name in EXTRAS]
    for name, text in run_to_end(cluster, namespace, *pods).items():
        inside = json.loads(text)
        assert inside.pop("megabytes") <= MOST_MEGABYTES[name]
        assert set(inside.pop("modules")) == {"cv2", "faiss"} | EXTRAS[name]
        assert inside == {"programs": [], "user": 10001, "writable": []}


def test_a_pod_of_another_standard_is_refused(cluster: Cluster, namespace: str) -> None:
    privileged = pod("root", cluster.image("api"), ["true"])
    privileged["spec"]["hostNetwork"] = True
    privileged["metadata"]["namespace"] = namespace
    with pytest.raises(CommandError, match="violates PodSecurity"):
        cluster.apply(privileged)


def test_keda_serves_its_metrics(cluster: Cluster) -> None:
    assert json.loads(cluster.kubectl("get", "--raw", "/apis/external.metrics.k8s.io/v1beta1"))["resources"] is not None


def test_helm_reaches_the_cluster(cluster: Cluster, namespace: str) -> None:
    assert json.loads(cluster.helm("list", f"--namespace={namespace}", "--output=json")) == []
