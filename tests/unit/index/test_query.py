"""One photo's whole way through a small catalogue, with the shipped codebook."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.support.index import cover, make_index, photo_of, prepared, simulated
from tests.unit.features.pictures import encoded, exif_of, stored_as
from tests.unit.index.catalogues import answers, ask, catalogue
from vinymatic.errors import CorruptImageError, ImageTooLargeError, NoObjectFoundError, NotAnImageError
from vinymatic.features import FeatureSpec
from vinymatic.index.query import identify
from vinymatic.index.results import Match, SearchOptions, SearchResult, Verdict
from vinymatic.index.segment import PreparedCover
from vinymatic.index.snapshot import Snapshot

pytestmark = pytest.mark.unit

PRESENT = (0, 2, 3, 4, 5, 6, 7, 8, 9, 10)
ABSENT = (103, 104, 106)

Maker = Callable[[Sequence[PreparedCover]], Snapshot]


@pytest.fixture(scope="module")
def made(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Makes catalogues on copies of the empty index."""

    def make(covers: Sequence[PreparedCover]) -> Snapshot:
        folder = tmp_path_factory.mktemp("catalogue") / "index"
        return catalogue(Path(shutil.copytree(index_template, folder)), covers)

    return make


@pytest.fixture(scope="module")
def ten(made: Maker) -> Snapshot:
    return made([prepared(n) for n in PRESENT])


def corners(match: Match) -> np.typing.NDArray[np.float64]:
    assert match.outline is not None
    return np.array(match.outline, np.float64)


def untimed(result: SearchResult) -> SearchResult:
    return replace(result, timings_ms={})


@pytest.mark.parametrize("count", [1, 2])
def test_a_catalogue_of_one_or_two_covers_answers(made: Maker, count: int) -> None:
    snapshot = made([prepared(n) for n in PRESENT[:count]])
    for n in PRESENT[:count]:
        assert answers(snapshot, photo_of(n), n)
    for n in (PRESENT[count], *ABSENT[:2]):
        assert ask(snapshot, photo_of(n)).verdict is Verdict.NOT_IN_CATALOGUE


def test_a_catalogue_of_ten_covers_answers(ten: Snapshot) -> None:
    assert [n for n in PRESENT if not answers(ten, photo_of(n), n)] == []


def test_an_absent_cover_is_not_in_the_catalogue(ten: Snapshot) -> None:
    for n in ABSENT:
        result = ask(ten, photo_of(n))
        assert (result.verdict, result.covers) == (Verdict.NOT_IN_CATALOGUE, ())
        assert result.scores(SearchOptions()) == {}
        assert result.reason


def test_an_empty_catalogue_has_nothing_and_says_so(made: Maker) -> None:
    result = ask(made([]), photo_of(0))
    assert (result.verdict, result.reason) == (Verdict.NOT_IN_CATALOGUE, "the catalogue is empty")
    assert (result.covers, result.candidates) == ((), ())
    assert set(result.timings_ms) == {"decode", "extract"}


def test_the_scan_itself_is_found_with_its_own_corners(ten: Snapshot) -> None:
    result = ask(ten, cover(4).jpeg())
    assert [match.id for match in result.covers] == [cover(4).id]
    assert result.covers[0].score > 0.9
    assert result.covers[0].cosine > 0.95
    assert np.abs(corners(result.covers[0]) - [[0, 0], [640, 0], [640, 640], [0, 640]]).max() < 6


def test_an_answer_says_all_it_promises(ten: Snapshot) -> None:
    result = ask(ten, photo_of(2), top_n=2)
    (match,) = result.covers
    assert 0.5 <= match.score <= 1
    assert 0.8 < match.cosine <= 1
    assert match.inliers >= 20
    assert match.votes > 1
    assert result.manifest == ten.number
    assert "features agree on one view" in result.reason
    assert set(result.timings_ms) == {"decode", "extract", "shortlist", "verify", "score"}
    assert all(milliseconds >= 0 for milliseconds in result.timings_ms.values())
    assert len(result.candidates) <= 2
    assert result.scores(SearchOptions(top_n=2))[match.id] == match.score


@pytest.mark.parametrize("n", PRESENT[:4])
def test_the_outline_lies_on_the_true_corners(ten: Snapshot, n: int) -> None:
    result = ask(ten, photo_of(n))
    assert np.abs(corners(result.covers[0]) - simulated(n).corners).max() < 20


@pytest.mark.parametrize("orientation", [3, 6])
def test_the_outline_of_a_turned_photo_is_in_upright_pixels(ten: Snapshot, orientation: int) -> None:
    upright = np.asarray(Image.open(io.BytesIO(photo_of(2))))
    result = ask(ten, encoded(stored_as(upright, orientation), "JPEG", exif=exif_of(orientation)))
    assert [match.id for match in result.covers] == [cover(2).id]
    assert np.abs(corners(result.covers[0]) - simulated(2).corners).max() < 20


def test_a_photo_turned_without_saying_so_is_answered_in_its_own_pixels(ten: Snapshot) -> None:
    turned = np.rot90(np.asarray(Image.open(io.BytesIO(photo_of(2)))), -1)
    result = ask(ten, encoded(np.ascontiguousarray(turned), "JPEG"))
    x, y = simulated(2).corners.T
    assert np.abs(corners(result.covers[0]) - np.column_stack([960 - y, x])).max() < 20


