"""What a client sees while what is behind the edge dies: nothing but a longer wait."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.component.edge.conftest import Site
from tests.component.edge.load import Load
from tests.component.edge.pods import ADDRESSES
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.component

# Shorter than the chart's own, so that tests are.
RETRY: Json = {"totalSeconds": 12, "answerSeconds": 2, "connectMilliseconds": 500, "ejectSeconds": 1}


def killed(site: Site, load: Load) -> None:
    site.pods[0].kill()
    load.wait_for(100)
    site.dns.addresses = ADDRESSES[1:]


def killed_one_after_another(site: Site, load: Load) -> None:
    for index in range(3):
        site.replace(index, "works")
        load.wait_for(60)


def drained(site: Site, load: Load) -> None:
    site.pods[0].send_signal(signal.SIGTERM)
    site.pods[0].wait(60)


def node_lost(site: Site, load: Load) -> None:
    site.lose_node(0)


def two_of_three_lost(site: Site, load: Load) -> None:
    site.lose_node(0)
    site.lose_node(1)


def all_down_for_a_moment(site: Site, load: Load) -> None:
    for pod in site.pods:
        pod.kill()
    site.dns.addresses = ()
    site.replace(1, "works")
    site.dns.addresses = ADDRESSES[1:2]


def hanging(site: Site, load: Load) -> None:
    site.pods[0].send_signal(signal.SIGSTOP)


def silent(site: Site, load: Load) -> None:
    site.replace(0, "silent")


def started_anew_without_an_index(site: Site, load: Load) -> None:
    site.replace(0, "no_index")
    load.wait_for(60)
    site.dns.addresses = ADDRESSES[1:]


def replaced_by_others(site: Site, load: Load) -> None:
    site.dns.addresses = ADDRESSES[2:]
    load.wait_for(100)
    site.pods[0].kill()
    site.pods[1].kill()


def dns_gone(site: Site, load: Load) -> None:
    """Its container died: what is asked is refused."""
    site.dns.close()


@pytest.mark.parametrize(
    "fault",
    [
        killed,
        killed_one_after_another,
        drained,
        node_lost,
        two_of_three_lost,
        all_down_for_a_moment,
        hanging,
        silent,
        started_anew_without_an_index,
        replaced_by_others,
        dns_gone,
    ],
    ids=lambda fault: fault.__name__,
)
def test_every_search_is_answered(site: Site, fault: Callable[[Site, Load], None]) -> None:
    load = site.load(site.edge({"retry": RETRY}))
    with load:
        load.wait_for(40)
        fault(site, load)
        load.wait_for(300)
    assert load.failed == [], load.told()
