"""One container as a local process: started, watched, started again, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local.servers.process import clean_environment, die_with_parent
from tests.kube.api import Object
from tests.kube.errors import ContainerConfigError
from tests.kube.kubelet.folders import PodFolders
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.probe import follow
from tests.kube.kubelet.spec import Lookup, arguments, environment, relocate
from tests.kube.kubelet.status import ContainerRecord, now, restarts, termination_message
from tests.kube.kubelet.sweep import MARK


@dataclass(frozen=True)
class Sandbox:
    """What the containers of a pod share. `lookup` reads the Secrets and ConfigMaps that the pod names, as they are now."""

    pod: Object
    ip: str
    folders: PodFolders
    options: Options
    lookup: Callable[[], Awaitable[Lookup]]
    changed: Callable[[], None]


class Container:
    def __init__(self, spec: Object, record: ContainerRecord, sandbox: Sandbox) -> None:
        self.record = record
        self._spec = spec
        self._sandbox = sandbox
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    async def run(self, policy: str) -> None:
        """Returns once it has ended and is not to be started again, or was stopped."""
        options, record = self._sandbox.options, self.record
        pause = options.back_off
        if record.terminated is not None:
            if not restarts(policy, record.terminated["exitCode"]):
                return
            await self._back_off(pause)
        while not self._stopping.is_set():
            if options.lacks(record.image):
                await self._never_pulled()
            elif await self._run_once():
                if self._stopping.is_set() or not restarts(policy, self.record.state["terminated"]["exitCode"]):
                    return
                await self._back_off(pause)
                pause = min(2 * pause, options.longest_back_off)
            else:
                await self._pause(options.back_off)

    async def stop(self, grace: float) -> None:
        """preStop, SIGTERM, and SIGKILL once `grace` seconds have passed; a container that does not run will not start any more."""
        self._stopping.set()
        process = self._process
        if process is not None:
            try:
                async with asyncio.timeout(grace):
                    await self._before_stop()
                    with contextlib.suppress(ProcessLookupError):
                        process.terminate()
                    await process.wait()
            except TimeoutError:
                self.kill()

    def kill(self) -> None:
        """All of it at once."""
        self._stopping.set()
        if self._process is not None:
            _kill_group(self._process.pid)

    async def _before_stop(self) -> None:
        hook = self._spec.get("lifecycle", {}).get("preStop", {})
        if sleep := hook.get("sleep"):
            await asyncio.sleep(float(sleep["seconds"]))
        elif command := hook.get("exec"):
            done = await asyncio.create_subprocess_exec(*die_with_parent("KILL"), *command["command"])
            await done.wait()

    async def _never_pulled(self) -> None:
        self._wait("ErrImagePull", f'failed to pull image "{self.record.image}": not found')
        await self._pause(self._sandbox.options.back_off)
        self._wait("ImagePullBackOff", f'Back-off pulling image "{self.record.image}"')
        await self._stopping.wait()

    async def _run_once(self) -> bool:
        """False when it could not be configured: its status then says why."""
        sandbox, name = self._sandbox, self.record.name
        try:
            lookup = await sandbox.lookup()
            sandbox.folders.make(sandbox.pod, lookup)
            places = sandbox.folders.places(self._spec, sandbox.pod)
            values = environment(self._spec, sandbox.pod, sandbox.ip, lookup)
            command = arguments(self._spec, values, places, sandbox.options.programs)
        except ContainerConfigError as error:
            self._wait("CreateContainerConfigError", str(error))
            return False
        variables = {
            **clean_environment(HOME=str(sandbox.folders.home), TMPDIR=str(sandbox.folders.home)),
            # Where this project's code lies, as in its image.
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **sandbox.options.environment,
            **{key: relocate(value, places) for key, value in values.items()},
            # A port is the pod's own only on the pod's own address.
            "HOST": sandbox.ip,
            "METRICS_HOST": sandbox.ip,
            "HOSTNAME": sandbox.pod["metadata"]["name"],
            MARK: str(sandbox.folders.root),
        }
        written = sandbox.folders.termination_file(name)
        written.write_bytes(b"")
        log = sandbox.folders.log(name, self.record.restarts)
        log.parent.mkdir(parents=True, exist_ok=True)
        began = now()
        if shutil.which(command[0], path=variables["PATH"]) is None:
            self._end(128, "StartError", f'exec: "{command[0]}": executable file not found in $PATH', began)
            return True
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *die_with_parent("KILL"),
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=variables,
                cwd=sandbox.folders.home,
                start_new_session=True,
            )
        self._process = process
        if self._stopping.is_set():  # while it was being started
            self.kill()
        self.record.state = {"running": {"startedAt": began}}
        self._sandbox.changed()
        probes = asyncio.create_task(self._probe())
        try:
            code = await process.wait()
        finally:
            probes.cancel()
            self._process = None
            # What it left behind ends with it, as in a container.
            _kill_group(process.pid)
        code = code if code >= 0 else 128 - code
        policy = self._spec.get("terminationMessagePolicy", "File")
        message = termination_message(written.read_bytes(), log.read_bytes(), exit_code=code, policy=policy)
        self._end(code, "Completed" if code == 0 else "Error", message, began)
        return True

    async def _probe(self) -> None:
        longest, ip = self._sandbox.options.longest_probe_period, self._sandbox.ip
        if startup := self._spec.get("startupProbe"):
            started = asyncio.Event()
            looks = asyncio.create_task(
                follow(startup, self._spec, ip, longest, lambda passed: started.set() if passed else None)
            )
            try:
                await started.wait()
            finally:
                looks.cancel()
        self.record.started = True
        if readiness := self._spec.get("readinessProbe"):
            self._sandbox.changed()
            await follow(readiness, self._spec, ip, longest, self._set_ready)
        else:
            self._set_ready(True)

    def _set_ready(self, ready: bool) -> None:
        if self.record.ready != ready:
            self.record.ready = ready
            self._sandbox.changed()

    def _end(self, code: int, reason: str, message: str, began: str) -> None:
        ended = {"exitCode": code, "reason": reason, "message": message, "startedAt": began, "finishedAt": now()}
        self.record.state = {"terminated": ended}
        self.record.ready = self.record.started = False
        self._sandbox.changed()

    async def _back_off(self, seconds: float) -> None:
        self.record.last_state = self.record.state
        self._wait("CrashLoopBackOff", f"back-off {seconds:.1f}s restarting failed container={self.record.name}")
        await self._pause(seconds)
        self.record.restarts += 1

    def _wait(self, reason: str, message: str) -> None:
        state = {"waiting": {"reason": reason, "message": message}}
        if self.record.state != state:
            self.record.state = state
            self._sandbox.changed()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
