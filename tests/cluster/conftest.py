"""What tests on a real Kubernetes share: one control plane and one kubelet in a test process, a new namespace for each test."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import pytest

from local.errors import MissingToolError
from tests.kube.binaries import find_binaries
from tests.kube.control_plane import ControlPlane


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


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """The name of a new namespace in which pods can be made."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.create_namespace(name)
    yield name
    control_plane.kubectl("delete", "namespace", name, "--wait=false")
