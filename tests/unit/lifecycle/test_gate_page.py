"""The page: whole, readable without anything else, and safe whatever users call their covers."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from vinymatic.lifecycle.gate_page import gate_page
from vinymatic.lifecycle.gate_report import SCORE_BINS, Figures, GatePolicy, GateReport, Round

pytestmark = pytest.mark.unit

HOSTILE = "<script>alert('1')</script>&\"x.jpg"


def figures(epoch: int, found: int, of: int, accepted: int, absent: int) -> Figures:
    return Figures(
        epoch=epoch,
        present=of,
        found=found,
        first=found,
        wrong=0,
        absent=absent,
        accepted=accepted,
        median_seconds=0.040 + epoch / 100,
        p95_seconds=0.1,
        present_scores=(of - found, *[0] * (SCORE_BINS - 2), found) if of else (),
        absent_scores=(absent - accepted, *[0] * (SCORE_BINS - 2), accepted) if absent else (),
    )


def report(*rounds: Round, failures: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> GateReport:
    return GateReport(
        epoch=1,
        codebook="ab" * 32,
        number=7,
        measured_at="2026-01-01T00:00:00+00:00",
        rounds=rounds,
        failures=failures,
        policy=GatePolicy(),
        notes=notes,
    )


SIMULATED = Round(name="simulated", active=figures(0, 99, 100, 2, 100), candidate=figures(1, 90, 100, 1, 100))
PRESENT_ONLY = Round(name="labelled", active=figures(0, 9, 10, 0, 0), candidate=figures(1, 10, 10, 0, 0))
NOTHING = Round(name="simulated", active=figures(0, 0, 0, 0, 0), candidate=figures(1, 0, 0, 0, 0))


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]

    def handle_data(self, data: str) -> None:
        self.words += data


def svgs(page: _Page) -> list[ElementTree.Element]:
    start = "data:image/svg+xml;base64,"
    assert all(source.startswith(start) for source in page.sources), "nothing is fetched"
    return [ElementTree.fromstring(b64decode(source.removeprefix(start), validate=True)) for source in page.sources]


def test_the_page_says_what_was_found_beside_the_limits() -> None:
    page = _Page(gate_page(report(SIMULATED, PRESENT_ONLY), "file:///index"))
    assert "Gate of epoch 1: passed" in page.words
    assert "Manifest 7 of file:///index" in page.words
    for figure in (
        "0.990 (99 of 100)",
        "0.900 (90 of 100)",
        "≥ 0.980",
        "≤ 0.015",
        "50.0 ms",
        "≤ 80.0 ms",
        "none asked",
    ):
        assert figure in page.words


def test_failures_and_notes_are_there_and_what_users_wrote_is_only_text() -> None:
    text = gate_page(report(SIMULATED, failures=("recall fell",), notes=(f"lacks {HOSTILE}",)), f"file:///{HOSTILE}")
    page = _Page(text)
    assert "Gate of epoch 1: FAILED" in page.words
    assert "recall fell" in page.words
    assert page.words.count(HOSTILE) == 2
    assert "script" not in page.tags


def test_the_page_stands_alone() -> None:
    text = gate_page(report(SIMULATED, PRESENT_ONLY), "s3://bucket/index")
    page = _Page(text)
    drawn = svgs(page)
    assert len(drawn) == 3 + 2 + 1
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    assert "url(" not in re.sub(r"base64,[^\"]*", "", text)
    for svg in drawn:
        assert not [element.tag for element in svg.iter() if element.tag.endswith(("script", "image", "use"))]


def test_a_round_in_which_nothing_was_asked_has_no_plots() -> None:
    page = _Page(gate_page(report(NOTHING, notes=("the index holds no cover",)), "file:///index"))
    assert page.sources == []
    assert "none asked" in page.words
    assert "the index holds no cover" in page.words
