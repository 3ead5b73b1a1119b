"""Finds and ends whatever a kubelet's containers started, also what left its process group and lost its parent."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

# In the environment of everything that a kubelet runs, with its folder as the value.
MARK = "VINYMATIC_TEST_KUBELET"


def marked(folder: Path) -> list[int]:
    """The pids of what the kubelet of this folder runs."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for process in Path("/proc").iterdir():
        # Of others' processes, and of those that end meanwhile, nothing can be read.
        with contextlib.suppress(OSError):
            if process.name.isdigit() and mark in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def sweep(folder: Path) -> None:
    """Returns once none is left: one that was just being forked is found the next time."""
    while pids := marked(folder):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
