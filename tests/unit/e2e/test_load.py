"""What a load's answers are judged by."""

from __future__ import annotations

import pytest

from tests.e2e.load import Answer, Question, report

pytestmark = pytest.mark.unit

QUESTIONS = [Question(b"a", "a.jpg"), Question(b"b", None)]


def right(question: int, manifest: int, begun: float = 0.0) -> Answer:
    ids = () if (id_ := QUESTIONS[question].id) is None else (id_,)
    return Answer(question, begun, 0.1, None, manifest, "match" if ids else "not_in_catalogue", ids)


def test_right_answers_at_several_manifests_are_neither_wrong_nor_inconsistent() -> None:
    found = report(QUESTIONS, [right(0, 1), right(1, 1), right(0, 2, 3.0), right(0, 2, 5.0)])
    assert (found.sent, found.failed, found.wrong, found.inconsistent) == (4, 0, [], [])
    assert found.manifests == {1: 2, 2: 2}
    assert found.longest_gap == pytest.approx(3.0)


def test_another_answer_at_the_same_manifest_is_wrong_and_inconsistent() -> None:
    found = report(QUESTIONS, [right(0, 1), Answer(0, 1.0, 0.1, None, 1, "ambiguous")])
    assert found.wrong == ["a.jpg: ambiguous [] at manifest 1"]
    assert len(found.inconsistent) == 1


def test_what_the_catalogue_does_not_hold_must_not_be_found() -> None:
    assert report(QUESTIONS, [Answer(1, 0.0, 0.1, None, 1, "match", ("a.jpg",))]).wrong


def test_failures_are_counted_by_reason_and_judged_no_further() -> None:
    found = report(QUESTIONS, [Answer(0, 0.0, 9.0, "503 busy"), Answer(0, 1.0, 1.0, "503 busy"), right(1, 1)])
    assert (found.sent, found.failed, found.failures["503 busy"], found.slowest) == (3, 2, 2, 9.0)
    assert found.wrong == []
