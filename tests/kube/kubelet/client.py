"""The kubelet's side of the API: it outlives the API server's outages, so every request is tried until it is answered."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx

from tests.kube.api import Object, checked, read_kubeconfig
from tests.kube.errors import KubeApiError
from tests.kube.kubelet.spec import Reference

_PAUSE = 0.2
_STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}


class KubeClient:
    def __init__(self, kubeconfig: Path) -> None:
        credentials = read_kubeconfig(kubeconfig)
        self._http = httpx.AsyncClient(
            base_url=credentials.server,
            headers=credentials.headers,
            verify=credentials.trust(),
            timeout=10,
            trust_env=False,
        )

    async def request(self, method: str, path: str, body: Object | None = None) -> Object:
        """Raises `KubeApiError` for what trying again would not change."""
        headers = _STRATEGIC if method == "PATCH" else {}
        while True:
            try:
                return checked(await self._http.request(method, path, json=body, headers=headers))
            except httpx.TransportError:
                pass
            except KubeApiError as error:
                # 403 too: for a moment after its start, an API server does not know its own roles.
                if error.status < 500 and error.status not in (403, 429):
                    raise
            await asyncio.sleep(_PAUSE)

    async def data(self, namespace: str, reference: Reference) -> Mapping[str, str] | None:
        """The decoded data of a Secret or ConfigMap; None when it is not there."""
        try:
            found = await self.request("GET", f"/api/v1/namespaces/{namespace}/{reference.kind}/{reference.name}")
        except KubeApiError as error:
            if error.status == 404:
                return None
            raise
        data: dict[str, str] = found.get("data") or {}
        if reference.kind == "secrets":
            return {key: base64.b64decode(value).decode() for key, value in data.items()}
        return data

    async def watch(self, path: str) -> AsyncIterator[tuple[str, Object]]:
        """Every object there is and each change, without end, as (ADDED | MODIFIED | DELETED, object).

        After an interruption all objects are listed anew as MODIFIED, and those gone meanwhile are given as DELETED.
        """
        known: dict[str, Object] = {}
        while True:
            listed = await self.request("GET", path)
            current = {item["metadata"]["uid"]: item for item in listed["items"]}
            for uid in known.keys() - current.keys():
                yield "DELETED", known[uid]
            for item in current.values():
                yield "MODIFIED", item
            known = current
            async for kind, item in self._changes(path, listed["metadata"]["resourceVersion"]):
                uid = item["metadata"]["uid"]
                if kind == "DELETED":
                    known.pop(uid, None)
                else:
                    known[uid] = item
                yield kind, item

    async def _changes(self, path: str, version: str) -> AsyncIterator[tuple[str, Object]]:
        query = {"watch": "1", "resourceVersion": version}
        # An API server that is gone closes the connection; only one that hangs needs the time-out.
        timeout = httpx.Timeout(10, read=120)
        try:
            async with self._http.stream("GET", path, params=query, timeout=timeout) as response:
                async for line in response.aiter_lines():
                    event = json.loads(line)
                    if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
                        return
                    yield event["type"], event["object"]
        except httpx.TransportError:
            await asyncio.sleep(_PAUSE)
        except json.JSONDecodeError:
            # The last line was cut off with the connection.
            await asyncio.sleep(_PAUSE)
