"""A gate's report as a page for people: one HTML file that needs nothing else, neither scripts nor anything fetched."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from vinymatic.index.layout import gate_page_key
from vinymatic.lifecycle.gate_decision import allowed, slowest
from vinymatic.lifecycle.gate_plots import ACTIVE, CANDIDATE, LIMIT, Plot, limit_plots, score_plots
from vinymatic.lifecycle.gate_report import GatePolicy, GateReport, Round
from vinymatic.storage.port import ObjectStore

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1120px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
.passed { color: #1a7f37 } .failed { color: #c0392b }
table { border-collapse: collapse } th, td { padding: .25rem .9rem; text-align: right; border-bottom: 1px solid #ddd }
th:first-child, td:first-child { text-align: left; padding-left: 0 } thead th { border-bottom-color: #888 }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(460px, 1fr)); gap: 1rem; margin-top: 1rem }
figure { margin: 0 } .plots img { width: 100% } .plain { color: #666 } code { font-size: .9em }
"""


def write_gate_page(store: ObjectStore, report: GateReport) -> str:
    """The key under which the page lies now."""
    key = gate_page_key(report.epoch, report.codebook)
    store.put(key, gate_page(report, store.url).encode())
    return key


def gate_page(report: GateReport, url: str) -> str:
    """The page. `url`: of the index."""
    policy = report.policy or GatePolicy()
    word, colour = ("passed", "passed") if report.passed else ("FAILED", "failed")
    title = f"Gate of epoch {report.epoch}"
    parts = [
        f"<h1>{title}: <span class={colour}>{word}</span></h1>",
        f"<p class=plain>Manifest {report.number} of {escape(url)}, measured at {escape(report.measured_at)}."
        f" Codebook <code>{escape(report.codebook)}</code>.</p>",
        _list("Limits that were not kept", report.failures),
        _list("To know", report.notes),
        f"<p><b style=color:{ACTIVE}>●</b> active <b style=color:{CANDIDATE}>●</b> candidate <b style=color:{LIMIT}>┃</b> limit</p>",
        _plots(limit_plots(report.rounds, policy)),
    ]
    for measured in report.rounds:
        parts += [_table(measured, policy), _plots(score_plots(measured))]
    return (
        f'<!doctype html>\n<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">\n'
        f"<title>{title}: {word}</title>\n<style>{_STYLE}</style>\n" + "\n".join(part for part in parts if part)
    )


def _list(heading: str, lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<h2>{heading}</h2>\n<ul>{items}</ul>" if items else ""


def _plots(plots: Iterable[Plot]) -> str:
    figures = "".join(
        f'<figure><figcaption>{escape(plot.title)}</figcaption><img alt="" src="{plot.source}"></figure>\n'
        for plot in plots
    )
    return f"<div class=plots>{figures}</div>" if figures else ""


def _table(measured: Round, policy: GatePolicy) -> str:
    active, candidate = measured.active, measured.candidate
    recall, gain = allowed(policy.recall_loss, active.present), allowed(policy.false_accept_gain, active.photos)
    longest = slowest(active.median_seconds, policy)
    rows = [
        (
            "recall: accepted and right",
            _share(active.found, active.present),
            _share(candidate.found, candidate.present),
            f"≥ {active.recall - recall:.3f}" if active.present else "",
        ),
        ("ranked first", _share(active.first, active.present), _share(candidate.first, candidate.present), ""),
        (
            "another cover accepted",
            _share(active.wrong, active.present),
            _share(candidate.wrong, candidate.present),
            "",
        ),
        (
            "absent cover accepted",
            _share(active.accepted, active.absent),
            _share(candidate.accepted, candidate.absent),
            "",
        ),
        (
            "false accepts: both together",
            _share(active.accepted + active.wrong, active.photos),
            _share(candidate.accepted + candidate.wrong, candidate.photos),
            f"≤ {active.false_accepts + gain:.3f}" if active.photos else "",
        ),
        ("median search", _ms(active.median_seconds), _ms(candidate.median_seconds), f"≤ {_ms(longest)}"),
        ("95 % of searches within", _ms(active.p95_seconds), _ms(candidate.p95_seconds), ""),
    ]
    body = "\n".join(f"<tr><td>{'<td>'.join(escape(cell) for cell in row)}</tr>" for row in rows)
    return (
        f"<h2>{escape(measured.name.capitalize())} photos</h2>\n<table><thead><tr><th><th>active, epoch {active.epoch}"
        f"<th>candidate, epoch {candidate.epoch}<th>limit</tr></thead>\n{body}\n</table>"
    )


def _share(count: int, photos: int) -> str:
    return f"{count / photos:.3f} ({count} of {photos})" if photos else "none asked"


def _ms(seconds: float) -> str:
    return f"{seconds * 1_000:.1f} ms"
