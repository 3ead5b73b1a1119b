"""Candidates → verdict: what is accepted, and the sentence that says why. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vinymatic.index.results import SearchOptions, Verdict
from vinymatic.index.search import Candidate, lies_elsewhere

# Below this share of the threshold there is nothing worth a second photo.
UNDECIDED_SHARE = 0.3
# From here on the photo is good enough; it is the threshold that is strict.
LIKELY_SCORE = 0.5


def accept(candidates: Sequence[Candidate], options: SearchOptions) -> list[Candidate]:
    """Greedy ownership: the strongest first, then only what lies elsewhere in the photo than all accepted so far."""
    accepted: list[Candidate] = []
    for candidate in candidates:
        if len(accepted) == options.max_covers:
            break
        if candidate.score < options.similarity_threshold:
            continue
        if all(lies_elsewhere(candidate.evidence, other.evidence.outline) for other in accepted):
            accepted.append(candidate)
    return accepted


def rivals_of(
    accepted: Sequence[Candidate], candidates: Sequence[Candidate], options: SearchOptions
) -> list[Candidate]:
    """Candidates that would be accepted too, were their part of the photo not taken."""
    return [
        candidate
        for candidate in candidates
        if candidate not in accepted
        and candidate.score >= options.similarity_threshold
        and any(not lies_elsewhere(candidate.evidence, other.evidence.outline) for other in accepted)
    ]


def decide(
    candidates: Sequence[Candidate], names: Sequence[str], options: SearchOptions
) -> tuple[Verdict, str, list[Candidate]]:
    """The verdict, its reason, and the accepted candidates. `names`: the ids of `candidates`."""
    accepted = accept(candidates, options)
    name_of = {candidate.number: name for candidate, name in zip(candidates, names, strict=True)}
    if accepted:
        rivals = rivals_of(accepted, candidates, options)
        if rivals:
            others = ", ".join(repr(name_of[rival.number]) for rival in rivals)
            return Verdict.AMBIGUOUS, f"the same artwork also fits {others}", accepted
        best = accepted[0].evidence
        return (
            Verdict.MATCH,
            f"{best.inliers} features agree on one view of the cover, over {best.coverage:.0%} of it",
            accepted,
        )
    if not candidates:
        return Verdict.NOT_IN_CATALOGUE, "no cover's features agree with the photo", []
    best_score = max(candidates, key=lambda candidate: candidate.score)
    if best_score.score >= UNDECIDED_SHARE * options.similarity_threshold:
        name = name_of[best_score.number]
        if best_score.score >= LIKELY_SCORE:
            likely = f"probably {name!r}, but its score of {best_score.score:.2f} is under the threshold"
            return Verdict.AMBIGUOUS, likely, []
        return (
            Verdict.AMBIGUOUS,
            f"perhaps {name!r}, but too little of it can be made out: take a closer, sharper photo",
            [],
        )
    return Verdict.NOT_IN_CATALOGUE, "what little agrees is no more than unrelated covers share", []
