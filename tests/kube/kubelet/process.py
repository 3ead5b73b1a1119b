"""The kubelet as tests hold it: started, stopped, killed, and its containers' logs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment
from tests.kube.api import answers
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.folders import newest_log
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.sweep import marked, sweep

_ROOT = Path(__file__).parents[3]


class LocalKubelet(ServerProcess):
    """Runs the pods of `control_plane` as local processes. `folder` holds their files and logs.

    `stop` and `kill` end every process of every pod with it; started again, it goes on with what the API says.
    """

    def __init__(self, control_plane: ControlPlane, folder: Path, options: Options | None = None) -> None:
        self.folder = folder.absolute()
        (port,) = free_ports(1)
        ca = control_plane.certificate
        paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        super().__init__(
            "kubelet",
            [
                *(sys.executable, "-m", "tests.kube.kubelet"),
                *("--kubeconfig", control_plane.kubeconfig),
                *("--folder", self.folder),
                *("--certificate", control_plane.certificate),
                *("--key", control_plane.key),
                *("--port", str(port)),
                *("--options", (options or Options()).to_json()),
            ],
            log=self.folder / "kubelet.log",
            ready=lambda: answers(f"https://{HOST}:{port}/healthz", ca),
            environment=clean_environment(PYTHONPATH=paths),
        )

    def stop(self) -> None:
        super().stop()
        sweep(self.folder)

    def kill(self) -> None:
        super().kill()
        sweep(self.folder)

    def container_log(self, namespace: str, pod: str, container: str) -> str:
        """What the container has printed since its latest start; empty before any."""
        log = newest_log(self.folder, namespace, pod, container)
        return log.read_text("utf-8", "replace") if log is not None else ""

    def processes(self) -> list[int]:
        """The pids of whatever our containers started."""
        return marked(self.folder)
