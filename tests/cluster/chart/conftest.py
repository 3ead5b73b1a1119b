"""A control plane of its own, on which no CustomResourceDefinition is installed, and a release on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.chart.release import Release
from tests.cluster.conftest import OPTIONS
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.process import LocalKubelet
from tests.support.servers import Pipeline


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path / "plane") as running, LocalKubelet(running, tmp_path / "kubelet", OPTIONS):
        yield running


@pytest.fixture
def release(bare: ControlPlane, pipeline: Pipeline, bucket: str) -> Release:
    """Not installed yet."""
    bare.create_namespace("vinyl")
    return Release(bare, "vinyl", pipeline, bucket)
