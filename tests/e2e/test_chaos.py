"""On two nodes, under constant load: pods are killed, a node is drained, a node dies. Who reaches a living edge gets an answer."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.e2e import catalogue, stack
from tests.e2e.attack import Attack, assert_answered, note, note_service
from tests.e2e.chaos import Chaos
from tests.e2e.conftest import Installation
from tests.e2e.faults import Fault
from tests.e2e.filling import fill
from tests.e2e.kubernetes import Cluster
from tests.e2e.load import Load, Question
from tests.e2e.release import API, EDGE
from tests.e2e.summary import Summary
from tests.support.needs import missing

pytestmark = pytest.mark.e2e

KILLING_SECONDS = 120.0
BETWEEN_KILLS = (3.0, 8.0)
FIRST_COVERS = 12
OVER = {
    # An ingestor that dies with a message hides it for so long: then another one gets it.
    "ingestor": {"env": {"VISIBILITY_TIMEOUT": "15"}},
}


@dataclass(frozen=True)
class Drain:
    """What was done, and the loads meanwhile: of clients that know all edges, and of those that know the Service."""

    steps: list[Fault]
    known: Load
    alone: Load


@pytest.fixture(scope="module")
def attack(installation: Installation, cluster: Cluster) -> Iterator[Attack]:
    with installation("chaos") as release:
        release.install(OVER)
        release.await_ready()
        edge, covers = release.edge(), catalogue.covers(FIRST_COVERS)
        fill(release, edge, covers)
        asked = [Question(cover.photo, cover.id) for cover in covers]
        with edge.client() as client:
            right = [question for question in asked if edge.ask(client, question).ids == (question.id,)]
        yield Attack(Chaos(release, cluster.bare), covers, [*right, Question(catalogue.unknown_photo(), None)])


@pytest.fixture(scope="module")
def drained(attack: Attack, cluster: Cluster) -> Drain:
    """The node that can be spared is emptied and comes back; then new pods of API and edge are spread over both."""
    chaos, node, steps = attack.chaos, attack.spare_node(), []
    with chaos.watched(attack.questions) as (known, alone), attack.uploads(6, every=6.0) as uploads:
        with chaos.fault("a node is drained") as step:
            steps.append(step)
            cluster.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--timeout=240s")
            chaos.await_whole()
        cluster.kubectl("uncordon", node)
        for deployment, component in ((API, "api"), (EDGE, "edge")):
            with chaos.fault(f"roll-out of {component}") as step:
                steps.append(step)
                chaos.release.namespace.kubectl("rollout", "restart", deployment)
                chaos.release.await_rolled(deployment)
                chaos.await_none_ending(component)
        known.settle()
    attack.covers += uploads.put
    return Drain(steps, known, alone)


def test_no_search_fails_while_pods_of_every_kind_are_killed_at_random(attack: Attack, summary: Summary) -> None:
    chaos, seed = attack.chaos, int(os.environ.get("VINYMATIC_E2E_SEED") or secrets.randbelow(10_000))
    with chaos.watched(attack.questions) as (known, alone), attack.uploads(24, every=4.0) as uploads:
        hits = chaos.kill_at_random(seed, KILLING_SECONDS, BETWEEN_KILLS)
        known.settle()
    attack.covers += uploads.put
    summary.facts["pods killed"] = (
        f"VINYMATIC_E2E_SEED={seed}; {len(uploads.put)} covers put, {uploads.retried} put again"
    )
    counts = Counter(hit.what for hit in hits)
    for what, count in sorted(counts.items()):
        note(summary, f"{what}, {count} times", [hit for hit in hits if hit.what == what], known)
    note_service(summary, "pods killed", alone)
    assert {what.partition(" ")[0] for what in counts} == {"api", "ingestor", "operator", "edge", stack.NAME}
    assert_answered(known, hits)
    attack.assert_all_there()


def test_no_search_fails_while_a_node_is_drained_and_comes_back(
    attack: Attack, drained: Drain, summary: Summary
) -> None:
    for step in drained.steps:
        note(summary, step.what, [step], drained.known)
    note_service(summary, "a node is drained, and roll-outs", drained.alone)
    assert_answered(drained.known, [])
    attack.assert_all_there()


def test_only_searches_under_way_on_it_fail_when_a_node_dies(attack: Attack, drained: Drain, summary: Summary) -> None:
    chaos, bare = attack.chaos, attack.chaos.bare
    if bare is None:
        missing("only of the tests' own cluster can a node's power be cut")
    node = attack.spare_node()
    number = int(node.removeprefix("node-"))
    died_with_it = [pod.address for pod in chaos.pods("edge") if pod.node == node]
    assert len(died_with_it) == 1
    with chaos.watched(attack.questions) as (known, alone), attack.uploads(6, every=6.0) as uploads:
        known.settle()
        with chaos.fault("a node dies", *died_with_it) as death:
            bare.kill_node(number)
            try:
                death.done = time.time()
                chaos.await_unready(node)
                known.settle(40)
            except BaseException:
                # The tests after this one have the cluster whole.
                bare.start_node(number)
                raise
        with chaos.fault("it boots again") as boot:
            bare.start_node(number)
            chaos.await_whole()
        known.settle()
    attack.covers += uploads.put
    note(summary, death.what, [death], known)
    note(summary, boot.what, [boot], known)
    note_service(summary, "a node dies", alone)
    assert_answered(known, [death])
    attack.assert_all_there()
