"""The plots of a gate's page: SVG as data URLs, so that the page stands alone."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import ziaplot

from vinymatic.lifecycle.gate_decision import allowed, slowest
from vinymatic.lifecycle.gate_report import SCORE_BINS, GatePolicy, Round

ACTIVE, CANDIDATE, LIMIT = "#8a8f98", "#1f6fb4", "#c0392b"
_WIDTH = 520


@dataclass(frozen=True)
class Plot:
    """`source`: a data URL."""

    title: str
    source: str


@dataclass(frozen=True)
class Measure:
    """One figure of one round, and what is allowed."""

    name: str
    active: float
    candidate: float
    limit: float


def limit_plots(rounds: Sequence[Round], policy: GatePolicy) -> list[Plot]:
    """Recall, false accepts and median times of the rounds in which something was asked, each beside what is allowed."""
    recall, false_accepts, times = [], [], []
    for measured in rounds:
        active, candidate, name = measured.active, measured.candidate, measured.name
        if active.present:
            lowest = active.recall - allowed(policy.recall_loss, active.present)
            recall.append(Measure(name, active.recall, candidate.recall, lowest))
        if active.photos:
            highest = active.false_accepts + allowed(policy.false_accept_gain, active.photos)
            false_accepts.append(Measure(name, active.false_accepts, candidate.false_accepts, highest))
            seconds = active.median_seconds, candidate.median_seconds, slowest(active.median_seconds, policy)
            times.append(Measure(name, *(second * 1_000 for second in seconds)))
    plots = {"Recall": recall, "False accepts": false_accepts, "Median time of a search, ms": times}
    return [_compared(title, measures) for title, measures in plots.items() if measures]


def score_plots(measured: Round) -> list[Plot]:
    """How the scores of present and of absent covers are spread under both epochs; none of a kind that nobody asked."""
    active, candidate = measured.active, measured.candidate
    kinds = {
        "true cover's score, where it is present": (active.present_scores, candidate.present_scores),
        "best score, where the cover is absent": (active.absent_scores, candidate.absent_scores),
    }
    return [_spread(f"Photos by the {kind}", before, after) for kind, (before, after) in kinds.items() if sum(before)]


def _compared(title: str, measures: Sequence[Measure]) -> Plot:
    """A row for each measure: two dots, and a line where the limit is."""
    rows = range(len(measures))[::-1]
    graph = _graph(80 + 45 * len(measures))
    graph.yticks(rows, [measure.name for measure in measures]).yrange(-0.6, len(measures) - 0.4)
    graph += ziaplot.Scatter([measure.active for measure in measures], rows).marker("o", radius=7).color(ACTIVE)
    graph += ziaplot.Scatter([measure.candidate for measure in measures], rows).marker("o", radius=5).color(CANDIDATE)
    for row, measure in zip(rows, measures, strict=True):
        line = ziaplot.PolyLine([measure.limit] * 2, [row - 0.35, row + 0.35])
        graph += line.color(LIMIT).strokewidth(3)
    return _drawn(title, graph)


def _spread(title: str, active: Sequence[int], candidate: Sequence[int]) -> Plot:
    graph = _graph(250).axesnames("score", "photos").xrange(0, 1)
    edges = [place / SCORE_BINS for place in range(SCORE_BINS + 1) for _ in range(2)]
    for counts, colour in ((active, ACTIVE), (candidate, CANDIDATE)):
        heights = [0, *(count for count in counts for _ in range(2)), 0]
        graph += ziaplot.PolyLine(edges, heights).color(colour).strokewidth(2)
    return _drawn(title, graph)


def _graph(height: int) -> ziaplot.Graph:
    # The page has the title, and says once what the colours are.
    graph = ziaplot.Graph().size(_WIDTH, height).legend("none")
    graph.max_xticks = graph.max_yticks = 6
    return graph


def _drawn(title: str, graph: ziaplot.Graph) -> Plot:
    return Plot(title, "data:image/svg+xml;base64," + b64encode(graph.imagebytes("svg")).decode())
