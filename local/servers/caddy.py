"""Caddy in front of the API, with the project's own Caddyfile."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from local.servers.answers import shakes_hands
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment, tool

CADDYFILE = Path(__file__).parents[2] / "deploy" / "caddy" / "Caddyfile"


class Caddy(ServerProcess):
    """`settings`: the variables that the Caddyfile reads. `folder` holds certificates and log."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        http_port: int | None = None,
        https_port: int | None = None,
        caddyfile: Path = CADDYFILE,
    ) -> None:
        spare = free_ports(3)
        self.http_port = http_port if http_port is not None else spare[0]
        self.https_port = https_port if https_port is not None else spare[1]
        self.admin_port = spare[2]
        state = folder.absolute()
        self.root_certificate = state / "storage" / "pki" / "authorities" / "local" / "root.crt"
        self._name = (settings or {}).get("VINYMATIC_DOMAIN", "localhost")
        super().__init__(
            "caddy",
            [tool("caddy"), "run", "--config", caddyfile, "--adapter", "caddyfile"],
            log=state / "caddy.log",
            ready=self._serves_tls,
            environment=clean_environment(
                HOME=str(state),
                XDG_DATA_HOME=str(state / "share"),
                XDG_CONFIG_HOME=str(state / "config"),
                CADDY_PUBLIC_PORT=f":{self.https_port}",
                CADDY_STORAGE=str(state / "storage"),
                CADDY_HTTP_PORT=str(self.http_port),
                CADDY_HTTPS_PORT=str(self.https_port),
                CADDY_ADMIN=f"127.0.0.1:{self.admin_port}",
                CADDY_GLOBAL_OPTIONS=f"default_bind {HOST}",
                **(settings or {}),
            ),
        )

    def trust(self) -> ssl.SSLContext:
        """Verifies against the root of Caddy's own certificate authority, and nothing else."""
        return ssl.create_default_context(cafile=self.root_certificate)

    def _serves_tls(self) -> bool:
        # Certificates are made after the ports are open: only a handshake tells.
        return self.root_certificate.is_file() and shakes_hands(self.https_port, self._name, self.trust())
