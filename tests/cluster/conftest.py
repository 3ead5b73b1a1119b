"""What tests on a real Kubernetes share: one control plane and one kubelet in a test process, a new namespace for each test."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.errors import MissingToolError
from tests.kube.binaries import find_binaries
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.options import Options
from tests.kube.kubelet.process import LocalKubelet

_VINYMATIC = [sys.executable, "-m", "vinymatic"]
# The images' entrypoint is `vinymatic`.
OPTIONS = Options(programs={"": _VINYMATIC, "vinymatic": _VINYMATIC, "python": [sys.executable]})

CRDS = Path(__file__).parents[2] / "k8s" / "crds"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Builds the servers before the first test, whose time-out would cut the build off."""
    chosen = any(item.get_closest_marker("cluster") for item in session.items)
    if chosen and not session.config.option.collectonly:
        # Where they cannot be made, the tests that need them say so; others run.
        with contextlib.suppress(MissingToolError):
            find_binaries()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Shared: a test that stops or kills a server starts a control plane of its own."""
    with ControlPlane(tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture(scope="session")
def crds(control_plane: ControlPlane) -> ControlPlane:
    """The shared control plane, with k8s/crds applied."""
    control_plane.kubectl("apply", "-f", str(CRDS))
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))
    return control_plane


@pytest.fixture(scope="session")
def kubelet(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKubelet]:
    """The shared control plane's only node. A test that kills its node starts one of its own, on a control plane of its own."""
    with LocalKubelet(control_plane, tmp_path_factory.mktemp("kubelet"), OPTIONS) as running:
        yield running


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """The name of a new namespace in which pods can be made."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.create_namespace(name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")
