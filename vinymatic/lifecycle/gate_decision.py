"""Rounds → what the candidate failed by. Pure.

A policy's limit is a share, and a share of few photos comes in large steps: of 20 photos, one is 5 %. So a limit is never less than one
photo: one that went the other way says nothing. A negative limit, which asks the candidate to be better, is taken at its word.
"""

from __future__ import annotations

from collections.abc import Iterable

from vinymatic.lifecycle.gate_report import GatePolicy, Round

# Two medians below this are the same: clocks and caches are no more exact.
FLOOR_SECONDS = 0.001
# Shares are quotients of whole numbers: a fall of exactly the limit must not fail by a rounding error.
_ROUNDING = 1e-9


def failures(rounds: Iterable[Round], policy: GatePolicy) -> tuple[str, ...]:
    """A line for each limit that the candidate does not keep."""
    return tuple(line for measured in rounds for line in _of_round(measured, policy))


def allowed(limit: float, photos: int) -> float:
    """The largest change of a share of `photos` that is let pass."""
    return max(limit, 1 / photos) if limit >= 0 and photos else limit


def slowest(active_seconds: float, policy: GatePolicy) -> float:
    """The longest median of the candidate's searches that is let pass."""
    return policy.slowdown * max(active_seconds, FLOOR_SECONDS)


# Each limit is asked for by `not … <=`: one that is no number lets nothing pass.
def _of_round(measured: Round, policy: GatePolicy) -> Iterable[str]:
    active, candidate = measured.active, measured.candidate
    where = f"on {measured.name} photos"
    fall = allowed(policy.recall_loss, active.present)
    if active.present and not active.recall - candidate.recall <= fall + _ROUNDING:
        yield (
            f"recall {where} {_went(active.recall, candidate.recall)}; "
            + (f"allowed is a fall of {fall:.3g}" if fall >= 0 else f"asked for is a rise of {-fall:.3g}")
        )
    rise = allowed(policy.false_accept_gain, active.photos)
    if active.photos and not candidate.false_accepts - active.false_accepts <= rise + _ROUNDING:
        yield (
            f"false accepts {where} {_went(active.false_accepts, candidate.false_accepts)}; "
            + (f"allowed is a rise of {rise:.3g}" if rise >= 0 else f"asked for is a fall of {-rise:.3g}")
        )
    longest = slowest(active.median_seconds, policy)
    if not candidate.median_seconds <= longest:
        yield (
            f"a search {where} takes {candidate.median_seconds * 1_000:.1f} ms instead of"
            f" {active.median_seconds * 1_000:.1f} (medians); allowed are {longest * 1_000:.1f}"
        )


def _went(before: float, after: float) -> str:
    if before == after:
        return f"stayed at {before:.3f}"
    return f"{'fell' if after < before else 'rose'} from {before:.3f} to {after:.3f}"
