"""Real processes that are killed and begun again: each role runs its commands in turn, for as long as it is driven."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

# How a command ends that met what others did: nothing to promote, an outage, a lost round too many.
_REFUSALS = {0, 1, 3}


class Role:
    """`commands`: arguments of `vinymatic`, run one after the other and again. `killed`, `done`: how often."""

    def __init__(self, name: str, commands: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.killed = self.done = 0
        self._commands = cycle([command.split() for command in commands])
        self._environment = dict(environment)
        self.log = log
        self._child: subprocess.Popen[bytes] | None = None

    def drive(self) -> None:
        """Starts the next command when none is running. A command that ended in a way that no outage explains is a failure."""
        if self._child is not None:
            code = self._child.poll()
            if code is None:
                return
            assert code in _REFUSALS or code == -signal.SIGKILL, f"{self.name} ended with {code}:\n{self.tail()}"
            self.done += code == 0
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "vinymatic", *next(self._commands)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """kill -9, wherever it stands."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()
            self.killed += 1

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
