"""What an index costs the API server while nothing happens."""

from __future__ import annotations

import time

import pytest

from tests.cluster.operator.quick.conftest import NewSite
from tests.cluster.operator.quick.flows import RETRAIN
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster

_MOST_A_MINUTE = 10
_WATCHED_SECONDS = 65.0  # API pods are listed once a minute


def test_an_index_that_nothing_happens_to_costs_no_more_than_ten_requests_a_minute_watches_included(
    new_site: NewSite,
) -> None:
    site = new_site()
    operator = site.operator_process("operator", site.proxy, TICK_SECONDS="10", RESYNC_SECONDS="300")
    RETRAIN.begin(site)
    operator.start()
    try:
        RETRAIN.settled(site)
        until(lambda: len(site.proxy.counted()) > 0, "requests")
        before, begun = len(site.proxy.requests), time.monotonic()
        # The one wait for the clock: a rate is what is asked for.
        until(lambda: time.monotonic() - begun > _WATCHED_SECONDS, "the end of the time", seconds=2 * _WATCHED_SECONDS)
        spent, asked = time.monotonic() - begun, site.proxy.counted(before)
    finally:
        operator.stop()
    print(f"idle: {asked.total()} requests in {spent:.0f} s: {dict(asked)}")  # noqa: T201 - the measured number
    assert asked.total() <= _MOST_A_MINUTE * spent / 60, asked
