"""The gate's report as one page that needs nothing else: no script, no network. Its plots are SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from vinymatic.lifecycle.gate_report import Figures, GateReport, Round

_BINS = 20
_WIDTH, _HEIGHT, _MARGIN = 420, 150, 28
_PRESENT, _ABSENT = "#2a6f97", "#c1440e"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .25rem .9rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } .passed { color: #1b7f3b; } .failed { color: #b00020; }
.plots { display: flex; flex-wrap: wrap; gap: 1.5rem; } figure { margin: 0; } figcaption, text { font-size: 12px; fill: #444; color: #444; }
"""


def page(report: GateReport) -> str:
    """The page, as HTML."""
    word, style = ("passed", "passed") if report.passed else ("did not pass", "failed")
    parts = [
        f"<h1>Epoch {report.epoch} <span class={style}>{word}</span></h1>",
        f"<p>Measured {escape(report.measured_at)} on manifest {report.number}; codebook {escape(report.codebook[:16])}.</p>",
        _list(report.failures, "failed"),
        *(_round(measured) for measured in report.rounds),
        _list(report.notes, "note"),
    ]
    title = f"Gate of epoch {report.epoch}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _list(lines: Sequence[str], style: str) -> str:
    return f"<ul class={style}>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>" if lines else ""


def _round(measured: Round) -> str:
    both = (measured.active, measured.candidate)
    rows = [
        ("epoch", [str(figures.epoch) for figures in both]),
        ("covers found (accepted and right)", [f"{f.found} of {f.present} ({f.recall:.1%})" for f in both]),
        ("ranked first", [f"{f.first} of {f.present}" for f in both]),
        ("another cover accepted", [f"{f.wrong} of {f.present}" for f in both]),
        ("absent cover accepted", [f"{f.accepted} of {f.absent}" for f in both]),
        ("median search", [f"{f.median_seconds * 1_000:.1f} ms" for f in both]),
        ("95 % of searches under", [f"{f.p95_seconds * 1_000:.1f} ms" for f in both]),
    ]
    table = "".join(
        f"<tr><td>{name}</td>{''.join(f'<td>{value}</td>' for value in values)}</tr>" for name, values in rows
    )
    plots = "".join(
        _plot(f"{name} epoch", figures) for name, figures in zip(("Active", "Candidate"), both, strict=True)
    )
    return (
        f"<h2>{escape(measured.name.capitalize())} photos</h2>"
        f"<table><tr><th></th><th>active</th><th>candidate</th></tr>{table}</table><div class=plots>{plots}</div>"
    )


def _plot(title: str, figures: Figures) -> str:
    """How the best candidates' scores are distributed, for photos of present and of absent covers."""
    scores = np.clip(np.asarray(figures.scores, np.float64), 0.0, 1.0)
    counts = [
        np.histogram(part, bins=_BINS, range=(0.0, 1.0))[0].tolist()
        for part in (scores[: figures.present], scores[figures.present :])
    ]
    highest = max([1, *counts[0], *counts[1]])
    width, height = (_WIDTH - 2 * _MARGIN) / _BINS, _HEIGHT - 2 * _MARGIN
    bars = []
    for half, (part, colour) in enumerate(zip(counts, (_PRESENT, _ABSENT), strict=True)):
        for place, count in enumerate(part):
            if count:
                tall = height * count / highest
                left = _MARGIN + place * width + half * width / 2
                bars.append(
                    f'<rect x="{left:.1f}" y="{_HEIGHT - _MARGIN - tall:.1f}" width="{width / 2 - 0.5:.1f}" height="{tall:.1f}"'
                    f' fill="{colour}"><title>{count}</title></rect>'
                )
    base = _HEIGHT - _MARGIN
    labels = "".join(
        f'<text x="{_MARGIN + share * (_WIDTH - 2 * _MARGIN):.0f}" y="{base + 15}" text-anchor="middle">{share:g}</text>'
        for share in (0, 0.5, 1)
    )
    return (
        f'<figure><svg width="{_WIDTH}" height="{_HEIGHT}" role="img"><text x="4" y="14">{highest}</text>'
        f'<line x1="{_MARGIN}" x2="{_WIDTH - _MARGIN}" y1="{base}" y2="{base}" stroke="#888"/>{"".join(bars)}{labels}</svg>'
        f"<figcaption>{title}: score of the best candidate; "
        f'<span style="color:{_PRESENT}">covers that are in the index</span>, <span style="color:{_ABSENT}">that are not</span>'
        "</figcaption></figure>"
    )
