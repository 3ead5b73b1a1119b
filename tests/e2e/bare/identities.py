"""Who is who in the cluster: the servers' certificates, and a kubeconfig with a token for each client. New with each cluster."""

from __future__ import annotations

import secrets
from pathlib import Path

import trustme

from tests.e2e.bare import addresses
from tests.e2e.bare.layout import Layout
from tests.kube.api import Credentials, write_kubeconfig

_API_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "localhost",
    "127.0.0.1",
    addresses.CONTROL,
    addresses.API_SERVICE,
)


def make(layout: Layout, nodes: int) -> None:
    pki = layout.pki
    pki.mkdir(parents=True, mode=0o700)
    ca = trustme.CA(organization_name="vinymatic tests")
    ca.cert_pem.write_to_path(pki / "ca.crt")
    # Each has a name besides its common one: an extension of no names is refused.
    certificates = {
        "apiserver": ca.issue_cert(*_API_NAMES),
        # What the API server shows to kubelets, and to the API servers that it puts requests through to, such as KEDA's.
        "kubelet-client": ca.issue_cert(
            "kubelet-client", common_name="kubelet-client", organization_name="system:masters"
        ),
        "front-proxy": ca.issue_cert("front-proxy", common_name="front-proxy"),
    }
    for name, certificate in certificates.items():
        certificate.private_key_pem.write_to_path(pki / f"{name}.key")
        certificate.cert_chain_pems[0].write_to_path(pki / f"{name}.crt")
    groups = {f"system:node:node-{number}": "system:nodes" for number in range(nodes)}
    groups |= {"admin": "system:masters"}
    users = [*groups, "system:kube-controller-manager", "system:kube-scheduler", "system:kube-proxy"]
    tokens = {user: secrets.token_hex(16) for user in users}
    lines = [f'{token},{user},{user},"{groups.get(user, "")}"' for user, token in tokens.items()]
    (pki / "tokens.csv").touch(0o600)
    (pki / "tokens.csv").write_text("\n".join(lines) + "\n", "utf-8")
    for user, token in tokens.items():
        write_kubeconfig(kubeconfig(layout, user), Credentials(addresses.API, pki / "ca.crt", token))


def kubeconfig(layout: Layout, user: str) -> Path:
    return layout.run / f"{user.rpartition(':')[2]}.kubeconfig"
