"""`vinymatic serve` on a catalogue, on loopback, as a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from local.servers import ServerProcess, free_ports
from local.servers.process import clean_environment, tool


@dataclass(frozen=True)
class Served:
    """`seconds`: from the start of the process until it was ready."""

    url: str
    pid: int
    seconds: float

    def cpu_seconds(self) -> float:
        """What the process has used so far, all threads. Linux only."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mebibytes(self) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1_024


@contextmanager
def served(place: Path, log: Path, **settings: str) -> Iterator[Served]:
    """The catalogue in `place`; ready inside the block."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    environment = clean_environment(
        BACKUP_FOLDER=str(place),
        HOST="127.0.0.1",
        PORT=str(port),
        # The code that is measured is the one that measures.
        PYTHONPATH=os.environ.get("PYTHONPATH", ""),
        **settings,
    )
    command: list[str | Path] = [tool("vinymatic"), "serve"]
    server = ServerProcess("vinymatic serve", command, log=log, ready=ready, environment=environment, start_seconds=300)
    begin = time.monotonic()
    with server:
        yield Served(url, server.pid, time.monotonic() - begin)
