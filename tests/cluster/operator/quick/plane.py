"""A control plane whose one node runs the stand-ins as `vinymatic`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.conftest import CRDS
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.process import LocalKubelet
from tests.kube.waiting import until
from tests.support.operator.service import QUICK, Service
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES


@contextmanager
def quick_control_plane(service: Service, folder: Path) -> Iterator[ControlPlane]:
    """With the CRDs, answered."""
    options = Options(programs={"vinymatic": QUICK}, environment={"QUICK_SERVICE": str(service.port)})
    with ControlPlane(folder / "plane") as plane:
        plane.kubectl("apply", "-f", str(CRDS))
        plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
        _await_storage(plane)
        with LocalKubelet(plane, folder / "kubelet", options):
            yield plane


def _await_storage(plane: ControlPlane) -> None:
    """A CRD that is established may still be answered with 429 for a moment."""
    with plane.client() as client:
        for resource in (INDEXES, BACKUPS, RESTORES):
            path = resource.path(None)
            until(lambda path=path: client.get(path).is_success, path)  # type: ignore[misc]
