"""From the JSON files to the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.plots import growth, levels, recall, stairs, steps
from bench.record import Record
from bench.report import SHOWN, TABLES, drawn, strict, written

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def record(name: str, figures: dict[str, Any]) -> Record:
    return {
        "bench": name,
        "date": "2026-11-25",
        "machine": "2 cores (some)",
        "load": 0.1,
        "versions": {"Python": "3.11.7"},
        "setting": {"sizes": [1, 2], "photos": None},
        "figures": figures,
    }


def size(covers: int, milliseconds: float) -> dict[str, Any]:
    return {
        "covers": covers,
        "lists": 1_024,
        "photos": 4,
        "top1": 4,
        "right": 3,
        "wrong": 0,
        "search_median": milliseconds,
        "search_p95": 2 * milliseconds,
        "steps": {"shortlist": milliseconds / 2},
        "search_over_alone": 0.4,
        "over_alone": 1.4,
        "asked": 100.0 + covers / 1_000,
        "ready_seconds": 1.5,
    }


REAL = {
    "scores": {"standard": {"present": [[0.99, True], [0.6, True]], "absent": [0.1, 0.2]}},
    "steps": {"decode": {"median": 4.0}, "verify": {"median": 9.0}},
    "alone_median": 40.0,
}
SYNTHETIC = {
    "groups": {
        "easy": {"present": True, "covers": 2, "photos": 2, "scores": [[0.9, True], [0.8, False]]},
        "2 on a table": {"present": True, "covers": 4, "photos": 2, "scores": [[0.9, True], [0.8, True]]},
        "no cover": {"present": False, "covers": 0, "photos": 2, "scores": [[0.7, False], [0.0, False]]},
    }
}
SCALE = record("scale", {"sizes": [size(1_000, 10.0), size(10_000, 20.0)]})


def test_the_page_has_one_place_for_every_table() -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    for name in {*TABLES, *(block for block, _ in SHOWN.values())}:
        assert page.count(f"<!-- bench:{name} -->") == page.count(f"<!-- /bench:{name} -->") == 1


def test_a_table_comes_with_its_setting_machine_versions_date_and_plot() -> None:
    page = written("<!-- bench:scale -->\nold\n<!-- /bench:scale -->\n", {"scale": SCALE}, ["growth"])
    assert "`python -m bench.scale --sizes 1 2`; 2 cores (some), Python 3.11.7; load average at the start 0.1;" in page
    assert "2026-11-25" in page
    assert "| 10,000 covers | 1,024 | 100.0 % |" in page
    assert "(plots/growth.svg)" in page
    assert "old" not in page


def test_the_strict_threshold_is_over_the_negatives_of_both_runs() -> None:
    records = {"real": record("real", REAL), "synthetic": record("synthetic", SYNTHETIC)}
    about, table = strict(records)
    assert "Negatives: 4 (2 real, cover absent, 2 simulated, no cover). At a score of 0.990, 0 are accepted" in about
    assert "| real | 50.0 % |" in table
    assert "| simulated, easy | 0.0 % |" in table
    assert "table" not in table
    assert strict({"real": records["real"]}) == []


def test_plots_are_made_of_what_there_is() -> None:
    assert set(drawn({"scale": SCALE})) == {"growth"}
    for picture in (growth(SCALE["figures"]), steps(REAL), recall(levels(SYNTHETIC, REAL))):
        assert picture.startswith(b"<svg")
        assert len(picture) < 50_000


def test_a_curve_is_drawn_as_the_best_that_each_share_of_false_accepts_allows() -> None:
    assert stairs([(0.0, 90.0), (1.0, 80.0), (2.0, 95.0), (9.0, 99.0)]) == [
        (0.0, 0.0),
        (0.0, 0.0),
        (0.0, 90.0),
        (2.0, 90.0),
        (2.0, 95.0),
        (5.0, 95.0),
    ]
    assert stairs([(9.0, 99.0)]) == []
