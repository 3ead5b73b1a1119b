"""A control plane of their own for tests whose commands are stand-ins: the shared one's node runs the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.cluster.operator.quick.plane import quick_control_plane
from tests.cluster.operator.quick.site import QuickSite
from tests.kube.control_plane import ControlPlane
from tests.support.operator.service import Service

NewSite = Callable[[], QuickSite]


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with Service() as running:
        yield running


@pytest.fixture(scope="session")
def quick_plane(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    with quick_control_plane(service, tmp_path_factory.mktemp("quick")) as plane:
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
