"""Asks a server whether it answers."""

from __future__ import annotations

import http.client

from local.servers.ports import HOST


def answers_http(port: int, path: str = "/", *, timeout: float = 2, accept: frozenset[int] = frozenset({200})) -> bool:
    """True when `GET path` on loopback is answered with one of the statuses of `accept`."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in accept
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
