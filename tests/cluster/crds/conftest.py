"""An administrator's client, for requests that are too many for kubectl."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.kube.control_plane import ControlPlane


@pytest.fixture(scope="session")
def client(crds: ControlPlane) -> Iterator[httpx.Client]:
    with crds.client() as client:
        yield client
