"""The tables of `bench.real`."""

from __future__ import annotations

from typing import Any

from bench.figures import share
from bench.tables import table

FOUND = (
    "photos",
    "top-1",
    "accepted and right",
    "wrong",
    "accepted though absent (true rate under)",
    "right where none would be",
)


def tables(figures: dict[str, Any]) -> list[str]:
    """What is printed, and what the page holds."""
    groups = {
        **{f"effort={effort}": one for effort, one in figures["by_effort"].items()},
        **{f"effort=standard, phone {phone}": one for phone, one in figures["by_phone"].items()},
    }
    found = [(name, *found_row(one)) for name, one in groups.items()]
    costs = []
    for effort, one in figures["milliseconds"].items():
        costs.append((f"effort={effort}: bytes to answer, median / p95, ms", f"{one['median']:.1f} / {one['p95']:.1f}"))
        costs.append((f"effort={effort}: over decode + SIFT alone, median", f"{figures['over_alone'][effort]:.2f}"))
        costs.append((f"effort={effort}: cover absent, median, ms", f"{figures['milliseconds_absent'][effort]:.1f}"))
    for step, one in figures["steps"].items():
        costs.append((f"effort=standard: {step}, median / p95, ms", f"{one['median']:.1f} / {one['p95']:.1f}"))
    costs += [
        ("decode + SIFT(500) at 480 px alone, median, ms", f"{figures['alone_median']:.1f}"),
        ("a photo of 12 megapixels over the same at 1,280 px, median", f"{figures['large_over_small']:.2f}"),
        ("a scan to its part of the index, mean, ms", f"{figures['ingest']['whole']:.1f}"),
        ("the same over decode + SIFT(300) at 320 px alone", f"{figures['ingest']['ratio']:.2f}"),
        *((f"memory, {name}, MiB", f"{value:.0f}") for name, value in figures["resident"].items()),
        ("memory a cover, B", f"{figures['resident_bytes_a_cover']:,.0f}"),
        *((f"index, {name}, B a cover", f"{value:,.0f}") for name, value in figures["bytes_a_cover"].items()),
        ("index, B a cover", f"{sum(figures['bytes_a_cover'].values()):,.0f}"),
    ]
    return [held(figures["covers"]), table(("", *FOUND), found), table(("measure", "value"), costs)]


def held(covers: dict[str, int]) -> str:
    return f"In the catalogue: {', '.join(f'{count:,} {name}' for name, count in covers.items() if count)}."


def found_row(one: dict[str, Any]) -> tuple[str, ...]:
    photos = one["photos"]
    return (
        str(photos),
        *(share(one[name], photos) for name in ("top1", "right", "wrong")),
        f"{one['false_accepts']} of {one['absent']} ({100 * one['false_accepts_bound']:.1f} %)",
        f"{100 * one['right_at_no_false_accept']:.1f} %",
    )
