"""The node: known to the API server, taking every pod that has none, with one worker for each of its pods."""

from __future__ import annotations

import asyncio
import contextlib
import random
import traceback
from collections.abc import Coroutine
from pathlib import Path

from tests.kube.api import Object
from tests.kube.errors import KubeApiError
from tests.kube.kubelet.client import KubeClient
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.pod import PodWorker
from tests.kube.kubelet.status import now

_CAPACITY = {"cpu": "64", "memory": "256Gi", "pods": "1000", "ephemeral-storage": "1Ti"}


class Node:
    """`port` is where the API server asks for logs."""

    def __init__(self, client: KubeClient, folder: Path, options: Options, port: int) -> None:
        self._client = client
        self._folder = folder
        self._options = options
        self._port = port
        self._workers: dict[str, PodWorker] = {}
        self._ips: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def register(self) -> None:
        name = self._options.node
        node: Object = {
            "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}}
        }
        with contextlib.suppress(KubeApiError):  # it is known from an earlier start
            await self._client.request("POST", "/api/v1/nodes", node)
        await self._client.request("PATCH", f"/api/v1/nodes/{name}", {"spec": {"taints": []}})
        await self._client.request("PATCH", f"/api/v1/nodes/{name}/status", {"status": node_status(self._port, now())})

    async def run(self) -> None:
        """Follows the pods of the whole cluster, without end."""
        async for kind, pod in self._client.watch("/api/v1/pods"):
            if kind == "DELETED":
                if worker := self._workers.get(pod["metadata"]["uid"]):
                    worker.vanish()
            elif not pod["spec"].get("nodeName"):
                if not pod["spec"].get("schedulingGates") and not pod["metadata"].get("deletionTimestamp"):
                    self._spawn(self._bind(pod))
            elif pod["spec"]["nodeName"] == self._options.node:
                self._take(pod)

    def _take(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if worker := self._workers.get(uid):
            worker.update(pod)
            return
        ip = pod.get("status", {}).get("podIP") or free_address(self._ips)
        self._ips.add(ip)
        self._workers[uid] = worker = PodWorker(pod, ip, self._client, self._folder, self._options)
        self._spawn(self._work(worker, ip))

    async def _work(self, worker: PodWorker, ip: str) -> None:
        try:
            await worker.run()
        finally:
            del self._workers[worker.uid]
            self._ips.discard(ip)

    async def _bind(self, pod: Object) -> None:
        meta = pod["metadata"]
        target = {"apiVersion": "v1", "kind": "Node", "name": self._options.node}
        binding = {"metadata": {"name": meta["name"], "uid": meta["uid"]}, "target": target}
        with contextlib.suppress(KubeApiError):  # bound or deleted meanwhile
            await self._client.request(
                "POST", f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/binding", binding
            )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_report)


def _report(task: asyncio.Task[None]) -> None:
    """A fault of the kubelet's own, into its log."""
    if not task.cancelled() and (error := task.exception()) is not None:
        traceback.print_exception(error)


def node_status(port: int, at: str) -> Object:
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "the test kubelet runs",
        "lastHeartbeatTime": at,
        "lastTransitionTime": at,
    }
    return {
        "conditions": [ready],
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
    }


def free_address(taken: set[str]) -> str:
    """An address on loopback that no pod of ours has. Random: kubelets of other test processes share the machine."""
    while True:
        address = f"127.{random.randint(16, 239)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        if address not in taken:
            return address
