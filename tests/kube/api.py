"""Talking to the API server: kubeconfigs, HTTP clients, answers as plain JSON objects."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.kube.errors import KubeApiError

# A Kubernetes object as it goes over the wire.
Object = dict[str, Any]


@dataclass(frozen=True)
class Credentials:
    server: str
    ca: Path
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)


def write_kubeconfig(path: Path, credentials: Credentials, namespace: str = "default") -> None:
    """As JSON, which every reader of YAML reads."""
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "tests", "cluster": {"server": credentials.server, "certificate-authority": str(credentials.ca)}}
        ],
        "users": [{"name": "tests", "user": {"token": credentials.token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests", "namespace": namespace}}],
        "current-context": "tests",
    }
    path.touch(0o600)
    path.write_text(json.dumps(config, indent=1), "utf-8")


def read_kubeconfig(path: Path) -> Credentials:
    """One that `write_kubeconfig` wrote."""
    config = json.loads(path.read_text("utf-8"))
    cluster = config["clusters"][0]["cluster"]
    return Credentials(cluster["server"], Path(cluster["certificate-authority"]), config["users"][0]["user"]["token"])


def api_client(kubeconfig: Path) -> httpx.Client:
    """For paths such as `/api/v1/nodes`; whoever opens it closes it."""
    credentials = read_kubeconfig(kubeconfig)
    # No proxy of the user's shell between us and loopback.
    return httpx.Client(
        base_url=credentials.server,
        headers=credentials.headers,
        verify=credentials.trust(),
        timeout=30,
        trust_env=False,
    )


def checked(response: httpx.Response) -> Object:
    """The answer's object. Raises `KubeApiError` with the API server's message."""
    if response.is_success:
        return dict(response.json())
    try:
        message = str(response.json()["message"])
    except (ValueError, LookupError, TypeError):
        message = response.text
    raise KubeApiError(response.status_code, message)


def answers(url: str, ca: Path | None = None, token: str = "") -> bool:
    """Whether `GET url` is answered with 200; without `ca` it is plain HTTP."""
    if ca is not None and not ca.exists():
        return False
    verify = ssl.create_default_context(cafile=ca) if ca is not None else False
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return httpx.get(url, verify=verify, headers=headers, timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
