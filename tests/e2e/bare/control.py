"""The control plane on a machine of its own, so that any node may die: etcd, API server, controllers, scheduler."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.bare import addresses, build
from tests.e2e.bare.identities import kubeconfig
from tests.e2e.bare.layout import Layout
from tests.e2e.bare.machine import Machine
from tests.kube.api import answers
from tests.kube.server_flags import etcd_flags
from tests.kube.waiting import until


def machine(layout: Layout) -> Machine:
    return Machine("control", addresses.CONTROL, layout)


def start(layout: Layout) -> None:
    """Returns once the API server is ready."""
    host, kube, pki = machine(layout), build.kube(), layout.pki
    host.start("etcd", kube, "etcd", *etcd_flags(layout.run / "etcd", 2379, 2380))
    host.start("apiserver", kube, "apiserver", *apiserver_flags(pki))
    until(lambda: answers(f"{addresses.API}/readyz", pki / "ca.crt"), f"the API server; see {layout.logs}")
    for server, user, flags in (
        ("controller-manager", "system:kube-controller-manager", controller_manager_flags(pki)),
        ("scheduler", "system:kube-scheduler", ["--leader-elect=false"]),
    ):
        file = kubeconfig(layout, user)
        same = [f"--{use}kubeconfig={file}" for use in ("", "authentication-", "authorization-")]
        host.start(server, kube, server, *same, *flags)


def apiserver_flags(pki: Path) -> list[str]:
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        "--bind-address=0.0.0.0",
        f"--advertise-address={addresses.CONTROL}",
        f"--service-cluster-ip-range={addresses.SERVICES}",
        # No kube-proxy runs on its machine: webhooks and other API servers are called at their pods.
        "--enable-aggregator-routing",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged",
        f"--token-auth-file={pki / 'tokens.csv'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={pki / 'apiserver.key'}",
        f"--service-account-key-file={pki / 'apiserver.key'}",
        f"--kubelet-client-certificate={pki / 'kubelet-client.crt'}",
        f"--kubelet-client-key={pki / 'kubelet-client.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={pki / 'ca.crt'}",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy.key'}",
    ]


def controller_manager_flags(pki: Path) -> list[str]:
    return [
        f"--service-account-private-key-file={pki / 'apiserver.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        # A dead node is noticed within this time instead of 50 s.
        "--node-monitor-grace-period=20s",
    ]
