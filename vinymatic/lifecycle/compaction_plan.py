"""Which segments are merged: pure, and importable without what merges them, for an operator that only wants to know whether any are.

docs/adr/0003-compaction-and-collection.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from vinymatic.index.manifest import SegmentEntry


@dataclass(frozen=True)
class CompactionPolicy:
    """`fan_in`: neighbours of like size that make a merge worth its writes. `smallest`: segments up to this size (bytes of live covers)
    are of one tier; each further tier is `fan_in` times larger. `most_bytes`: a merged segment's size. `dead_share`: a segment with this
    share of dead covers is rewritten alone.
    """

    fan_in: int = 8
    smallest: int = 4 << 20
    most_bytes: int = 1 << 30
    dead_share: float = 0.25


def plan_compaction(segments: Sequence[SegmentEntry], policy: CompactionPolicy) -> list[tuple[str, ...]]:
    """Groups of ids of neighbouring segments, in the manifest's order, each to become one segment. Empty: nothing is worth doing."""
    sizes = [_live_bytes(segment) for segment in segments]
    tiers = [_tier(size, policy) for size in sizes]
    group_of: dict[int, tuple[int, ...]] = {}
    for tier in range(max(tiers, default=-1) + 1):
        # More than half the limit is left alone: it could never take part twice.
        free = [
            i not in group_of and tiers[i] <= tier and 2 * sizes[i] <= policy.most_bytes for i in range(len(segments))
        ]
        for is_free, run in groupby(range(len(segments)), key=free.__getitem__):
            if is_free:
                for group in _cut(list(run), sizes, policy):
                    group_of.update(dict.fromkeys(group, group))
    for i, segment in enumerate(segments):
        if i not in group_of and len(segment.tombstones) >= policy.dead_share * segment.covers:
            group_of[i] = (i,)
    return [tuple(segments[i].id for i in group) for i, group in sorted(group_of.items()) if i == group[0]]


def _cut(run: list[int], sizes: list[int], policy: CompactionPolicy) -> Iterator[tuple[int, ...]]:
    """`run` in pieces of at most `most_bytes`: full ones, and a last one of at least `fan_in` segments."""
    piece: list[int] = []
    if len(run) < policy.fan_in:
        return
    for i in run:
        if sum(sizes[j] for j in piece) + sizes[i] > policy.most_bytes:
            if _pays(piece, sizes):
                yield tuple(piece)
            piece = []
        piece.append(i)
    if len(piece) >= policy.fan_in and _pays(piece, sizes):
        yield tuple(piece)


def _pays(piece: list[int], sizes: list[int]) -> bool:
    """Whether every cover ends in a segment at least twice as large: else a large one would be copied again for every few small ones."""
    return len(piece) > 1 and 2 * max(sizes[i] for i in piece) <= sum(sizes[i] for i in piece)


def _live_bytes(segment: SegmentEntry) -> int:
    return -(-(segment.points_file.size + segment.covers_file.size) * segment.live // segment.covers)


def _tier(size: int, policy: CompactionPolicy) -> int:
    tier, bound = 0, policy.smallest
    while size > bound:
        tier, bound = tier + 1, bound * policy.fan_in
    return tier
