"""etcd, API server and controllers on loopback, as child processes: a real cluster but for its nodes."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment
from tests.kube.api import Credentials, answers, api_client, checked, write_kubeconfig
from tests.kube.binaries import Binaries, find_binaries
from tests.kube.errors import KubectlError
from tests.kube.server_flags import apiserver_flags, controller_manager_flags, etcd_flags
from tests.kube.waiting import until

_TOKEN_SECONDS = 24 * 3600


class ControlPlane:
    """`folder` holds its state, certificates and logs; servers killed and started again find their objects.

    `servers` are `etcd`, `apiserver` and `controller-manager`, in the order of their start: `servers["apiserver"].kill()` and `.start()`
    is an outage. `kubeconfig` is an administrator's.
    """

    def __init__(self, folder: Path, *, binaries: Binaries | None = None) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.binaries = binaries or find_binaries()
        etcd_port, peer_port, api_port, manager_port = free_ports(4)
        self.url = f"https://{HOST}:{api_port}"
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self._token = secrets.token_hex(16)
        self._tokens = self.folder / "tokens.csv"
        self._pki = self.folder / "pki"
        etcd = etcd_flags(self.folder / "etcd", etcd_port, peer_port)
        apiserver = apiserver_flags(self._pki, self._tokens, etcd_port, api_port)
        manager = controller_manager_flags(self._pki, self.kubeconfig, manager_port)
        self.servers = {
            "etcd": self._server("etcd", etcd, f"http://{HOST}:{etcd_port}/readyz", None),
            "apiserver": self._server("kube-apiserver", apiserver, f"{self.url}/readyz", self.ca),
            "controller-manager": self._server(
                "kube-controller-manager", manager, f"https://{HOST}:{manager_port}/healthz", self.ca
            ),
        }

    @property
    def ca(self) -> Path:
        """What to trust; it is there once the API server has started."""
        return self.certificate

    @property
    def certificate(self) -> Path:
        """The API server's own, with its issuer's; valid for 127.0.0.1."""
        return self._pki / "apiserver.crt"

    @property
    def key(self) -> Path:
        return self._pki / "apiserver.key"

    def start(self) -> None:
        """Returns once all answer. Raises `ServerStartError` with the end of a log."""
        self._tokens.touch(0o600)
        self._tokens.write_text(f'{self._token},admin,admin,"system:masters"\n', "utf-8")
        try:
            self.servers["etcd"].start()
            self.servers["apiserver"].start()
            write_kubeconfig(self.kubeconfig, Credentials(self.url, self.ca, self._token))
            self.servers["controller-manager"].start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends all, at once: an API server that is asked waits for its watchers, and nothing of it is needed again."""
        for server in reversed(self.servers.values()):
            server.kill()

    def kubectl(self, *arguments: str, input: str | None = None, kubeconfig: Path | None = None) -> str:  # noqa: A002
        """What kubectl prints, as the administrator unless told otherwise. Raises `KubectlError`."""
        done = subprocess.run(
            [*self.binaries.command("kubectl"), f"--kubeconfig={kubeconfig or self.kubeconfig}", *arguments],
            input=input,
            env=clean_environment(HOME=str(self.folder)),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise KubectlError(done.stderr.strip())
        return done.stdout

    def client(self, kubeconfig: Path | None = None) -> httpx.Client:
        """An HTTP client for the API's paths, as the administrator unless told otherwise."""
        return api_client(kubeconfig or self.kubeconfig)

    def create_namespace(self, name: str) -> None:
        """Returns once pods can be made in it: before its service account is there, they are refused."""
        with self.client() as client:
            checked(client.post("/api/v1/namespaces", json={"metadata": {"name": name}}))
            account = f"/api/v1/namespaces/{name}/serviceaccounts/default"
            until(lambda: client.get(account).is_success, f"the service account of namespace {name}")

    def kubeconfig_for(self, namespace: str, service_account: str) -> Path:
        """A kubeconfig with a token of this service account, as its pods have it; good for a day."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TOKEN_SECONDS},
        }
        with self.client() as client:
            token = checked(client.post(path, json=request))["status"]["token"]
        kubeconfig = self.folder / f"{namespace}-{service_account}.kubeconfig"
        write_kubeconfig(kubeconfig, Credentials(self.url, self.ca, token), namespace)
        return kubeconfig

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _server(self, program: str, flags: list[str], url: str, ca: Path | None) -> ServerProcess:
        return ServerProcess(
            program,
            [*self.binaries.command(program), *flags],
            log=self.folder / f"{program}.log",
            ready=lambda: answers(url, ca, self._token),
            environment=clean_environment(HOME=str(self.folder)),
            # On SIGTERM an API server whose etcd is gone would wait for it, for a minute.
            orphan_signal="KILL",
        )
