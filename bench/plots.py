"""The plots of docs/performance.md, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ziaplot

from bench.figures import CurvePoint, Scored, curve

_WIDTH, _HEIGHT = 640, 320
_COLOURS = ("#1f6fb4", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555b66")
# What lies beyond nobody would put up with.
_MOST_FALSE_PERCENT = 5.0
_ALONE = "decode + SIFT"  # a longer name would be cut off
Line = Sequence[tuple[float, float]]


def recall(lines: Mapping[str, Line]) -> bytes:
    """Right answers against false accepts, both in percent, as the threshold falls."""
    graph = _graph(ziaplot.Graph()).axesnames("accepted though absent, %", "accepted and right, %")
    graph.xrange(0, _MOST_FALSE_PERCENT).yrange(0, 100)
    for colour, (name, points) in zip(_COLOURS, lines.items(), strict=False):
        steps = stairs([(100 * false, 100 * right) for false, right in points])
        if steps:
            graph += ziaplot.PolyLine(*zip(*steps, strict=True)).name(name).color(colour).strokewidth(2)
    return bytes(graph.imagebytes("svg"))


def stairs(points: Line) -> list[tuple[float, float]]:
    """The best of `points` (false accepts, right; in percent) at every share of false accepts up to the plot's edge, as steps."""
    best, line = 0.0, [(0.0, 0.0)]
    for false, right in sorted(points):
        if false > _MOST_FALSE_PERCENT:
            break
        if right > best:
            line += [(false, best), (false, right)]
            best = right
    return [] if best == 0.0 else [*line, (_MOST_FALSE_PERCENT, best)]


def recall_line(points: Sequence[CurvePoint]) -> Line:
    return [(point.false_accepts, point.right) for point in points]


def levels(synthetic: Mapping[str, Any], real: Mapping[str, Any]) -> dict[str, Line]:
    """Of each kind of photo with one cover, against all photos of absent covers and of none."""
    groups = synthetic["groups"]
    absent = [score for one in groups.values() if not one["present"] for score, _ in one["scores"]]
    wanted = {name: one["scores"] for name, one in groups.items() if one["present"] and one["covers"] == one["photos"]}
    photos = real["scores"]["standard"]
    absent += photos["absent"]
    wanted = {"real photos": photos["present"]} | wanted
    return {
        name: recall_line(curve([Scored(score, right) for score, right in scores], absent))
        for name, scores in wanted.items()
    }


def steps(real: Mapping[str, Any]) -> bytes:
    """Median milliseconds of each step of a request, and of decode and SIFT alone."""
    chart = ziaplot.BarChartHoriz().size(_WIDTH, _HEIGHT).axesnames("median, ms", "").legend("none")
    rows = {name: one["median"] for name, one in real["steps"].items() if name != "total"}
    rows[_ALONE] = real["alone_median"]
    for name, value in rows.items():
        colour = _COLOURS[5] if name == _ALONE else _COLOURS[0]
        chart += ziaplot.Bar(value).name(name).color(colour)
    return bytes(chart.imagebytes("svg"))


def growth(scale: Mapping[str, Any]) -> bytes:
    """Milliseconds of a search by the number of covers."""
    graph = _graph(ziaplot.GraphLogX()).axesnames("covers", "search, ms")
    sizes = scale["sizes"]
    covers = [one["covers"] for one in sizes]
    for colour, (name, key) in zip(
        _COLOURS, {"median": "search_median", "95 of 100 are faster": "search_p95"}.items(), strict=False
    ):
        graph += (
            ziaplot.PolyLine(covers, [one[key] for one in sizes]).name(name).color(colour).strokewidth(2).marker("o")
        )
    graph.yrange(0, 1.1 * max(one["search_p95"] for one in sizes))
    return bytes(graph.imagebytes("svg"))


def _graph(graph: ziaplot.Diagram) -> ziaplot.Diagram:
    graph.size(_WIDTH, _HEIGHT).legend("right")
    graph.max_xticks = graph.max_yticks = 6
    return graph
