"""Free ports on loopback."""

from __future__ import annotations

import errno
import random
import socket
from contextlib import ExitStack

from local.errors import BusyPortError

HOST = "127.0.0.1"
# Below the range that Linux takes outgoing connections' ports from: there, a port found free may be gone before the server binds it.
_LOWEST, _HIGHEST = 20_000, 32_000


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return _binds(probe, port)


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on now. Random, so that test processes side by side rarely pick the same."""
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            port = random.randint(_LOWEST, _HIGHEST)
            if _binds(held.enter_context(socket.socket()), port):
                ports.append(port)
    return ports


def require_free(port: int, purpose: str, setting: str) -> None:
    """Raises `BusyPortError`, naming what the port is for and the variable that moves it."""
    if not is_free(port):
        raise BusyPortError(f"port {port} ({purpose}) is in use: stop what listens there, or set {setting} to another")


def _binds(probe: socket.socket, port: int) -> bool:
    # The servers set SO_REUSEADDR too: connections that linger in TIME_WAIT do not keep them from binding.
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind((HOST, port))
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise
    return True
