"""The listening socket."""

from __future__ import annotations

import socket

import pytest

from vinymatic_api.server import listen

pytestmark = pytest.mark.unit


def test_connections_do_not_hold_back_small_writes() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_port_in_use_is_an_error() -> None:
    with listen("127.0.0.1", 0) as listening, pytest.raises(OSError, match="in use"):
        listen(*listening.getsockname())
