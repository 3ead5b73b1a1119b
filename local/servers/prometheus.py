"""Prometheus, with a configuration of the caller's."""

from __future__ import annotations

from pathlib import Path

from local.servers.answers import answers_http
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment, tool

_GET = "`.ci/packages` gets it where apt-get is; or put prometheus and promtool of a release on PATH"


def prometheus_tool(name: str) -> Path:
    """`prometheus` or `promtool`, which no package of Python's brings. Raises `MissingToolError`."""
    return tool(name, _GET)


class Prometheus(ServerProcess):
    """`config`: a file; paths in it are relative to it. `folder` holds its data and log."""

    def __init__(self, folder: Path, config: Path, *, port: int | None = None) -> None:
        self.port = port if port is not None else free_ports(1)[0]
        self.url = f"http://{HOST}:{self.port}"
        state = folder.absolute()
        super().__init__(
            "prometheus",
            [
                prometheus_tool("prometheus"),
                f"--config.file={config.absolute()}",
                f"--storage.tsdb.path={state / 'data'}",
                f"--web.listen-address={HOST}:{self.port}",
                "--log.level=warn",
            ],
            log=state / "prometheus.log",
            ready=lambda: answers_http(self.port, "/-/ready"),
            environment=clean_environment(HOME=str(state)),
        )
