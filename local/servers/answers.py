"""Asks a server whether it answers."""

from __future__ import annotations

import http.client
import socket
import ssl

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


def shakes_hands(port: int, name: str, trust: ssl.SSLContext, *, timeout: float = 2) -> bool:
    """True when a TLS handshake on loopback for the host `name` gives a certificate that `trust` accepts."""
    try:
        with socket.create_connection((HOST, port), timeout) as plain, trust.wrap_socket(plain, server_hostname=name):
            return True
    except OSError:  # ssl's errors are among them
        return False
