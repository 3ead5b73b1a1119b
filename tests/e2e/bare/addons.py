"""What a cluster has beside Kubernetes itself: DNS, and KEDA."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.e2e.bare import build, node
from tests.e2e.bare.layout import Layout
from tests.e2e.bare.shell import run
from tests.e2e.bare.store import Store

COREDNS_IMAGE = "localhost/vinymatic/coredns:e2e"
KEDA_IMAGE = "localhost/vinymatic/keda:e2e"
_COREDNS = Path(__file__).with_name("coredns.yaml")


def system_images(store: Store) -> list[str]:
    """The images that a node needs before any pod; made when they are not there."""
    _program(store, node.PAUSE_IMAGE, [build.pause() / "pause"], "65535")
    _program(store, COREDNS_IMAGE, [build.coredns() / "coredns"], "65532")
    return [node.PAUSE_IMAGE, COREDNS_IMAGE]


def install_dns(layout: Layout) -> None:
    kubectl(layout, "apply", "--filename", _COREDNS)


def keda_image(store: Store) -> str:
    folder = build.keda()
    _program(store, KEDA_IMAGE, [folder / name for name in ("keda", "keda-adapter", "keda-admission-webhooks")], "1000")
    return KEDA_IMAGE


def install_keda(layout: Layout) -> None:
    """KEDA's own manifests with our image. Returns once it serves metrics."""
    manifests = (build.keda() / "keda.yaml").read_text("utf-8")
    kubectl(layout, "apply", "--server-side", "--filename=-", stdin=with_our_image(manifests))
    for name in ("keda-operator", "keda-metrics-apiserver", "keda-admission"):
        kubectl(layout, "--namespace=keda", "rollout", "status", f"deployment/{name}", "--timeout=300s")
    kubectl(layout, "wait", "--for=condition=Available", "apiservice/v1beta1.external.metrics.k8s.io", "--timeout=120s")


def with_our_image(manifests: str) -> str:
    ours = re.sub(r"(?m)^(\s*image:) \S*kedacore/\S+$", rf"\1 {KEDA_IMAGE}", manifests)
    return ours.replace("imagePullPolicy: Always", "imagePullPolicy: Never")


def kubectl(layout: Layout, *arguments: str | Path, stdin: str | None = None) -> str:
    """As the administrator. Raises `CommandError`."""
    return run(build.kube(), "kubectl", f"--kubeconfig={layout.kubeconfig}", *arguments, stdin=stdin)


def _program(store: Store, tag: str, files: list[Path], user: str) -> None:
    """An image of programs that need nothing else; the first is what it runs."""
    # Their folder's name has the version.
    inputs = " ".join(f"{file.parent.name}/{file.name}" for file in files)
    if not store.is_made_of(tag, inputs):
        entrypoint = json.dumps([f"/{files[0].name}"])
        store.from_files(tag, files, inputs, f"--entrypoint={entrypoint}", f"--user={user}")
