"""The servers' flags: everything on loopback, nothing that needs root, nothing kept longer than a test run."""

from __future__ import annotations

from pathlib import Path

from local.servers.ports import HOST

# What acts on the objects of this project. Without the node lifecycle: a node whose kubelet a test killed stays as it is.
# Without endpoints and endpoint slices: the API refuses loopback addresses in them, and those are what our pods have.
_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "deployment-controller",
    "disruption-controller",
    "garbage-collector-controller",
    "job-controller",
    "namespace-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "statefulset-controller",
    "ttl-after-finished-controller",
)


def etcd_flags(data: Path, port: int, peer_port: int) -> list[str]:
    client, peer = f"http://{HOST}:{port}", f"http://{HOST}:{peer_port}"
    return [
        f"--data-dir={data}",
        # kill -9 of etcd loses nothing by it, only a power cut would.
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def apiserver_flags(pki: Path, tokens: Path, etcd_port: int, port: int) -> list[str]:
    """It makes its certificate itself, in `pki` as apiserver.crt and .key; the key signs service accounts' tokens too."""
    key = pki / "apiserver.key"
    return [
        f"--cert-dir={pki}",
        f"--etcd-servers=http://{HOST}:{etcd_port}",
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        f"--secure-port={port}",
        # The service `kubernetes` may not have a loopback address.
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={key}",
        f"--service-account-key-file={key}",
        "--kubelet-preferred-address-types=InternalIP",
        "--allow-privileged",
    ]


def controller_manager_flags(pki: Path, kubeconfig: Path, port: int) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        f"--bind-address={HOST}",
        f"--secure-port={port}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--root-ca-file={pki / 'apiserver.crt'}",
        f"--controllers={','.join(_CONTROLLERS)}",
        "--leader-elect=false",
    ]
