"""The page's lines about what runs now and then: retraining, roll-outs, backups, drills, upkeep."""

from __future__ import annotations

from datetime import datetime

from vinymatic.cli.words import counted
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plugin.facts import Facts, Timetable
from vinymatic_operator.plugin.words import age, duration_in_words, until
from vinymatic_operator.resources.index_status import BackupRun, DrillRun, GateFigures, LastRun, RolloutRun


def retraining_lines(facts: Facts, now: datetime) -> list[str]:
    run = facts.retraining
    if run.phase is not None:
        lines = [f"under way, at {run.phase}{f': {run.reason}' if run.reason else ''}"]
    else:
        # The reason stays in the status after the retraining that it was of.
        lines = [f"not under way{f'; the last one: {run.reason}' if run.reason else ''}"]
    lines += [
        f"{asked.what} was asked for {age(asked.at, now)} ago; the operator has not taken it up yet"
        for asked in facts.asked
    ]
    if run.gate is not None:
        lines += gate_lines(run.gate, now)
    if run.refused_epoch is not None:
        lines.append(f"epoch {run.refused_epoch} was rolled back and is not promoted again")
    # When the last training began, whatever became of it: that the figures of its gate tell.
    parts = [f"last training began {age(run.last, now)} ago" if run.last else "never trained"]
    if run.outcome:
        parts.append(f"last step: {run.outcome}{f' (Job {run.job})' if run.job else ''}")
    return [*lines, "; ".join([*parts, *_by_itself(run, facts.retraining_timetable, now)])]


def gate_lines(gate: GateFigures, now: datetime) -> list[str]:
    """`last gate: epoch 5 passed 2h ago: recall 0.981 → 0.984, false accepts 1.0% → 0.5%, of 200 photos`."""
    figures = []
    if gate.recall_active is not None and gate.recall_candidate is not None:
        figures.append(f"recall {gate.recall_active:.3f} → {gate.recall_candidate:.3f}")
    if gate.false_accepts_active is not None and gate.false_accepts_candidate is not None:
        figures.append(f"false accepts {gate.false_accepts_active:.1%} → {gate.false_accepts_candidate:.1%}")
    if gate.photos is not None:
        figures.append(f"of {counted(gate.photos, 'photo')}")
    told = f": {', '.join(figures)}" if figures else ""
    verdict = "passed" if gate.passed else "FAILED"
    lines = [f"last gate: epoch {gate.epoch} {verdict} {age(gate.at, now)} ago{told}"]
    return lines + [f"limit not kept: {failure}" for failure in gate.failures]


def rollout_lines(rollout: RolloutRun | None, now: datetime) -> list[str]:
    if rollout is None:
        return ["none yet"]
    goals = [
        text
        for text, value in (
            (f"epoch {rollout.epoch}", rollout.epoch),
            (f"manifest {rollout.min_manifest} or newer", rollout.min_manifest),
        )
        if value is not None
    ]
    goal = f" (to {', '.join(goals)})" if goals else ""
    began, done = moment(rollout.started_at), moment(rollout.completed_at)
    if rollout.completed_at is None:
        return [f"running for {age(rollout.started_at, now)}{goal}: {rollout.reason}"]
    took = f", took {duration_in_words(done - began)}" if began is not None and done is not None else ""
    return [f"last {age(rollout.completed_at, now)} ago{took}{goal}: {rollout.reason}"]


def backup_lines(backup: BackupRun | None, timetable: Timetable, now: datetime) -> list[str]:
    if backup is None:
        return ["NONE ARE MADE: spec.backup is absent"]
    lines = [_last_and_next(backup, timetable, now)]
    if backup.backups or backup.manifest is not None:
        newest = f", the last of manifest {backup.manifest}" if backup.manifest is not None else ""
        lines.insert(0, f"{counted(backup.backups, 'backup')} kept{newest}")
    return lines


def drill_lines(backup: BackupRun | None, drill: DrillRun | None, timetable: Timetable, now: datetime) -> list[str]:
    if drill is None:
        return ["no backups to prove" if backup is None else "never by itself: spec.backup.drill is absent"]
    lines = [_last_and_next(drill, timetable, now)]
    if drill.right is not None and drill.questions is not None:
        of = f", on the backup of manifest {drill.manifest}" if drill.manifest is not None else ""
        lines.insert(0, f"{drill.right} of {counted(drill.questions, 'question')} answered as recorded{of}")
    return lines


def upkeep_lines(run: LastRun, timetable: Timetable, now: datetime) -> list[str]:
    return [_last_and_next(run, timetable, now)]


def _last_and_next(run: LastRun, timetable: Timetable, now: datetime) -> str:
    """`last 3h12m ago; 4 segments merged (Job records-compact-812); next in 12m`."""
    parts = [f"last good one {age(run.last, now)} ago" if run.last else "never yet"]
    if run.outcome:
        job = f" (Job {run.job})" if run.job else ""
        parts.append(f"last outcome: {run.outcome}{job}")
    return "; ".join([*parts, *_by_itself(run, timetable, now)])


def _by_itself(run: LastRun, timetable: Timetable, now: datetime) -> list[str]:
    if timetable.suspended:
        return ["suspended: none by itself"]
    asked = ["only when asked for"] if timetable.on_request_only else []
    return [*asked, f"next {until(run.next, now)}"] if run.next else asked
