"""The one commit of a repair, as a pure function: what others committed meanwhile stays. docs/adr/0005-repair.md."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.lifecycle.epochs import without_lost


@dataclass(frozen=True)
class Replacement:
    """Covers of a damaged segment, made again. `places`: where each of them was in that segment."""

    entry: SegmentEntry
    places: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """`active`: the epoch that is active afterwards; `lost_epochs` leave. `codes`: by segment and epoch, other encodings than the bad
    ones. `replaced`: by segment, what stands in its place, which may be nothing. `buried`: by segment, places of covers to tombstone.
    """

    active: int
    lost_epochs: Collection[int] = frozenset()
    codes: Mapping[tuple[str, int], FileEntry] = field(default_factory=dict)
    replaced: Mapping[str, tuple[Replacement, ...]] = field(default_factory=dict)
    buried: Mapping[str, Collection[int]] = field(default_factory=dict)


def mended(newest: Manifest, seen: Manifest, change: Change) -> Manifest | None:
    """`newest` with the `change` that was planned for `seen`; None when nothing is left of it, or it does not fit any more.

    A segment that went meanwhile needs nothing. One whose files are others now, or another set of epochs, needs another plan.
    """
    if _epochs(newest) != _epochs(seen):
        return None
    before = {segment.id: segment for segment in seen.segments}
    segments: list[SegmentEntry] = []
    for segment in newest.segments:
        old = before.get(segment.id, segment)
        if (old.covers_file, old.points_file) != (segment.covers_file, segment.points_file):
            return None  # a restore brought good ones
        if segment.id not in change.replaced:
            segments += _with_codes(segment, old, change)
            continue
        if set(old.tombstones) - set(segment.tombstones):
            return None  # a restore brought a cover back to life that was not made again
        gone = {*segment.tombstones, *change.buried.get(segment.id, ())}
        segments += _alive(change.replaced[segment.id], gone, newest.number + 1)
    after = newest.model_copy(update={"segments": tuple(segments)})
    if change.active != newest.active_epoch and after.lacking(change.active):
        return None  # committed meanwhile, by someone who did not know of it
    if change.lost_epochs or change.active != newest.active_epoch:
        after = without_lost(after, change.lost_epochs, change.active)
    return None if after == newest else after


def _epochs(manifest: Manifest) -> tuple[object, ...]:
    return manifest.codebooks, manifest.active_epoch, manifest.candidate_epoch, manifest.previous_epoch


def _with_codes(segment: SegmentEntry, old: SegmentEntry, change: Change) -> Iterator[SegmentEntry]:
    codes = dict(segment.codes)
    for (name, epoch), file in change.codes.items():
        # Others may have encoded it meanwhile.
        if name == segment.id and segment.codes.get(epoch) == old.codes.get(epoch):
            codes[epoch] = file
    dead = {*segment.tombstones, *change.buried.get(segment.id, ())}
    changed = segment.model_copy(update={"codes": codes, "tombstones": tuple(sorted(dead))})
    if changed.live > 0:
        yield changed


def _alive(replacements: tuple[Replacement, ...], gone: Collection[int], number: int) -> Iterator[SegmentEntry]:
    """What stands in a segment's place; covers that died meanwhile, whose places are `gone`, are tombstoned."""
    for made in replacements:
        dead = tuple(i for i, place in enumerate(made.places) if place in gone)
        if len(dead) < len(made.places):
            yield made.entry.model_copy(update={"added_in": number, "tombstones": dead})
