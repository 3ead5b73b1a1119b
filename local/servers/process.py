"""One server as a child process: started until it answers, stopped by its pid, killed, started again on the same state."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from local.errors import MissingToolError, ServerStartError

_POLL_SECONDS = 0.02


def tool(name: str, get: str = "run `make venv`") -> Path:
    """Where a program of this environment lies. Raises `MissingToolError`, which says how to get it."""
    for folder in (Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))):
        if (found := folder / name).is_file():
            return found
    if (on_path := shutil.which(name)) is not None:
        return Path(on_path)
    raise MissingToolError(f"{name} is not installed: {get}")


def clean_environment(**extra: str) -> dict[str, str]:
    """What a server gets to see: no credentials, proxies or settings of the user's own shell, which would change what it does."""
    names = ("PATH", "HOME", "TMPDIR", "LANG", "SSL_CERT_FILE")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


class ServerProcess:
    """A child process that counts as started once `ready()` is true.

    `ready` is called again and again while the process starts; it must not block for long nor raise.
    `stop` asks with SIGTERM and, after `stop_seconds`, insists with SIGKILL. Everything the server prints is appended to `log`.
    `orphan_signal` is what the server gets when we are killed -9.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        ready: Callable[[], bool],
        environment: Mapping[str, str],
        start_seconds: float = 60,
        stop_seconds: float = 20,
        orphan_signal: str = "TERM",
    ) -> None:
        self.name = name
        self.log = log
        self._command = [str(part) for part in command]
        self._ready = ready
        self._environment = dict(environment)
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._orphan_signal = orphan_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, or before it was started."""
        return None if self._process is None else self._process.poll()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns once the server answers. Raises `ServerStartError` with the end of its log when it dies or stays silent."""
        if not self.running:
            self.launch()
            self.await_ready()

    def launch(self) -> None:
        """Starts it without waiting: several servers then start side by side."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [*die_with_parent(self._orphan_signal), *self._command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                # A session of its own: Ctrl-C reaches only us, and we end the servers in order.
                start_new_session=True,
            )

    def await_ready(self) -> None:
        """Returns once the launched server answers. Raises `ServerStartError`; the server is then stopped."""
        try:
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after the deadline. Stopping what is not running is no error."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(self._stop_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def kill(self) -> None:
        """kill -9, and waits until it is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def send_signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """The exit code, once the process has ended by itself. Raises `TimeoutError`."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} has not ended within {seconds} s\n{self.log_tail()}") from None

    def log_tail(self, lines: int = 20) -> str:
        try:
            text = self.log.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self._start_seconds
        while not self._ready():
            if (code := self.exit_code) is not None:
                raise ServerStartError(
                    f"{self.name} ended with code {code} while starting ({self.log}):\n{self.log_tail()}"
                )
            if time.monotonic() > deadline:
                raise ServerStartError(
                    f"{self.name} did not answer within {self._start_seconds:.0f} s ({self.log}):\n{self.log_tail()}"
                )
            time.sleep(_POLL_SECONDS)
        if (code := self.exit_code) is not None:
            # Somebody else answers on its port.
            raise ServerStartError(f"{self.name} ended with code {code} ({self.log}):\n{self.log_tail()}")


def die_with_parent(signal_name: str) -> list[str]:
    """On Linux, a prefix that ends the server when we are killed -9, so that none is left holding a port.

    The kernel ties it to the *thread* that starts the process: from another thread than the main one it would end servers early.
    """
    setpriv = shutil.which("setpriv")
    if sys.platform != "linux" or setpriv is None or threading.current_thread() is not threading.main_thread():
        return []
    return [setpriv, "--pdeathsig", signal_name]
