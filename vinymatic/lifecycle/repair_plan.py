"""What a repair does: from what a verification found and what there is to repair with. Pure. docs/adr/0005-repair.md.

The cheapest remedy first: the very bytes from elsewhere; what is derived made again; another epoch; the scans fetched again; and only then,
when that is asked for, covers given up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vinymatic.index.layout import PINS
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.findings import WRONG_FILE, Finding, Kind, Part

_WITHOUT = "--drop-lost goes on without"
_BRING_BACK = "; `vinymatic import` over the scans brings back what is missing then"


class Origin(StrEnum):
    """Where a file's very bytes come from: copied from the BACKUP, or MADE again."""

    BACKUP = "backup"
    MADE = "made"


@dataclass(frozen=True)
class Means:
    """What there is to repair with.

    `in_backup`: keys whose very bytes the backup holds, and under which key there. `makeable`: keys whose very bytes can be made again.
    `scans`: by segment, its live covers whose scans are gone or refused, and why; a segment that is not in it has no scans to ask for.
    `drop_lost`: what cannot be saved may go.
    """

    in_backup: Mapping[str, str] = field(default_factory=dict)
    makeable: Collection[str] = ()
    scans: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    drop_lost: bool = False


@dataclass(frozen=True)
class Damage:
    """What is left when the files are put back whose bytes are to be had. Segments by their id.

    `codes`: by segment, epochs of which its encoding is bad or lacking.
    """

    model: bool
    epochs: frozenset[int]
    covers: frozenset[str]
    points: frozenset[str]
    codes: Mapping[str, frozenset[int]]

    @property
    def segments(self) -> frozenset[str]:
        """Those whose truth is lost."""
        return self.covers | self.points


@dataclass(frozen=True)
class RepairPlan:
    """`put_back`: by key, where the bytes come from. `boundaries`: keys to be written again.

    `active`: the epoch that is active afterwards; None: a training comes first, the rest waits. `lost_epochs` leave. `encode`: (segment,
    epoch). `fetch`, `drop`: segments whose scans are fetched again, and that leave. `bury`: (segment, place) of covers that are live
    elsewhere too. `lost_in`: by segment, covers whose scans are gone, by id with the reason. `unsaved`: in words, what stays as it is.
    """

    put_back: Mapping[str, Origin]
    boundaries: tuple[str, ...]
    active: int | None
    lost_epochs: frozenset[int]
    encode: tuple[tuple[str, int], ...]
    fetch: tuple[str, ...]
    drop: tuple[str, ...]
    bury: tuple[tuple[str, int], ...]
    lost_in: Mapping[str, Mapping[str, str]]
    unsaved: tuple[str, ...]

    @property
    def commits(self) -> bool:
        """Whether there is more to do than to put files back."""
        return bool(self.active is None or self.lost_epochs or self.encode or self.fetch or self.drop or self.bury)

    @property
    def is_empty(self) -> bool:
        return not (self.put_back or self.boundaries or self.commits)


def damage_of(manifest: Manifest, problems: Iterable[Finding], to_be_had: Collection[str]) -> Damage:
    """What stays damaged of `manifest` when the keys `to_be_had` are put back."""
    wrong = [f for f in problems if f.kind in WRONG_FILE and not _is_put_back(f, to_be_had)]
    codes: dict[str, set[int]] = {}
    for finding in problems:
        bad = finding.kind is Kind.NOT_ENCODED or (finding.part is Part.CODES and finding in wrong)
        if bad and finding.segment is not None and finding.epoch is not None:
            codes.setdefault(finding.segment, set()).add(finding.epoch)
    return Damage(
        model=any(f.part is Part.FEATURE_MODEL for f in wrong),
        epochs=frozenset(f.epoch for f in wrong if f.part is Part.CODEBOOK and f.epoch in manifest.codebooks),
        covers=frozenset(f.segment for f in wrong if f.part is Part.COVERS and f.segment is not None),
        points=frozenset(f.segment for f in wrong if f.part is Part.POINTS and f.segment is not None),
        codes={segment: frozenset(epochs) for segment, epochs in codes.items()},
    )


