"""Asks a container whether it is started or ready, as its spec says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from tests.kube.api import Object


async def passes(probe: Object, container: Object, pod_ip: str) -> bool:
    """One look. A probe of another kind than httpGet and tcpSocket always passes."""
    seconds = float(probe.get("timeoutSeconds", 1))
    if check := probe.get("httpGet"):
        port = _port(check["port"], container)
        host = check.get("host") or pod_ip
        url = f"{check.get('scheme', 'HTTP').lower()}://{host}:{port}/{check.get('path', '/').lstrip('/')}"
        headers = {item["name"]: item["value"] for item in check.get("httpHeaders", [])}
        try:
            async with httpx.AsyncClient(verify=False, timeout=seconds, trust_env=False) as client:
                return (await client.get(url, headers=headers)).status_code < 400
        except httpx.HTTPError:
            return False
    if check := probe.get("tcpSocket"):
        try:
            async with asyncio.timeout(seconds):
                _, writer = await asyncio.open_connection(pod_ip, _port(check["port"], container))
            writer.close()
        except OSError:  # a time-out is one
            return False
    return True


async def follow(
    probe: Object, container: Object, pod_ip: str, longest_period: float, changed: Callable[[bool], None]
) -> None:
    """Looks until it is cancelled, and tells every look that the thresholds let count."""
    period = min(float(probe.get("periodSeconds", 10)), longest_period)
    needed = {True: int(probe.get("successThreshold", 1)), False: int(probe.get("failureThreshold", 3))}
    await asyncio.sleep(float(probe.get("initialDelaySeconds", 0)))
    last, in_a_row = False, 0
    while True:
        result = await passes(probe, container, pod_ip)
        in_a_row = in_a_row + 1 if result == last else 1
        last = result
        if in_a_row >= needed[result]:
            changed(result)
        await asyncio.sleep(period)


def _port(port: int | str, container: Object) -> int:
    """By number, or by the name of one of the container's ports."""
    if isinstance(port, str) and not port.isdigit():
        return next(int(item["containerPort"]) for item in container.get("ports", []) if item.get("name") == port)
    return int(port)
