"""The operator dies at each of its writes, before the server has it or before the answer arrives; what comes of it is always the same."""

from __future__ import annotations

import os

import pytest

from tests.cluster.operator.quick.conftest import NewSite
from tests.cluster.operator.quick.crashes import crash_points, sweep
from tests.cluster.operator.quick.flows import FLOWS
from tests.kube.api import Object

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

Undisturbed = dict[str, tuple[int, Object]]
_SOAKING = "VINYMATIC_SOAK_SECONDS" in os.environ
# Parts, so that test processes share the work; and every how manieth write. In a soak: all, before and after.
_PARTS = [*(("retrain", 1, part, 3) for part in range(3)), ("backup", 2, 0, 1), ("restore", 2, 0, 1)]


@pytest.fixture(scope="module")
def undisturbed() -> Undisturbed:
    """Writes and outcome of each flow that nobody disturbed; filled by whoever needs it first."""
    return {}


@pytest.mark.parametrize(("name", "every", "part", "parts"), _PARTS)
def test_an_operator_killed_at_any_write_comes_to_the_same_end_once_it_runs_again(
    name: str, every: int, part: int, parts: int, undisturbed: Undisturbed, new_site: NewSite
) -> None:
    flow = FLOWS[name]
    if name not in undisturbed:
        site = new_site()
        flow.begin(site)
        site.launch_operator()
        undisturbed[name] = (flow.settled(site), site.proxy.writes)[::-1]
        site.operator.stop()
    writes, wanted = undisturbed[name]
    points = crash_points(writes, every=every, both=_SOAKING)[part::parts]
    done = sweep(flow, points, wanted, new_site)
    met = [crash for crash in done if crash.died]
    print(f"{name}: {writes} writes undisturbed; killed at {sorted(crash.write for crash in met)}")  # noqa: T201 - what the crash points were
    # What is written together varies with the timing: a run may have fewer writes than the undisturbed one.
    assert len(met) >= 0.8 * len(points)
