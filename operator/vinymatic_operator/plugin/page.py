"""The page of `kubectl vinyl status`: plain text, the same with and without a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from datetime import datetime

from vinymatic.cli.words import bytes_in_words, counted
from vinymatic_operator.plugin.facts import Facts, Ingestor, Serving
from vinymatic_operator.plugin.page_runs import (
    backup_lines,
    drill_lines,
    retraining_lines,
    rollout_lines,
    upkeep_lines,
)
from vinymatic_operator.plugin.words import age, number
from vinymatic_operator.resources.conditions import Condition
from vinymatic_operator.resources.index_status import Summary

_LABEL = 14
_WIDTH = 110


def page(facts: Facts, now: datetime) -> str:
    """The whole page, with a newline at its end."""
    sections = [
        ("Serving", serving_lines(facts.serving)),
        ("Index", index_lines(facts.index, now)),
        ("Retraining", retraining_lines(facts, now)),
        ("Roll-out", rollout_lines(facts.rollout, now)),
        ("Backups", backup_lines(facts.backup, facts.backup_timetable, now)),
        ("Drill", drill_lines(facts.backup, facts.drill, facts.drill_timetable, now)),
        ("Compaction", upkeep_lines(facts.compaction, facts.compaction_timetable, now)),
        ("Collection", upkeep_lines(facts.collection, facts.collection_timetable, now)),
        ("Ingestor", [ingestor_line(facts.ingestor)]),
        ("Now", [now_line(facts)]),
    ]
    lines = [*headline(facts, now), ""]
    for label, texts in sections:
        lines += _section(label, texts)
    if facts.unwell:
        lines += ["", "Conditions that are not as they should be:"]
        lines += _list(condition_line(condition, now) for condition in facts.unwell)
    if facts.problems:
        lines += ["", "Last problems:"]
        lines += _list(
            f"{age(problem.at, now)} ago{f' ({problem.times} times)' if problem.times > 1 else ''}"
            f" {problem.reason}: {problem.message}"
            for problem in facts.problems
        )
    lines += ["", *_section("Next", [facts.next_action or "the operator has not said yet"])]
    return "\n".join(lines) + "\n"


def headline(facts: Facts, now: datetime) -> list[str]:
    """Whose page it is, whether it is ready, and what overrides everything else."""
    lines = _wrapped(f"VinylIndex {facts.namespace}/{facts.name}: {_readiness(facts, now)}")
    if facts.paused:
        resume = f"kubectl vinyl resume {facts.name} -n {facts.namespace}"
        lines.append(f"*** PAUSED: the operator looks and tells, and starts nothing. To go on: {resume} ***")
    if facts.deleting:
        lines.append("*** IS BEING DELETED ***")
    if facts.looked_at and not facts.up_to_date:
        lines.append("The operator has not looked at the last change of the spec yet: what follows is from before it.")
    return lines


def serving_lines(serving: Serving) -> list[str]:
    if serving.current is None:
        return ["not known yet"]
    lines = [f"{serving.current} of {counted(serving.pods or 0, 'pod')} with the newest manifest"]
    if serving.by_manifest:
        each = (f"{counted(s.pods, 'pod')} at manifest {s.manifest}, epoch {s.epoch}" for s in serving.by_manifest)
        lines.append("; ".join(each))
    if serving.stale:
        lines.append(f"stale: {serving.stale}")
    return lines


def index_lines(index: Summary | None, now: datetime) -> list[str]:
    if index is None:
        return ["not known yet"]
    others = [
        f"{word} {epoch}"
        for word, epoch in (("candidate", index.candidate_epoch), ("previous", index.previous_epoch))
        if epoch is not None
    ]
    trained = (
        f"since the last training ({age(index.trained_at, now)} ago)" if index.trained_at else "and never trained on"
    )
    return [
        f"{number(index.covers)} {'cover' if index.covers == 1 else 'covers'} in {counted(index.segments, 'segment')}"
        f" ({bytes_in_words(index.bytes)}); newest manifest {index.manifest}, {age(index.created_at, now)} old",
        f"epochs: {', '.join([f'active {index.active_epoch}', *others])}",
        f"{number(index.images_since_training)} images ingested {trained}",
    ]


def ingestor_line(ingestor: Ingestor | None) -> str:
    if ingestor is None:
        return "none named in spec.ingestor"
    if ingestor.problem is not None:
        return ingestor.problem
    wanted, ready = ingestor.wanted or 0, ingestor.ready or 0
    remark = "" if wanted else " (idle)" if ready == 0 else " (ending)"
    return f"{ready} of {wanted} running{remark}"


def now_line(facts: Facts) -> str:
    jobs = f"{'Job' if len(facts.jobs) == 1 else 'Jobs'} {', '.join(facts.jobs)}" if facts.jobs else "no Job runs"
    return f"{facts.retraining.phase}; {jobs}" if facts.retraining.phase else jobs


def condition_line(condition: Condition, now: datetime) -> str:
    since = age(condition.last_transition_time, now)
    said = f": {condition.message}" if condition.message else ""
    return f"{condition.type} is {condition.status} for {since} ({condition.reason}){said}"


def _readiness(facts: Facts, now: datetime) -> str:
    ready = facts.ready
    if ready is None:
        return (
            "the operator has not said whether it is ready"
            if facts.looked_at
            else f"created {age(facts.created_at, now)} ago, not looked at by the operator yet (is it running?)"
        )
    word = {"True": "Ready", "False": "NOT READY"}.get(ready.status, "readiness unknown")
    said = f": {ready.message}" if ready.message else ""
    return f"{word} for {age(ready.last_transition_time, now)} ({ready.reason}){said}"


def _section(label: str, texts: list[str]) -> list[str]:
    lines = [line for text in texts for line in _wrapped(text, width=_WIDTH - _LABEL)]
    return [f"{label if place == 0 else '':<{_LABEL}}{line}" for place, line in enumerate(lines)]


def _list(texts: Iterable[str]) -> list[str]:
    return [f"  {line}" for text in texts for line in _wrapped(text, width=_WIDTH - 2)]


def _wrapped(text: str, *, width: int = _WIDTH) -> list[str]:
    """In lines of at most `width` unless a word is longer; the words of others may hold line breaks."""
    return textwrap.wrap(text, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False) or [""]
