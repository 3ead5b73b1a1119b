"""What a repair sees: the damage, what there is to repair it with, and the plan that follows. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.lifecycle.findings import Finding, Kind, problems_of
from vinymatic.lifecycle.progress import Progress
from vinymatic.lifecycle.repair_manifests import ManifestPlan, plan_manifests
from vinymatic.lifecycle.repair_means import Sources, find_in_backup, gone_scans, make_again, manifest_in_backup
from vinymatic.lifecycle.repair_plan import Damage, Means, RepairPlan, damage_of, plan_repair
from vinymatic.lifecycle.repair_words import commit_steps, file_steps, manifest_steps, training_step
from vinymatic.lifecycle.survey import Survey, survey
from vinymatic.lifecycle.verifier import Verifier
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class View:
    """What was found, and what is to be done about it. `plan`: for the newest manifest; None while that cannot be read."""

    number: int
    manifests: ManifestPlan
    problems: tuple[Finding, ...] = ()
    damage: Damage | None = None
    plan: RepairPlan | None = None

    @property
    def steps(self) -> list[str]:
        if self.plan is None or self.manifests.newest is None:
            return manifest_steps(self.manifests)
        newest = self.manifests.newest
        trained = [training_step(self.plan, newest)] if self.plan.active is None else []
        return [
            *manifest_steps(self.manifests),
            *file_steps(self.plan),
            *trained,
            *commit_steps(self.plan, newest),
        ]

    @property
    def lost(self) -> dict[str, str]:
        parts = self.plan.lost_in.values() if self.plan is not None else ()
        return {cover_id: why for gone in parts for cover_id, why in gone.items()}

    @property
    def unsaved(self) -> tuple[str, ...]:
        known = (*self.manifests.unsaved, *(self.plan.unsaved if self.plan is not None else ()))
        # A problem without a remedy and without words would pass for none.
        return known or (() if self.steps else tuple(map(str, self.problems)))


class Lookout:
    """Looks at the index, and at what there is to repair it with; what was found good is not looked at again."""

    def __init__(
        self, store: ObjectStore, work: Path, sources: Sources, progress: Progress, *, drop_lost: bool
    ) -> None:
        self._store = store
        self._work = work
        self._sources = sources
        self._progress = progress
        self._drop_lost = drop_lost
        self._verifier = Verifier(store, work)
        self._backup_keys: dict[FileEntry, str | None] = {}
        # By segment: covers whose scans are gone, or were refused when they were fetched.
        self._gone: dict[str, dict[str, str]] = {}

    def look(self) -> View:
        """Raises `NoIndexError`, `UnsupportedFormatError`, `StorageError`."""
        self._verifier.forget_faults()
        seen = survey(self._store)
        manifests = self._look_at_manifests(seen)
        newest = manifests.newest
        if newest is None:
            return View(seen.newest, manifests, seen.findings)
        problems = problems_of([*seen.findings, *self._verifier.check(newest, self._progress)])
        means = self._means(newest, problems)
        damage = damage_of(newest, problems, {*means.in_backup, *means.makeable})
        return View(seen.newest, manifests, problems, damage, plan_repair(newest, problems, means))

    def backup_key(self, file: FileEntry) -> str | None:
        """Under which key the backup holds the very bytes of `file`; None where it does not."""
        return self._backup_keys.get(file)

    def refuse(self, segment: str, refused: Mapping[str, str]) -> None:
        """These covers of a segment cannot be made again from their scans, as was found out in trying."""
        self._gone[segment] = {**self._gone.get(segment, {}), **refused}

    def _look_at_manifests(self, seen: Survey) -> ManifestPlan:
        read: dict[int, Manifest | None] = {}
        for number in {seen.newest, *seen.kept}:
            manifest, found = self._verifier.read(number)
            if number == seen.newest or not any(finding.kind is Kind.MISSING for finding in found):
                read[number] = manifest  # one that is gone by now was collected
        in_backup = {}
        if self._sources.backup is not None:
            known = next((manifest.index_id for manifest in read.values() if manifest is not None), None)
            for number in (number for number, manifest in read.items() if manifest is None):
                data = manifest_in_backup(self._sources.backup, number, known)
                if data is not None:
                    in_backup[number] = data
        return plan_manifests(read, seen.boundary, in_backup, drop_lost=self._drop_lost)

    def _means(self, manifest: Manifest, problems: Sequence[Finding]) -> Means:
        wrong = {f.key for f in problems if f.kind in (Kind.MISSING, Kind.DAMAGED)}
        files = [file for file in manifest.files() if file.key in wrong]
        in_backup = self._find_in_backup(files)
        makeable = make_again(manifest, [file for file in files if file.key not in in_backup]).keys()
        damage = damage_of(manifest, problems, {*in_backup, *makeable})
        scans = {}
        if self._sources.scans is not None:
            for segment in manifest.segments:
                if segment.id in damage.points - damage.covers:
                    scans[segment.id] = self._gone_scans(segment, self._sources.scans)
        return Means(in_backup, makeable, scans, self._drop_lost)

    def _find_in_backup(self, files: Sequence[FileEntry]) -> dict[str, str]:
        if self._sources.backup is None:
            return {}
        new = [file for file in files if file not in self._backup_keys]
        found = find_in_backup(self._sources.backup, new, self._work)
        self._backup_keys.update({file: found.get(file.key) for file in new})
        return {file.key: there for file in files if (there := self._backup_keys[file]) is not None}

    def _gone_scans(self, segment: SegmentEntry, scans: ObjectStore) -> dict[str, str]:
        if segment.id not in self._gone:
            there, store = self._backup_keys.get(segment.covers_file), self._store
            file = segment.covers_file
            if there is not None and self._sources.backup is not None:  # it is to be put back yet
                store, file = self._sources.backup, file.model_copy(update={"key": there})
            self._gone[segment.id] = gone_scans(store, file, segment.tombstones, scans, self._work)
        return self._gone[segment.id]
