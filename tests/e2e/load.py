"""A constant load of searches through the edge, each written down: what was asked, when, how long it took, and what was answered."""

from __future__ import annotations

import itertools
import ssl
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Protocol, Self

import httpx

from tests.kube.waiting import until

# Longer than the edge tries: on a busy machine too, what is counted as failed was not answered. How long answers took is told beside it.
TIMEOUT = 60.0


@dataclass(frozen=True)
class Question:
    """`id`: the cover that the photo shows; None: one that the catalogue does not hold."""

    photo: bytes
    id: str | None


@dataclass(frozen=True)
class Answer:
    """`begun`: Unix time. `failure`: why there is no answer; the rest is then empty. `ids`: what was accepted, best first.

    `edge`: the address that was asked in the end.
    """

    question: int
    begun: float
    seconds: float
    failure: str | None = None
    manifest: int = 0
    verdict: str = ""
    ids: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    edge: str = ""


class Asked(Protocol):
    """What a load can be sent to."""

    def client(self) -> httpx.Client: ...

    def ask(self, client: httpx.Client, question: Question, number: int = 0) -> Answer: ...


@dataclass(frozen=True)
class Edge:
    """Where the edge is, by address, and the name that its certificate is for, which `trust` verifies."""

    address: str
    name: str
    trust: ssl.SSLContext
    port: int = 443

    def client(self) -> httpx.Client:
        """Connects to the address, and verifies the name: it is in no DNS. Nothing is asked twice."""
        return httpx.Client(
            base_url=f"https://{self.address}:{self.port}",
            headers={"Host": self.name},
            verify=self.trust,
            timeout=TIMEOUT,
            trust_env=False,
        )

    def get(self, client: httpx.Client, path: str) -> httpx.Response:
        return client.get(path, extensions={"sni_hostname": self.name})

    def ask(self, client: httpx.Client, question: Question, number: int = 0) -> Answer:
        """One search. A failure is an answer too."""
        begun, clock = time.time(), time.monotonic()
        try:
            said = client.post(
                f"https://{self.address}:{self.port}/v1/search",
                content=question.photo,
                headers={"Content-Type": "image/jpeg"},
                extensions={"sni_hostname": self.name},
            )
        except httpx.HTTPError as error:
            failure = f"{type(error).__name__}: {error}"
            return Answer(number, begun, time.monotonic() - clock, failure, edge=self.address)
        seconds = time.monotonic() - clock
        if said.status_code != HTTPStatus.OK:
            return Answer(number, begun, seconds, f"{said.status_code} {said.text[:200]}", edge=self.address)
        body = said.json()
        covers = body["covers"]
        return Answer(
            number,
            begun,
            seconds,
            manifest=body["manifest"],
            verdict=body["verdict"],
            ids=tuple(cover["id"] for cover in covers),
            scores=tuple(cover["score"] for cover in covers),
            edge=self.address,
        )

    def ask_all(self, questions: Sequence[Question]) -> list[Answer]:
        """Each once, one after the other."""
        with self.client() as client:
            return [self.ask(client, question, number) for number, question in enumerate(questions)]


@dataclass(frozen=True)
class Report:
    """What became of the requests. `inconsistent`: pairs of a question and a manifest that were answered in more than one way."""

    sent: int
    failures: Counter[str]
    slowest: float
    median: float
    wrong: list[str]
    inconsistent: list[str]
    manifests: dict[int, int]
    longest_gap: float

    @property
    def failed(self) -> int:
        return self.failures.total()

    def __str__(self) -> str:
        reasons = "".join(f"; {count} × {reason}" for reason, count in self.failures.most_common(5))
        return (
            f"{self.sent} sent, {self.failed} failed, median {self.median:.2f} s, slowest {self.slowest:.2f} s, "
            f"manifests {min(self.manifests, default=0)}–{max(self.manifests, default=0)}{reasons}"
        )


def report(questions: Sequence[Question], answers: Sequence[Answer]) -> Report:
    """Pure: from what was asked and answered."""
    good = [answer for answer in answers if answer.failure is None]
    ways: defaultdict[tuple[int, int], set[tuple[str, tuple[str, ...]]]] = defaultdict(set)
    for answer in good:
        ways[answer.question, answer.manifest].add((answer.verdict, answer.ids))
    wrong = {
        f"{questions[a.question].id}: {a.verdict} {list(a.ids)} at manifest {a.manifest}"
        for a in good
        if a.ids[:1] != ((found,) if (found := questions[a.question].id) else ())
    }
    times = sorted(answer.seconds for answer in answers)
    ends = sorted(answer.begun + answer.seconds for answer in good)
    return Report(
        sent=len(answers),
        failures=Counter(answer.failure for answer in answers if answer.failure is not None),
        slowest=times[-1] if times else 0.0,
        median=times[len(times) // 2] if times else 0.0,
        wrong=sorted(wrong),
        inconsistent=[f"{questions[q].id} at manifest {m}: {w}" for (q, m), w in sorted(ways.items()) if len(w) > 1],
        manifests=dict(sorted(Counter(answer.manifest for answer in good).items())),
        longest_gap=max((after - before for before, after in itertools.pairwise(ends)), default=0.0),
    )


def assert_unharmed(found: Report) -> None:
    """No request failed; every answer was the right one, and the same at the same manifest."""
    assert found.sent > 0
    assert found.failures == Counter()
    assert found.wrong == []
    assert found.inconsistent == []


class Load:
    """While it is open, `workers` threads ask the questions in turn, `rate` a second in all; each waits for its answer."""

    def __init__(self, edge: Asked, questions: Sequence[Question], *, workers: int = 4, rate: float = 3.0) -> None:
        self.questions = list(questions)
        self.answers: list[Answer] = []
        self._edge = edge
        self._pause = workers / rate
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(number, workers), name=f"load-{number}", daemon=True)
            for number in range(workers)
        ]

    def __enter__(self) -> Self:
        """Returns once the load runs: each worker had an answer or a failure."""
        for thread in self._threads:
            thread.start()
        try:
            until(lambda: len(self.answers) >= len(self._threads) or None, "the load", seconds=120)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if error is not None:
            error.add_note(f"load: {self.report()}")

    def report(self) -> Report:
        return report(self.questions, list(self.answers))

    def settle(self, count: int = 12, *, seconds: float = 60) -> None:
        """Returns once so many more are answered: what comes after an event is under load too."""
        before = len(self.answers)
        until(lambda: len(self.answers) >= before + count or None, "more answers", seconds=seconds, pause=0.2)

    def _end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _work(self, worker: int, workers: int) -> None:
        with self._edge.client() as client:
            number, due = worker, time.monotonic() + worker * self._pause / workers
            while not self._stop.wait(max(0.0, due - time.monotonic())):
                # Appending is atomic; each answer is written down once and never changed.
                self.answers.append(self._edge.ask(client, self.questions[number], number))
                number = (number + workers) % len(self.questions)
                due = max(due + self._pause, time.monotonic())