def plan_repair(manifest: Manifest, problems: Iterable[Finding], means: Means) -> RepairPlan:
    """What to do about the `problems` of the newest manifest, and what cannot be done."""
    problems = tuple(problems)
    to_be_had = {*means.in_backup, *means.makeable}
    damage = damage_of(manifest, problems, to_be_had)
    unsaved = [line for finding in problems if (line := _by_hand(finding, to_be_had))]
    if damage.model:
        unsaved.append(
            "the feature model is lost: without it no photo can be asked; restore the index, or build it anew"
        )
    fetch, drop = _segments(manifest, damage, means, unsaved)
    active = _active_after(manifest, damage)
    staying = [s for s in manifest.segments if s.id in damage.segments and s.id not in {*fetch, *drop}]
    uncoded = [segment for segment in staying if active not in segment.codes]
    # A training may need the feature model.
    blocked = active != manifest.active_epoch and bool(uncoded or (active is None and damage.model))
    if blocked:
        unsaved.append(
            f"the codebook of the active epoch {manifest.active_epoch} is lost, and no other epoch can take over before the above is saved"
        )
    encode = tuple(
        (segment.id, epoch)
        for segment in manifest.segments
        if segment.id not in damage.segments
        for epoch in _remaining(manifest, damage, active)
        if epoch in damage.codes.get(segment.id, ())
    )
    return RepairPlan(
        put_back={key: _origin(key, means) for f in problems if (key := f.key) and _is_put_back(f, to_be_had)},
        boundaries=tuple(f.key for f in problems if f.part is Part.BOUNDARY and f.kind is Kind.DAMAGED and f.key),
        active=manifest.active_epoch if blocked else active,
        lost_epochs=frozenset() if blocked else damage.epochs | _surplus(manifest, damage),
        encode=() if blocked else encode,
        fetch=() if blocked else fetch,
        drop=() if blocked else drop,
        bury=tuple(
            (f.segment, f.place) for f in problems if f.kind is Kind.REPEATED and f.segment and f.place is not None
        ),
        lost_in={} if blocked else {segment: means.scans[segment] for segment in fetch},
        unsaved=tuple(unsaved),
    )


def _active_after(manifest: Manifest, damage: Damage) -> int | None:
    """The active epoch, or the first of those that can take its place. None: none can; a training makes one, or goes on with one."""
    for epoch in (manifest.active_epoch, manifest.previous_epoch, manifest.candidate_epoch):
        if epoch is None or epoch in damage.epochs:
            continue
        lacking = [segment for segment in manifest.lacking(epoch) if segment.id not in damage.segments]
        if epoch != manifest.candidate_epoch or not lacking:
            return epoch
    return None


def _remaining(manifest: Manifest, damage: Damage, active: int | None) -> list[int]:
    """The epochs that are written afterwards."""
    return [epoch for epoch in manifest.written_epochs if epoch not in damage.epochs and active is not None]


def _surplus(manifest: Manifest, damage: Damage) -> frozenset[int]:
    """Epochs with bad encodings that nobody writes any more: what an older Vinymatic kept for going back."""
    return frozenset().union(*damage.codes.values()) - set(manifest.written_epochs)


def _segments(
    manifest: Manifest, damage: Damage, means: Means, unsaved: list[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Segments to fetch and to drop; what stays is told to `unsaved`."""
    fetch: list[str] = []
    drop: list[str] = []
    for segment in manifest.segments:
        if segment.id in damage.covers:
            if means.drop_lost:
                drop.append(segment.id)
            else:
                ids = f"segment {segment.id} has lost the ids of its covers ({segment.live})"
                unsaved.append(f"{ids}: {_WITHOUT} them{_BRING_BACK}")
        elif segment.id in damage.points:
            gone = means.scans.get(segment.id)
            fetchable = gone is not None and not damage.model
            if fetchable and (means.drop_lost or not gone):
                fetch.append(segment.id)
            elif means.drop_lost:
                drop.append(segment.id)
            elif gone and fetchable:
                unsaved += [f"{cover_id}: {why}" for cover_id, why in gone.items()]
                unsaved.append(
                    f"segment {segment.id} has lost its features, and {len(gone)} of its {segment.live} covers cannot be made"
                    f" again from their scans: {_WITHOUT} those"
                )
            else:
                features = f"segment {segment.id} has lost the features of its covers ({segment.live})"
                unsaved.append(
                    f"{features}: with S3_BUCKET set their scans are fetched again, {_WITHOUT} them{_BRING_BACK}"
                )
    return tuple(fetch), tuple(drop)


def _by_hand(finding: Finding, to_be_had: Collection[str]) -> str | None:
    """What only a person can decide."""
    if finding.part is Part.PIN and finding.key is not None:
        name = finding.key.removeprefix(PINS).removesuffix(".json")
        return f"{finding.key}: {finding.message}; `vinymatic index unpin {name}` takes it out"
    if finding.part is Part.MANIFEST and finding.key not in to_be_had:
        advice = "; `vinymatic index unpin` takes the pin out" if finding.kind is Kind.MISSING else ""
        return f"{finding}{advice}"
    return None


def _is_put_back(finding: Finding, to_be_had: Collection[str]) -> bool:
    # What does not fit has its right bytes already.
    return finding.kind in (Kind.MISSING, Kind.DAMAGED) and finding.key in to_be_had


def _origin(key: str, means: Means) -> Origin:
    return Origin.BACKUP if key in means.in_backup else Origin.MADE
