"""Verdicts: what is accepted, what is not, and why."""

from __future__ import annotations

import pytest

from tests.unit.index.candidates import CENTRE, LEFT, RIGHT, candidate
from vinymatic.index.results import Match, SearchOptions, SearchResult, Verdict
from vinymatic.index.search import Candidate
from vinymatic.index.verdict import UNDECIDED_SHARE, accept, decide

pytestmark = pytest.mark.unit

ONE, TWO = SearchOptions(max_covers=1), SearchOptions(max_covers=2)


def decided(candidates: list[Candidate], options: SearchOptions = ONE) -> tuple[Verdict, str, list[int]]:
    verdict, reason, accepted = decide(candidates, [f"cover-{c.number}" for c in candidates], options)
    return verdict, reason, [c.number for c in accepted]


def test_one_good_candidate_is_a_match() -> None:
    verdict, reason, accepted = decided([candidate(3, 0.9)])
    assert (verdict, accepted) == (Verdict.MATCH, [3])
    assert reason == "40 features agree on one view of the cover, over 60% of it"


def test_no_candidate_is_not_in_the_catalogue() -> None:
    verdict, reason, accepted = decided([])
    assert (verdict, accepted) == (Verdict.NOT_IN_CATALOGUE, [])
    assert reason == "no cover's features agree with the photo"


def test_only_hopeless_candidates_are_not_in_the_catalogue() -> None:
    verdict, reason, accepted = decided([candidate(1, 0.1), candidate(2, 0.02)])
    assert (verdict, accepted) == (Verdict.NOT_IN_CATALOGUE, [])
    assert "unrelated covers share" in reason


def test_a_candidate_just_under_the_threshold_is_ambiguous_and_named() -> None:
    verdict, reason, accepted = decided([candidate(1, 0.05), candidate(2, 0.45)])
    assert (verdict, accepted) == (Verdict.AMBIGUOUS, [])
    assert "perhaps 'cover-2'" in reason


@pytest.mark.parametrize(("score", "verdict"), [(0.5, Verdict.MATCH), (0.4999, Verdict.AMBIGUOUS)])
def test_the_threshold_itself_is_enough(score: float, verdict: Verdict) -> None:
    assert decided([candidate(1, score)])[0] is verdict


def test_the_threshold_moves_both_lines() -> None:
    strict = SearchOptions(similarity_threshold=0.95)
    assert decided([candidate(1, 0.9)], strict)[0] is Verdict.AMBIGUOUS
    assert decided([candidate(1, 0.95 * UNDECIDED_SHARE - 0.01)], strict)[0] is Verdict.NOT_IN_CATALOGUE


def test_two_covers_that_fit_the_same_place_are_ambiguous() -> None:
    verdict, reason, accepted = decided([candidate(1, 0.9, LEFT), candidate(2, 0.8, CENTRE)])
    assert (verdict, accepted) == (Verdict.AMBIGUOUS, [1])
    assert reason == "the same artwork also fits 'cover-2'"
    assert decided([candidate(1, 0.9, LEFT), candidate(2, 0.8, CENTRE)], TWO)[2] == [1]


def test_a_weaker_claim_on_the_same_place_changes_nothing() -> None:
    assert decided([candidate(1, 0.9, LEFT), candidate(2, 0.3, CENTRE)])[0] is Verdict.MATCH


def test_two_covers_side_by_side_are_both_found_when_two_are_asked_for() -> None:
    both = [candidate(1, 0.9, LEFT), candidate(2, 0.8, RIGHT)]
    assert decided(both, TWO)[::2] == (Verdict.MATCH, [1, 2])
    assert decided(both, ONE)[::2] == (Verdict.MATCH, [1])


def test_no_more_covers_than_asked_for_are_accepted() -> None:
    three = [
        candidate(1, 0.9, (0, 0, 90, 90)),
        candidate(2, 0.8, (100, 0, 190, 90)),
        candidate(3, 0.7, (200, 0, 290, 90)),
    ]
    assert [c.number for c in accept(three, TWO)] == [1, 2]
    assert [c.number for c in accept(three, SearchOptions(max_covers=9))] == [1, 2, 3]


def test_the_strongest_evidence_owns_the_place_and_not_the_highest_score() -> None:
    # Candidates come by falling weighted coverage, which ranks better than the score.
    assert decided([candidate(1, 0.8, LEFT, 15.0), candidate(2, 0.9, CENTRE, 9.0)])[2] == [1]


def match(name: str, score: float) -> Match:
    return Match(name, score, 20, 0.9, 5.0, None)


def test_the_promised_scores_are_sorted_cut_and_over_the_threshold() -> None:
    result = SearchResult(
        Verdict.MATCH, "", (match("a", 0.8),), (match("b", 0.95), match("c", 0.6), match("d", 0.4)), 1, {}
    )
    assert list(result.scores(SearchOptions(top_n=5)).items()) == [("b", 0.95), ("a", 0.8), ("c", 0.6)]
    assert list(result.scores(SearchOptions(top_n=2))) == ["b", "a"]
    assert result.scores(SearchOptions(similarity_threshold=0.99)) == {}
    assert list(result.scores(SearchOptions(similarity_threshold=0.0))) == ["b", "a", "c", "d"]
