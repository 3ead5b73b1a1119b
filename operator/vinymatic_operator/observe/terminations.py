"""What the pods of a Job that ended said: their termination messages, put together into one result. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

from vinymatic_operator.observe.reading import Found, items, part, text, whole
from vinymatic_operator.observe.result import failure_text, parse_result
from vinymatic_operator.observe.seen import JobSeen, JobState
from vinymatic_operator.observe.steps import Step

_LONGEST = 4_096
# What these said is their whole point; of the others the index itself shows what they did. A restore is not one of them: made again, it
# would take back what was ingested since.
_NEEDED = frozenset({Step.GATE, Step.DRILL, Step.BACKUP})


def result_of(job: JobSeen, pods: Iterable[Found]) -> str:
    """As it is recorded on the Job. Of several pods that did parts, the newest state of the index; of one that failed, why."""
    ended = [state for pod in pods if (state := _terminated(pod))]
    ended.sort(key=lambda state: text(state, "finishedAt") or "")
    if job.state is JobState.FAILED:
        return _failure(job, ended)
    said = [message for state in ended if whole(state, "exitCode") == 0 and (message := text(state, "message"))]
    parsed = [(parse_result(message), message) for message in said]
    good = [(result, message) for result, message in parsed if result.outcome is not None]
    if not good and job.step in _NEEDED:
        return failure_text("no_result", "it ended well, but its pods are gone, and with them what it said")
    if not good:
        return json.dumps({"outcome": {}})
    return max(good, key=lambda pair: pair[0].index.manifest if pair[0].index is not None else 0)[1]


def _failure(job: JobSeen, ended: list[Found]) -> str:
    """A gate that did not pass says so as an outcome; everything else is an error."""
    bad = [state for state in ended if whole(state, "exitCode") != 0]
    if not bad:
        return failure_text("no_result", job.failure or "its pods are gone, and with them what they said")
    last = bad[-1]
    message, reason = text(last, "message") or "", text(last, "reason")
    result = parse_result(message)
    if result.outcome is not None or result.error_code != "no_result":
        return message
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = f"exit code {whole(last, 'exitCode')}{f' ({reason})' if reason and reason != 'Error' else ''}"
    return failure_text("no_result", ": ".join(filter(None, (said, lines[-1][: _LONGEST // 4] if lines else ""))))


def _terminated(pod: Found) -> Found:
    """The state of its container that ended; an empty mapping where none did."""
    for status in items(part(pod, "status"), "containerStatuses"):
        if state := part(status, "state", "terminated"):
            return state
    # An evicted pod says it of itself.
    status = part(pod, "status")
    if text(status, "phase") == "Failed":
        return {"exitCode": 137, "reason": text(status, "reason") or "", "message": text(status, "message") or ""}
    return {}
