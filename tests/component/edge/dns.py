"""A DNS server that knows one name, as a cluster's DNS knows a headless Service: the addresses of the pods that are ready."""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType
from typing import Self

_A, _NXDOMAIN = 1, 3


class Dns:
    """`addresses`: what the next question is answered with; none: there is no such name. `silent`: no question is answered."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.silent = False
        self.questions = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """From now on the port refuses."""
        if not self._thread.is_alive():
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, client = self._socket.recvfrom(4096)
            if not question:
                return
            self.questions += 1
            if not self.silent:
                self._socket.sendto(_answer(question, self.addresses), client)


def _answer(question: bytes, addresses: tuple[str, ...]) -> bytes:
    end = question.index(b"\0", 12) + 1  # of the name
    (kind,) = struct.unpack("!H", question[end : end + 2])
    records = addresses if kind == _A else ()
    flags = 0x8580 if addresses else 0x8580 | _NXDOMAIN
    header = question[:2] + struct.pack("!5H", flags, 1, len(records), 0, 0)
    body = b"".join(struct.pack("!3HIH", 0xC00C, _A, 1, 0, 4) + socket.inet_aton(one) for one in records)
    return header + question[12 : end + 4] + body
