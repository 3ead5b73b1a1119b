"""What every benchmark of the index prints: the machine's facts and a Markdown table; `--write PAGE` puts both into a page.

A page holds them between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`, so that a rerun replaces exactly what it measured.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from vinymatic.threads import usable_cores


def parser_for(about: str | None) -> argparse.ArgumentParser:
    """A parser whose help is the module's docstring, with the option that all of them have."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the table into this page, too")
    return parser


def say(text: str) -> None:
    """Progress, for whoever waits; the standard output holds the table alone."""
    print(text, file=sys.stderr, flush=True)


def facts(store: str) -> str:
    """One line that says where the figures come from. The load is what others did on the machine before the run."""
    return (
        f"{usable_cores()} cores ({platform.machine()}), Python {platform.python_version()}, {store}; "
        f"load average at the start {_LOAD_AT_START:.1f}; {datetime.now(UTC):%Y-%m-%d}."
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first hold figures and are set to the right."""
    lines = [header, ["---", *("---:" for _ in header[1:])], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def publish(name: str, parts: Sequence[str], page: Path | None) -> None:
    """Prints the parts, and replaces what `page` holds under `name`. Raises `ValueError` when the page has no such place."""
    text = "\n\n".join(parts)
    print(text)
    if page is not None:
        page.write_text(replaced(page.read_text("utf-8"), name, text), "utf-8")


def replaced(page: str, name: str, text: str) -> str:
    """`page` with `text` between the markers of `name`. Raises `ValueError` when it lacks them."""
    first, last = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    before, found, rest = page.partition(first)
    _, ended, after = rest.partition(last)
    if not found or not ended:
        raise ValueError(f"the page has no {first} … {last}")
    return f"{before}{first}\n{text}\n{last}{after}"


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed; 0 for none."""
    ordered = sorted(values)
    return ordered[max(0, -(-round(share * 1_000) * len(ordered) // 1_000) - 1)] if ordered else 0.0


def p50_p95(values: Sequence[float], *, digits: int = 2) -> str:
    return f"{quantile(values, 0.5):.{digits}f} / {quantile(values, 0.95):.{digits}f}" if values else "–"


def mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else 0.0


def mebibytes(size: float) -> str:
    return f"{size / (1 << 20):.1f}"


_LOAD_AT_START = os.getloadavg()[0]
