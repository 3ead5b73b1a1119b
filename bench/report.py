"""Tables and plots of the recognition's bench, into the page: `python -m bench.report FILE... [--page PAGE]`.

FILEs are what `--json` of bench.real, bench.synthetic, bench.baseline, bench.scale and bench.load wrote. Each replaces what stands between
`<!-- bench:NAME -->` and `<!-- /bench:NAME -->` of its name; the plots lie in a folder `plots` beside the page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import baseline, load, plots, real_tables, scale, synthetic
from bench.figures import Scored, at_false_accepts, curve, upper_bound
from bench.record import Record, facts
from bench.record import load as load_record
from bench.tables import replaced, table

TABLES: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "real": real_tables.tables,
    "synthetic": synthetic.tables,
    "baseline": baseline.tables,
    "scale": scale.tables,
    "load": load.tables,
}
# One false accept in so many photos of absent covers is what the threshold of `strict` allows.
ALLOWED = 0.001


def strict(records: Mapping[str, Record]) -> list[str]:
    """At the threshold that lets through no more than 0.1 % of all negatives of both runs: what is still accepted and right."""
    if not {"real", "synthetic"} <= records.keys():
        return []
    photos = records["real"]["figures"]["scores"]["standard"]
    groups = records["synthetic"]["figures"]["groups"]
    kinds = {name: one["scores"] for name, one in groups.items() if not one["present"]}
    absent = [*photos["absent"], *(score for scores in kinds.values() for score, _ in scores)]
    points = curve([Scored(score, right) for score, right in photos["present"]], absent)
    best = at_false_accepts(points, ALLOWED)
    if best is None:
        return []
    over = sum(score >= best.threshold for score in absent)
    of = ", ".join(
        [f"{len(photos['absent'])} real, cover absent", *(f"{len(s)} simulated, {n}" for n, s in kinds.items())]
    )
    bound = f"the true rate is under {100 * upper_bound(over, len(absent)):.2f} % with 95 % confidence"
    about = f"Negatives: {len(absent):,} ({of}). At a score of {best.threshold:.3f}, {over} are accepted: {bound}."
    rows = [("real", _share_over(photos["present"], best.threshold))]
    rows += [
        (f"simulated, {name}", _share_over(one["scores"], best.threshold))
        for name, one in groups.items()
        if one["present"] and one["covers"] == one["photos"]
    ]
    return [about, table(("photos", "accepted and right at that score"), rows)]


def _share_over(scores: Sequence[tuple[float, bool]], threshold: float) -> str:
    right = sum(hit and score >= threshold for score, hit in scores)
    return f"{100 * right / max(1, len(scores)):.1f} %"


# Where each plot is shown, and what it shows.
SHOWN = {
    "recall": ("baseline", "right answers against false accepts, as the threshold falls"),
    "levels": ("strict", "right answers against false accepts over all negatives, by kind of photo"),
    "steps": ("real", "median time of each step of a request"),
    "growth": ("scale", "time of a search by the number of covers"),
}


def drawn(records: Mapping[str, Record]) -> dict[str, bytes]:
    """Name → SVG, of what there are figures for."""
    found = {name: record["figures"] for name, record in records.items()}
    made = {}
    if "baseline" in found:
        made["recall"] = plots.recall({one["short"]: one["curve"] for one in found["baseline"]["peers"].values()})
    if {"real", "synthetic"} <= found.keys():
        made["levels"] = plots.recall(plots.levels(found["synthetic"], found["real"]))
    if "real" in found:
        made["steps"] = plots.steps(found["real"])
    if "scale" in found and len(found["scale"]["sizes"]) > 1:
        made["growth"] = plots.growth(found["scale"])
    return made


def setting(record: Record) -> str:
    """The options of the run, as they would be typed."""
    options = [f"--{name.replace('_', '-')} {_typed(value)}" for name, value in record["setting"].items() if value]
    return f"`python -m bench.{record['bench']} {' '.join(options)}`; {facts(record)}"


def _typed(value: object) -> str:
    return " ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def written(page: str, records: Mapping[str, Record], drawings: Collection[str] = ()) -> str:
    """The page with the tables and, below them, links to `drawings`. Raises `ValueError` where it has no place for one."""
    blocks = {name: [setting(record), *TABLES[name](record["figures"])] for name, record in records.items()}
    if parts := strict(records):
        blocks["strict"] = parts
    for drawing in drawings:
        block, shown = SHOWN[drawing]
        if block in blocks:
            blocks[block].append(f"![{shown}](plots/{drawing}.svg)")
    for name, parts in blocks.items():
        page = replaced(page, name, "\n\n".join(parts))
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--page", type=Path, default=Path("docs/performance.md"))
    arguments = parser.parse_args()
    records: dict[str, Record] = {}
    for path in arguments.files:
        try:
            record = load_record(path)
        except (OSError, ValueError) as error:
            sys.exit(f"{path}: not a file that --json wrote: {error}")
        records[record["bench"]] = record
    folder = arguments.page.parent / "plots"
    folder.mkdir(exist_ok=True)
    pictures = drawn(records)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_bytes(picture)
    arguments.page.write_text(written(arguments.page.read_text("utf-8"), records, pictures), "utf-8")
    print(f"{arguments.page}: {', '.join(records)}")


if __name__ == "__main__":
    main()
