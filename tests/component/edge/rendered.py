"""The chart's Caddyfile as Helm renders it, run by Caddy on ports of the test's own."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from charts.render import objects
from local.servers import ServerProcess, free_ports
from local.servers.answers import answers_http, shakes_hands
from local.servers.process import clean_environment, tool
from tests.component.edge.dns import Dns
from vinymatic_operator.resources.base import Json

VALUES: Json = {"storage": {"bucket": "index"}, "ingestor": {"enabled": False}}
LIMIT = 4_000_000


class Edge(ServerProcess):
    """`values`: those of `edge`. `fallback`: what stands for the API's Service."""

    def __init__(
        self, folder: Path, dns: Dns, api_port: int, values: Mapping[str, JsonValue] | None = None, *, fallback: str
    ) -> None:
        self.http, self.https, self.inside, self.certificates = free_ports(4)
        self.values = dict(values or {})
        self.tls_folder = folder / "tls"
        rendered = render(self.values)
        self._write_tls(rendered)
        caddyfile = folder / "Caddyfile"
        caddyfile.write_text(self._placed(caddyfile_of(rendered), folder, dns, api_port))
        super().__init__(
            "edge",
            [tool("caddy"), "run", "--config", caddyfile, "--adapter", "caddyfile"],
            log=folder / f"edge-{self.https}.log",
            ready=self._serves,
            environment=clean_environment(
                HOME=str(folder),
                XDG_DATA_HOME=str(folder),
                XDG_CONFIG_HOME=str(folder),
                RECORDS_VINYMATIC_API_SERVICE_HOST=fallback,
            ),
            stop_seconds=60,
        )

    def trust(self) -> ssl.SSLContext:
        """Verifies against what the release's Secret holds, and nothing else."""
        return ssl.create_default_context(cafile=self.tls_folder / "tls.crt")

    def _serves(self) -> bool:
        if "tls" in self.values:
            return answers_http(self.inside, "/healthz")
        # Certificates are made after the ports are open: only a handshake tells.
        return shakes_hands(self.https, "localhost", self.trust())

    def _write_tls(self, rendered: list[Json]) -> None:
        self.tls_folder.mkdir(exist_ok=True)
        for one in rendered:
            if one["kind"] == "Secret" and one.get("type") == "kubernetes.io/tls":
                for name, text in cast(dict[str, str], one["data"]).items():
                    (self.tls_folder / name).write_bytes(base64.b64decode(text))

    def _placed(self, text: str, folder: Path, dns: Dns, api_port: int) -> str:
        """With the pod's places replaced by ours; each must be there."""
        places = {
            "{\n\tadmin off": "{\n\tadmin off\n\tdefault_bind 127.0.0.1",
            "http_port 8080": f"http_port {self.http}",
            "https_port 8443": f"https_port {self.https}",
            "http://:9104": f"http://127.0.0.1:{self.inside}",
            "/data/caddy": str(folder / f"storage-{self.https}"),
            "resolvers 127.0.0.1:5353": f"resolvers 127.0.0.1:{dns.port}",
            "port 5002": f"port {api_port}",
            ":5002 {": f":{api_port} {{",
        }
        if "/etc/caddy-tls" in text:
            places["/etc/caddy-tls"] = str(self.tls_folder)
        if ":9105" in text:
            places[":9105"] = f":{self.certificates}"
        for ours, there in places.items():
            assert ours in text, ours
            text = text.replace(ours, there)
        return text


def render(edge: Mapping[str, JsonValue]) -> list[Json]:
    return objects({**VALUES, "api": {"maxBodyBytes": LIMIT}, "edge": dict(edge)})


def caddyfile_of(rendered: list[Json]) -> str:
    (text,) = (
        cast(dict[str, str], one["data"])["Caddyfile"]
        for one in rendered
        if one["kind"] == "ConfigMap" and "Caddyfile" in cast(dict[str, str], one["data"])
    )
    return text


@cache
def photo(size: int = 3_000_000) -> bytes:
    """What begins as a JPEG does, and is as large as one of a phone."""
    return b"\xff\xd8\xff\xe0" + bytes(range(256)) * (size // 256)
