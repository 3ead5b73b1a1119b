"""Pods, as far as they say why they do not run. Pure."""

from __future__ import annotations

from vinymatic_operator.observe.reading import Found, condition, items, part, text

# The label that the Job controller gives to a Job's pods.
JOB_OF_POD = "batch.kubernetes.io/job-name"
_CRASHES = "CrashLoopBackOff"


def why_waiting(pod: Found) -> str | None:
    """`ImagePullBackOff: …` where a container says so, or why no node takes it; None of one that runs, has run, or says nothing.

    Of one that crashes, its own last words: the kubelet only tells how long it waits.
    """
    for status in items(part(pod, "status"), "containerStatuses"):
        waiting = part(status, "state", "waiting")
        if (reason := text(waiting, "reason")) is not None:
            own = text(part(status, "lastState", "terminated"), "message") if reason == _CRASHES else None
            return ": ".join(filter(None, (reason, (own or "").strip() or text(waiting, "message"))))
    placed = condition(pod, "PodScheduled")
    if placed.get("status") == "False":
        return ": ".join(filter(None, (text(placed, "reason"), text(placed, "message"))))
    return None


def why_not_running(pod: Found) -> str:
    """In any case a word: at least its phase."""
    return why_waiting(pod) or text(part(pod, "status"), "phase") or "not started yet"