def side_by_side(left: int, right: int) -> bytes:
    """A photo of two sleeves on one table."""
    table = np.full((960, 1_280, 3), 120, np.uint8)
    for n, places in (
        (left, [(60, 200), (590, 180), (610, 720), (50, 730)]),
        (right, [(680, 210), (1_220, 230), (1_200, 760), (670, 740)]),
    ):
        image = cover(n).image
        source = np.array([[0, 0], [640, 0], [640, 640], [0, 640]], np.float32)
        warp = cv2.getPerspectiveTransform(source, np.array(places, np.float32))
        cv2.warpPerspective(image, warp, (1_280, 960), dst=table, borderMode=cv2.BORDER_TRANSPARENT)
    return bytes(cv2.imencode(".jpg", table)[1].tobytes())


def test_two_covers_in_one_photo_are_both_found_when_two_are_asked_for(ten: Snapshot) -> None:
    both = {cover(4).id, cover(5).id}
    result = ask(ten, side_by_side(4, 5), max_covers=2)
    assert result.verdict is Verdict.MATCH
    assert {match.id for match in result.covers} == both
    by_place = sorted(result.covers, key=lambda match: corners(match)[0, 0])
    assert [match.id for match in by_place] == [cover(4).id, cover(5).id]
    assert corners(by_place[0])[:, 0].max() < 640 < corners(by_place[1])[:, 0].min()


def test_two_covers_in_one_photo_give_one_when_one_is_asked_for(ten: Snapshot) -> None:
    both = {cover(4).id, cover(5).id}
    result = ask(ten, side_by_side(4, 5), max_covers=1)
    assert result.verdict is Verdict.MATCH
    assert len(result.covers) == 1
    assert {result.covers[0].id, result.candidates[0].id} == both


def test_the_same_artwork_under_two_ids_is_ambiguous_and_names_both(made: Maker) -> None:
    snapshot = made([prepared(0), prepared(2), prepared(0, id="reissue/0.jpg")])
    result = ask(snapshot, photo_of(0))
    assert result.verdict is Verdict.AMBIGUOUS
    assert {match.id for match in (*result.covers, *result.candidates[:1])} == {cover(0).id, "reissue/0.jpg"}
    assert len(result.scores(SearchOptions())) == 2


def test_a_cover_filed_under_many_ids_is_still_found(made: Maker) -> None:
    snapshot = made([prepared(n) for n in PRESENT] + [prepared(0, id=f"pressing/{i}") for i in range(13)])
    result = ask(snapshot, photo_of(0), top_n=20)
    assert result.verdict is Verdict.AMBIGUOUS
    found = set(result.scores(SearchOptions(top_n=20)))
    assert len(found) >= 2
    assert found <= {cover(0).id, *(f"pressing/{i}" for i in range(13))}


def test_the_threshold_decides_what_is_accepted(ten: Snapshot) -> None:
    assert ask(ten, photo_of(3), similarity_threshold=1.0).covers == ()
    assert ask(ten, photo_of(3), similarity_threshold=0.0).covers[0].id == cover(3).id


def test_the_same_snapshot_gives_the_same_answer_twice_and_on_every_thread(ten: Snapshot) -> None:
    photos = [photo_of(n) for n in (3, ABSENT[0])]
    expected = [untimed(ask(ten, photo)) for photo in photos]
    with ThreadPoolExecutor(3) as pool:
        assert [untimed(result) for result in pool.map(lambda i: ask(ten, photos[i % 2]), range(6))] == expected * 3


def test_an_index_of_64_dimensions_answers_too(tmp_path: Path) -> None:
    snapshot = catalogue(make_index(tmp_path / "index", FeatureSpec(dimensions=64)), [prepared(n) for n in PRESENT], 64)
    assert snapshot.model.dimensions == 64
    assert snapshot.features_of(0).descriptors.shape[1] == 64
    for n in PRESENT[:3]:
        assert answers(snapshot, photo_of(n), n)
    assert ask(snapshot, photo_of(ABSENT[0])).covers == ()


def test_the_cosine_means_the_same_in_fewer_dimensions(tmp_path: Path, ten: Snapshot) -> None:
    small = catalogue(make_index(tmp_path / "index", FeatureSpec(dimensions=64)), [prepared(2)], 64)
    (whole,), (reduced,) = (ask(snapshot, photo_of(2)).covers for snapshot in (ten, small))
    assert reduced.cosine == pytest.approx(whole.cosine, abs=0.01)


@pytest.mark.parametrize("empty", [True, False])
def test_a_bad_photo_is_refused_whatever_the_catalogue_holds(ten: Snapshot, made: Maker, empty: bool) -> None:
    snapshot = made([]) if empty else ten
    with pytest.raises(NotAnImageError):
        ask(snapshot, b"no image")
    with pytest.raises(CorruptImageError):
        ask(snapshot, photo_of(2)[:20_000])
    with pytest.raises(NoObjectFoundError):
        ask(snapshot, encoded(np.full((300, 300, 3), 255, np.uint8), "JPEG"))
    with pytest.raises(ImageTooLargeError):
        identify(snapshot, photo_of(2), FeatureSpec(), SearchOptions(), max_pixels=100_000)
