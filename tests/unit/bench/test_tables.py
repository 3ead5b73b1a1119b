"""What benchmarks print, and that the page has a place for each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.tables import quantile, replaced, table
from bench.together import staleness

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]


def test_a_rerun_replaces_its_own_figures_and_nothing_else() -> None:
    page = "# A\n<!-- bench:a -->\nold\n<!-- /bench:a -->\nbetween\n<!-- bench:ab -->\nkept\n<!-- /bench:ab -->\n"
    once = replaced(page, "a", "new")
    assert once == page.replace("old", "new")
    assert replaced(once, "a", "new") == once


@pytest.mark.parametrize("page", ["", "<!-- bench:a -->", "<!-- /bench:a --><!-- bench:a -->"])
def test_a_page_without_a_place_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="bench:a"):
        replaced(page, "a", "new")


def test_the_page_has_a_place_for_every_benchmark_that_publishes() -> None:
    page = (ROOT / "docs" / "performance.md").read_text("utf-8")
    names = [path.stem for path in (ROOT / "bench").glob("*.py") if f'publish("{path.stem}"' in path.read_text("utf-8")]
    assert len(names) == 6
    for name in names:
        assert f"python -m bench.{name} " in replaced(page, name, "figures")


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | ---: |\n| 1 | 2 |"


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10), (0.95, 19), (1.0, 20), (0.0, 1)])
def test_a_quantile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert quantile([float(value) for value in range(20, 0, -1)], share) == expected


def test_the_quantile_of_nothing_is_zero() -> None:
    assert quantile([], 0.5) == 0.0


def test_a_commit_counts_as_served_with_the_first_manifest_that_holds_it() -> None:
    committed = {2: 10.0, 3: 11.0, 5: 12.0}
    assert staleness(committed, [(10.5, 1), (11.5, 4), (14.0, 5)]) == ([1.5, 0.5, 2.0], 0)
    assert staleness(committed, [(11.5, 4)]) == ([1.5, 0.5], 1)
