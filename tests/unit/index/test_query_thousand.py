"""A catalogue of a thousand covers that has never been trained on: the shipped codebook must carry it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.index import photo_of, prepared
from tests.unit.index.catalogues import answers, ask, catalogue, distractors
from vinymatic.index.results import Verdict
from vinymatic.index.snapshot import Snapshot
from vinymatic.synth.photos import Level

pytestmark = pytest.mark.unit

TRUE = (0, *range(2, 20))
DONORS = tuple(range(200, 212))
ABSENT = (103, 104, 106)


@pytest.fixture(scope="module")
def thousand(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = Path(shutil.copytree(index_template, tmp_path_factory.mktemp("thousand") / "index"))
    return catalogue(folder, [*(prepared(n) for n in TRUE), *distractors(1_000 - len(TRUE), DONORS)])


def test_covers_are_found_among_a_thousand(thousand: Snapshot) -> None:
    assert len(thousand) == 1_000
    asked = TRUE[:8]
    assert [n for n in asked if not answers(thousand, photo_of(n), n)] == []


def test_harder_photos_are_mostly_found_and_never_taken_for_another(thousand: Snapshot) -> None:
    asked = (3, 4, 5, 6, 7)
    results = {n: ask(thousand, photo_of(n, Level.MEDIUM)) for n in asked}
    right = [n for n in asked if [match.id for match in results[n].covers] == [prepared(n).id]]
    wrong = [n for n in asked if results[n].covers and n not in right]
    assert len(right) >= 4
    assert wrong == []


def test_absent_covers_are_not_in_a_catalogue_of_a_thousand(thousand: Snapshot) -> None:
    for n in ABSENT:
        result = ask(thousand, photo_of(n))
        assert (result.verdict, result.covers) == (Verdict.NOT_IN_CATALOGUE, ())
