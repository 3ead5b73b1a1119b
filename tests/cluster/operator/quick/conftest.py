"""A control plane of their own for tests whose commands are stand-ins: its node runs them as `vinymatic`, the shared one's the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.cluster.conftest import CRDS
from tests.cluster.operator.quick.site import QuickSite
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.process import LocalKubelet
from tests.kube.waiting import until
from tests.support.operator.service import QUICK, Service
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES

NewSite = Callable[[], QuickSite]


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture(scope="session")
def quick_plane(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    options = Options(programs={"vinymatic": QUICK}, environment={"QUICK_SERVICE": str(service.port)})
    with ControlPlane(tmp_path_factory.mktemp("quick-plane")) as plane:
        plane.kubectl("apply", "-f", str(CRDS))
        plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
        _await_storage(plane)
        with LocalKubelet(plane, tmp_path_factory.mktemp("quick-kubelet"), options):
            yield plane


@pytest.fixture(scope="session")
def admin(quick_plane: ControlPlane) -> Iterator[httpx.Client]:
    with quick_plane.client() as client:
        yield client


@pytest.fixture
def new_site(quick_plane: ControlPlane, service: Service, admin: httpx.Client, tmp_path: Path) -> Iterator[NewSite]:
    """Makes installations; nothing is installed in them yet, and their operators do not run."""
    with ExitStack() as sites:
        yield lambda: sites.enter_context(QuickSite(quick_plane, service, admin, tmp_path))


def _await_storage(plane: ControlPlane) -> None:
    """A CRD that is established may still be answered with 429 for a moment."""
    with plane.client() as client:
        for resource in (INDEXES, BACKUPS, RESTORES):
            path = resource.path(None)
            until(lambda path=path: client.get(path).is_success, path)  # type: ignore[misc]
