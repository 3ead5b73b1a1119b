"""One pod's life on this node, from its binding to its removal."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.kube.api import Object
from tests.kube.errors import KubeApiError
from tests.kube.kubelet.client import KubeClient
from tests.kube.kubelet.container import Container, Sandbox
from tests.kube.kubelet.folders import PodFolders
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.spec import Lookup, Reference, references
from tests.kube.kubelet.status import now, pod_status, restored

_TERMINAL = ("Succeeded", "Failed")


class PodWorker:
    """`ip` is the pod's own address on loopback. `run` is the whole life; `update` tells it what changed in the API."""

    def __init__(self, pod: Object, ip: str, client: KubeClient, folder: Path, options: Options) -> None:
        meta = pod["metadata"]
        self.uid: str = meta["uid"]
        self.folders = PodFolders(folder, meta["namespace"], meta["name"], self.uid)
        self._pod = pod
        self._ip = ip
        self._client = client
        self._path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        self._status: Object = dict(pod.get("status", {}))
        self._dirty, self._ending, self._gone = asyncio.Event(), asyncio.Event(), False
        sandbox = Sandbox(pod, ip, self.folders, options, self._lookup, self._dirty.set)
        known = self._status
        self._init = [
            Container(spec, restored(spec, known.get("initContainerStatuses", [])), sandbox)
            for spec in pod["spec"].get("initContainers", [])
        ]
        self._main = [
            Container(spec, restored(spec, known.get("containerStatuses", [])), sandbox)
            for spec in pod["spec"]["containers"]
        ]
        self.update(pod)

    def update(self, pod: Object) -> None:
        self._pod = pod
        if pod["metadata"].get("deletionTimestamp"):
            self._ending.set()

    def vanish(self) -> None:
        """The pod is not in the API any more."""
        self._gone = True
        self.kill()
        self._ending.set()

    def kill(self) -> None:
        for container in [*self._init, *self._main]:
            container.kill()

    async def run(self) -> None:
        """Returns once the pod is removed. A pod that has ended stays until someone deletes it."""
        publishing = asyncio.create_task(self._publish())
        living = asyncio.create_task(self._live())
        try:
            await self._ending.wait()
            await self._end(living)
        finally:
            for task in (living, publishing):
                task.cancel()
            self.kill()
            await asyncio.gather(living, publishing, return_exceptions=True)
        self.folders.remove_volumes()
        if not self._gone:
            await self._write_status()
            options: Object = {"gracePeriodSeconds": 0, "preconditions": {"uid": self.uid}}
            with contextlib.suppress(KubeApiError):  # gone already, or another of its name
                await self._client.request("DELETE", self._path, options)

    async def _live(self) -> None:
        if self._pod["status"].get("phase") in _TERMINAL:
            return
        self._dirty.set()
        policy = self._pod["spec"].get("restartPolicy", "Always")
        for container in self._init:
            await container.run("Never" if policy == "Never" else "OnFailure")
            if not container.record.succeeded:
                return
        await asyncio.gather(*(container.run(policy) for container in self._main))

    async def _end(self, living: asyncio.Task[None]) -> None:
        grace = float(self._pod["metadata"].get("deletionGracePeriodSeconds", 30))
        containers = [*self._init, *self._main]
        await asyncio.gather(*(container.stop(grace) for container in containers))
        await living
        # A pod that is deleted always ends: controllers wait for that.
        for container in containers:
            if container.record.terminated is None:
                gone = {"exitCode": 137, "reason": "ContainerStatusUnknown", "finishedAt": now()}
                container.record.state = {"terminated": gone}

    async def _lookup(self) -> Lookup:
        namespace = self.folders.namespace
        found: Mapping[Reference, Mapping[str, str] | None] = {
            reference: await self._client.data(namespace, reference) for reference in sorted(references(self._pod))
        }
        return found.get

    async def _publish(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            await self._write_status()

    async def _write_status(self) -> None:
        init, main = ([item.record for item in items] for items in (self._init, self._main))
        self._status = pod_status(init, main, before=self._status, pod_ip=self._ip, at=now())
        try:
            # With the uid, so that a later pod of the same name is left alone.
            await self._client.request(
                "PATCH", f"{self._path}/status", {"metadata": {"uid": self.uid}, "status": self._status}
            )
        except KubeApiError as error:
            if error.status not in (404, 409):
                sys.stderr.write(f"{self._path}: {error}\n")
