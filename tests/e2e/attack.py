"""A release under attack, the covers that it should have, photos to ask, and what is claimed after each attack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tests.e2e import catalogue, faults, stack
from tests.e2e.catalogue import Cover
from tests.e2e.chaos import Chaos
from tests.e2e.faults import Fault
from tests.e2e.load import Load, Question, report
from tests.e2e.release import API
from tests.e2e.summary import Summary
from tests.e2e.uploads import Uploads

_ALL_SEARCHABLE_SECONDS = 240.0
# Of real phone photos some are too bad for anyone.
_LEAST_RECALL = 0.85


@dataclass
class Attack:
    chaos: Chaos
    covers: list[Cover]
    questions: list[Question]

    def uploads(self, count: int, *, every: float) -> Uploads:
        """Of the next covers."""
        return Uploads(self.chaos.release.stack, catalogue.covers(count, after=len(self.covers)), every=every)

    def spare_node(self) -> str:
        """One on which the only S3 server is not."""
        (kept,) = self.chaos.nodes(stack.NAME)
        return min((self.chaos.nodes("api") | self.chaos.nodes("edge")) - {kept})

    def listed(self) -> dict[str, list[str]]:
        """The IDs that each pod of the API serves."""
        return {pod.name: _ids(pod.address) for pod in self.chaos.pods("api")}

    def assert_all_there(self) -> None:
        """Each cover is served once by every pod of the API, and its photo finds it."""
        wanted = sorted(cover.id for cover in self.covers)
        namespace, queue = self.chaos.release.namespace, self.chaos.release.stack
        self.chaos.await_whole()
        namespace.until(
            lambda: all(len(ids) >= len(wanted) for ids in self.listed().values()) or None,
            f"{len(wanted)} covers at each pod",
            seconds=_ALL_SEARCHABLE_SECONDS,
            about=lambda: (
                f"{queue.queued()} queued; missing: { {p: set(wanted) - set(i) for p, i in self.listed().items()} }"
            ),
        )
        assert all(ids == wanted for ids in self.listed().values())
        # Reads every byte; an ID that occurs twice is one of its findings.
        namespace.kubectl("exec", API, "--", "vinymatic", "index", "verify")
        edge = self.chaos.release.edge()
        with edge.client() as client:
            found = {cover.id: edge.ask(client, Question(cover.photo, cover.id)) for cover in self.covers}
        assert {answer.failure for answer in found.values()} == {None}
        assert [answer.ids for id_, answer in found.items() if answer.ids not in ((id_,), ())] == []
        assert sum(answer.ids == (id_,) for id_, answer in found.items()) >= _LEAST_RECALL * len(found)


def note(summary: Summary, what: str, lasted: Sequence[Fault], load: Load) -> None:
    """What those saw who know all edges, while this lasted."""
    answers = faults.during(load.answers, *lasted)
    seconds = sum(fault.over - fault.begun for fault in lasted)
    with_edge = len(faults.cut(answers, lasted))
    summary.loads[f"{what}, {seconds:.0f} s, {with_edge} cut off with their edge"] = report(load.questions, answers)


def note_service(summary: Summary, what: str, load: Load) -> None:
    """What those saw who know only the Service."""
    times = [answer.begun for answer in load.answers if answer.failure]
    span = f", {max(times) - min(times):.0f} s from the first failure to the last" if times else ""
    summary.loads[f"{what}, through the Service alone{span}"] = load.report()


def assert_answered(load: Load, lasted: Sequence[Fault]) -> None:
    """Nothing failed but what was under way at an edge that died; every answer was right, and the same at the same manifest."""
    bound = faults.cut(load.answers, lasted)
    found = report(load.questions, [answer for answer in load.answers if answer not in bound])
    assert found.sent > 0
    assert found.failures == Counter()
    assert found.wrong == []
    assert found.inconsistent == []


def _ids(address: str) -> list[str]:
    answer = httpx.get(f"http://{address}:5002/v1/covers?limit=1000", timeout=30, trust_env=False)
    return [cover["id"] for cover in answer.raise_for_status().json()["covers"]]
