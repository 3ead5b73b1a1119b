"""A machine of the cluster: a set of processes with a network, mounts and process numbers of their own.

Its first process is the pause program. When that is killed the kernel ends all others, and their mounts go with them: a power cut.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.servers.process import clean_environment
from tests.e2e.bare import build
from tests.e2e.bare.layout import Layout
from tests.e2e.bare.shell import run
from tests.kube.waiting import until

# Empty at each boot, and hidden from the host: sockets, locks, container and pod networks.
_VOLATILE = ("/run", "/var/lib", "/var/log")


@dataclass(frozen=True)
class Machine:
    """`name` is unique on the host; `address` is the one in the cluster's network."""

    name: str
    address: str
    layout: Layout

    @property
    def netns(self) -> str:
        return f"vinymatic-{self.name}"

    @property
    def running(self) -> bool:
        return self._first() is not None

    def boot(self) -> None:
        """Starts the first process; the network must be there."""
        booted = self.layout.run / f"{self.name}.booted"
        booted.unlink(missing_ok=True)
        mounts = [f"mount -t tmpfs tmpfs {folder}" for folder in _VOLATILE]
        script = " && ".join([*mounts, f"touch '{booted}'", f"exec '{build.pause() / 'pause'}'"])
        namespaces = ["unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"]
        first = self._launch(["nsenter", f"--net=/run/netns/{self.netns}", *namespaces, "sh", "-ec", script], self.name)
        self._pid_file(self.name).write_text(f"{first} {_started(first)}", "utf-8")
        until(booted.exists, f"the machine {self.name}; see {self.layout.logs}")

    def start(self, server: str, *command: str | Path, environment: Mapping[str, str] | None = None) -> None:
        """Starts a server in it, which lives until it ends or the machine does; its log is `<machine>.<server>.log`."""
        pid = self._launch(self.enter(*command), f"{self.name}.{server}", environment)
        self._pid_file(f"{self.name}.{server}").write_text(f"{pid} {_started(pid)}", "utf-8")

    def run(self, *command: str | Path) -> str:
        """What a program prints that is run in it to its end. Raises `CommandError`."""
        return run(*self.enter(*command))

    def enter(self, *command: str | Path) -> list[str | Path]:
        """The command that runs `command` in it."""
        pid = self._first() or 0
        # `--fork` is nsenter's own choice with --pid: what we start is its child, and ends with the machine.
        namespaces = [
            f"--net=/run/netns/{self.netns}",
            f"--mount=/proc/{pid}/ns/mnt",
            f"--pid=/proc/{pid}/ns/pid_for_children",
        ]
        return ["nsenter", *namespaces, *command]

    def servers(self) -> dict[str, bool]:
        """Whether each server that was started in it still runs."""
        files = sorted(self.layout.run.glob(f"{self.name}.*.pid"))
        return {file.name.split(".")[1]: _alive(file) is not None for file in files}

    def cut_power(self) -> None:
        """Ends everything in it at once. On a machine that is off already it does nothing."""
        if (pid := self._first()) is not None:
            os.kill(pid, signal.SIGKILL)
            until(lambda: not self.running, f"the end of the machine {self.name}")
        for file in self.layout.run.glob(f"{self.name}*.pid"):
            file.unlink()

    def _first(self) -> int | None:
        return _alive(self._pid_file(self.name))

    def _pid_file(self, name: str) -> Path:
        return self.layout.run / f"{name}.pid"

    def _launch(self, command: list[str | Path], log: str, environment: Mapping[str, str] | None = None) -> int:
        self.layout.logs.mkdir(parents=True, exist_ok=True)
        with (self.layout.logs / f"{log}.log").open("ab") as output:
            # A session of its own: it outlives us and our terminal.
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(**(environment or {})),
                start_new_session=True,
            )
        # Not waited for here; Python would warn of that.
        process.returncode = 0
        return process.pid


def _alive(file: Path) -> int | None:
    """The number of the process that the file names, if it is still that one."""
    try:
        pid, started = map(int, file.read_text("utf-8").split())
    except (FileNotFoundError, ValueError):
        return None
    return pid if _started(pid) == started else None


def _started(pid: int) -> int:
    """When a process was started, in the kernel's ticks; 0 when it is gone or only waited for. Numbers of processes come round again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])
