"""Repair: puts right what a verification finds. Looks, plans, acts, and looks again until nothing is left that it can do.

Files go back in place where their very bytes are to be had; all else is uploaded first and named by one commit. Killed anywhere, it is run
again: what is whole by then is not touched. docs/adr/0005-repair.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import ContentionError, ObjectExistsError
from vinymatic.index.layout import boundary_number, manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.boundary import rewrite_boundary
from vinymatic.lifecycle.commit import commit, following
from vinymatic.lifecycle.copying import stream
from vinymatic.lifecycle.mending import Change
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.repair_manifests import ManifestPlan
from vinymatic.lifecycle.repair_means import Sources, make_again
from vinymatic.lifecycle.repair_plan import Damage, Origin, RepairPlan
from vinymatic.lifecycle.repair_uploads import RepairUploads
from vinymatic.lifecycle.repair_view import Lookout, View
from vinymatic.lifecycle.repair_words import commit_steps, file_steps, manifest_steps, training_step
from vinymatic.lifecycle.training import train
from vinymatic.storage.port import ObjectStore

_ROUNDS = 12


@dataclass(frozen=True)
class RepairReport:
    """`number`: the newest manifest afterwards. `done`: in words, what was done, or would be. `lost`: covers given up, by id, and why.

    `unsaved`: in words, what stays wrong; empty: the newest manifest was verified and is whole (or would be).
    """

    number: int
    done: tuple[str, ...]
    lost: Mapping[str, str]
    unsaved: tuple[str, ...]


def repair(
    store: ObjectStore,
    work: Path,
    sources: Sources,
    *,
    drop_lost: bool = False,
    dry_run: bool = False,
    progress: Progress = no_progress,
    writer: str = "repair",
) -> RepairReport:
    """Makes the newest manifest whole, as far as `sources` allow; with `dry_run` only says how. No cover is given up without `drop_lost`.

    `work`: a folder for fetched files. `progress` is told of the steps `verify`, `put back`, `encode`, `fetch` and those of a training.
    Raises `NoIndexError`, `UnsupportedFormatError`, `StorageError`, `CorruptFileError` (a store gives back other bytes than it was given),
    `ContentionError`.
    """
    work.mkdir(parents=True, exist_ok=True)
    lookout = Lookout(store, work, sources, progress, drop_lost=drop_lost)
    repairer = _Repairer(store, work, sources, lookout, progress, writer, drop_lost=drop_lost)
    done: list[str] = []
    for _ in range(_ROUNDS):
        view = lookout.look()
        if dry_run:
            return RepairReport(view.number, tuple(view.steps), view.lost, view.unsaved)
        if not view.steps:
            return RepairReport(view.number, tuple(done), repairer.lost, view.unsaved)
        done += [step for step in repairer.act(view) if step not in done]
    raise ContentionError(f"others changed what a repair was about to change, {_ROUNDS} times in a row")


class _Repairer:
    def __init__(
        self,
        store: ObjectStore,
        work: Path,
        sources: Sources,
        lookout: Lookout,
        progress: Progress,
        writer: str,
        *,
        drop_lost: bool,
    ) -> None:
        self._store = store
        self._work = work
        self._sources = sources
        self._lookout = lookout
        self._progress = progress
        self._writer = writer
        self._drop_lost = drop_lost
        # Covers that were given up, by id, and why.
        self.lost: dict[str, str] = {}

    def act(self, view: View) -> list[str]:
        """Takes the first steps of those that are planned; which."""
        newest, plan = view.manifests.newest, view.plan
        if steps := manifest_steps(view.manifests):
            self._put_manifests(view.manifests)
            return steps
        assert newest is not None
        assert plan is not None
        assert view.damage is not None
        if steps := file_steps(plan):
            self._put_files(newest, plan)
            return steps
        if plan.active is None:
            self._train(newest, plan, view.damage)
            return [training_step(plan, newest)]
        return commit_steps(plan, newest) if self._mend(newest, plan, plan.active) else []

    def _put_manifests(self, plan: ManifestPlan) -> None:
        for number, data in plan.put_back.items():
            self._store.put(manifest_key(number), data)
        if plan.go_on is not None:
            older, number = plan.go_on
            manifest = following(older, older, self._writer).model_copy(update={"number": number})
            with suppress(ObjectExistsError):  # another repair was first
                self._store.create(manifest_key(number), manifest.to_json())

    def _put_files(self, manifest: Manifest, plan: RepairPlan) -> None:
        files = {file.key: file for file in manifest.files()}
        made = make_again(manifest, [files[key] for key, origin in plan.put_back.items() if origin is Origin.MADE])
        with TemporaryDirectory(dir=self._work, prefix="repair-") as folder:
            for done, (key, origin) in enumerate(plan.put_back.items()):
                self._progress("put back", done, len(plan.put_back))
                there = self._lookout.backup_key(files[key])
                if origin is Origin.BACKUP and self._sources.backup is not None and there is not None:
                    stream(self._sources.backup, there, self._store, files[key], Path(folder) / "file")
                else:
                    self._store.put(key, made[key])
        self._progress("put back", len(plan.put_back), len(plan.put_back))
        for key in plan.boundaries:
            rewrite_boundary(self._store, boundary_number(key))

    def _train(self, manifest: Manifest, plan: RepairPlan, damage: Damage) -> None:
        """Makes a candidate that can take over, or goes on with the one that is there."""
        lost = plan.lost_epochs & {manifest.candidate_epoch}
        if lost:  # it is in the way of another
            uploads = RepairUploads(
                self._store, self._work, manifest, Change(manifest.active_epoch, lost), self._writer
            )
            if not commit(self._store, uploads.propose).changed:
                return
        train(self._store, self._work, without=damage.segments, progress=self._progress, writer=self._writer)

    def _mend(self, manifest: Manifest, plan: RepairPlan, active: int) -> bool:
        """Whether it was done: not when others were quicker, or when scans were refused and no cover may be given up."""
        change = Change(
            active,
            plan.lost_epochs,
            replaced=dict.fromkeys(plan.drop, ()),
            buried={segment: {place for name, place in plan.bury if name == segment} for segment, _ in plan.bury},
        )
        uploads = RepairUploads(self._store, self._work, manifest, change, self._writer)
        lost: dict[str, str] = {}
        for done, segment in enumerate(plan.fetch):
            self._progress("fetch", done, len(plan.fetch))
            refused = uploads.fetch(segment, self._sources, drop_lost=self._drop_lost)
            if refused and not self._drop_lost:
                self._lookout.refuse(segment, refused)
                return False
            lost.update(refused)
        self._progress("fetch", len(plan.fetch), len(plan.fetch))
        epochs = {segment: [epoch for _, epoch in pairs] for segment, pairs in groupby(plan.encode, itemgetter(0))}
        for done, segment in enumerate(epochs):
            self._progress("encode", done, len(epochs))
            uploads.encode(segment, epochs[segment])
        self._progress("encode", len(epochs), len(epochs))
        committed = commit(self._store, uploads.propose)
        if committed.changed:
            self.lost.update(lost)
        return committed.changed or not uploads.has_change
