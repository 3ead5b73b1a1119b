"""The API server itself dies; on a control plane of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.operator.quick.flows import RETRAIN
from tests.cluster.operator.quick.plane import quick_control_plane
from tests.cluster.operator.quick.site import QuickSite
from tests.kube.waiting import until
from tests.support.operator.service import Service

pytestmark = pytest.mark.cluster


def test_a_retraining_goes_on_after_the_api_server_was_killed_and_came_back(service: Service, tmp_path: Path) -> None:
    with (
        quick_control_plane(service, tmp_path) as plane,
        plane.client() as client,
        QuickSite(plane, service, client, tmp_path) as site,
    ):
        RETRAIN.begin(site)
        site.operator.launch()
        until(lambda: "train" in site.index.ran, "the first command")
        first = site.operator.pid
        plane.servers["apiserver"].kill()
        until(lambda: "kubernetes_unavailable" in site.operator.log.read_text("utf-8"), "the operator's word of it")
        plane.servers["apiserver"].start()
        RETRAIN.settled(site, seconds=200)
        assert (site.operator.pid, site.operator.running) == (first, True)
