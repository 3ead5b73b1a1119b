"""A repair's plan in words: what was done, or would be."""

from __future__ import annotations

from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.repair_manifests import ManifestPlan
from vinymatic.lifecycle.repair_plan import Origin, RepairPlan


def manifest_steps(plan: ManifestPlan) -> list[str]:
    steps = [f"manifest {number}: put back from the backup" for number in plan.put_back]
    if plan.go_on is not None:
        older, number = plan.go_on
        steps.append(f"manifest {number}: made of manifest {older.number}; what was committed after that is given up")
    return steps


def file_steps(plan: RepairPlan) -> list[str]:
    steps = [
        f"{key}: {'put back from the backup' if origin is Origin.BACKUP else 'made again'}"
        for key, origin in plan.put_back.items()
    ]
    return steps + [f"{key}: written again" for key in plan.boundaries]


def commit_steps(plan: RepairPlan, manifest: Manifest) -> list[str]:
    live = {segment.id: segment.live for segment in manifest.segments}
    steps = [f"segment {segment}: encoded again under epoch {epoch}" for segment, epoch in plan.encode]
    for segment in plan.fetch:
        gone = len(plan.lost_in[segment])
        steps.append(
            f"segment {segment}: {live[segment] - gone} of its {live[segment]} covers made again from their scans"
        )
    steps += [
        f"segment {segment}: given up with its covers ({live[segment]}); `vinymatic import` over the scans brings them back"
        for segment in plan.drop
    ]
    steps += [
        f"segment {segment}: its cover at place {place}, live in another one too, is taken out"
        for segment, place in plan.bury
    ]
    steps += [f"epoch {epoch}: dropped, for its codebook or encodings are lost" for epoch in sorted(plan.lost_epochs)]
    if plan.active is not None and plan.active != manifest.active_epoch:
        steps.append(f"epoch {plan.active}: active instead of epoch {manifest.active_epoch}")
    return steps


def training_step(plan: RepairPlan, manifest: Manifest) -> str:
    candidate = manifest.candidate_epoch
    going_on = candidate is not None and candidate not in plan.lost_epochs
    what = f"epoch {candidate}: encoded everywhere" if going_on else "a new epoch: trained and encoded"
    return f"{what}, to take the place of epoch {manifest.active_epoch}, whose codebook is lost"
