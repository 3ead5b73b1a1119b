"""The match picture: what is drawn, where, and how large it may become."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.index import MAX_PIXELS, cover, photo_of, prepared
from tests.unit.index.catalogues import catalogue
from vinymatic.features import FeatureSpec, decode_colour
from vinymatic.features.types import ColourArray
from vinymatic.index.drawing import ShownCover, match_picture, shown_covers, with_scans
from vinymatic.index.drawing.layout import MARGIN
from vinymatic.index.drawing.picture import ACCEPTED, NOT_ACCEPTED, PAPER, draw, spread
from vinymatic.index.drawing.text import Colour
from vinymatic.index.query import Look, look
from vinymatic.index.results import SearchOptions, Verdict
from vinymatic.index.snapshot import Snapshot

pytestmark = pytest.mark.unit

PRESENT = (0, 2, 3, 4)
ABSENT = 103
LARGEST = (1_500, 1_250)


@pytest.fixture(scope="module")
def snapshot(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    folder = tmp_path_factory.mktemp("catalogue") / "index"
    return catalogue(Path(shutil.copytree(index_template, folder)), [prepared(n) for n in PRESENT])


def seen(snapshot: Snapshot, photo: bytes, options: SearchOptions | None = None) -> Look:
    return look(snapshot, photo, FeatureSpec(nor_x=480, nor_y=480), options or SearchOptions(), max_pixels=MAX_PIXELS)


def opened(png: bytes) -> ColourArray:
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def picture_of(photo: bytes, view: Look, covers: Sequence[ShownCover]) -> ColourArray:
    return opened(match_picture(view, photo, covers, max_pixels=MAX_PIXELS))


def photo_area(picture: ColourArray, view: Look) -> ColourArray:
    """The photo, whose longest side is 800 pixels; below it is nothing but paper."""
    longest = max(view.photo.picture.width, view.photo.picture.height)
    across, down = (round(side * 800 / longest) for side in (view.photo.picture.width, view.photo.picture.height))
    below = np.flatnonzero(np.any(picture[:, MARGIN + 1] != PAPER, axis=1))[-1] + 1
    return picture[below - down : below, MARGIN : MARGIN + across]


def share_on_outline(photo: ColourArray, view: Look, colour: Colour, place: int = 0) -> float:
    """How much of the outline of the cover at `place` has this colour."""
    candidates = view.accepted or view.candidates
    corners = view.photo.in_photo(candidates[place].evidence.outline)
    corners = corners * photo.shape[1] / view.photo.picture.width
    steps = np.linspace(0.05, 0.95, 40)[:, None]
    edges = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    points = np.concatenate([begin + steps * (end - begin) for begin, end in edges])
    x, y = np.rint(points).astype(int).T
    inside = (x >= 0) & (x < photo.shape[1]) & (y >= 0) & (y < photo.shape[0])
    assert inside.mean() > 0.7
    found = photo[y[inside], x[inside]].astype(int)
    return float(np.mean(np.abs(found - np.array(colour)).max(axis=1) < 30))


def test_the_outline_of_an_accepted_cover_lies_where_the_search_says(snapshot: Snapshot) -> None:
    view = seen(snapshot, photo_of(0))
    picture = picture_of(photo_of(0), view, shown_covers(snapshot, view))
    assert share_on_outline(photo_area(picture, view), view, ACCEPTED[0]) > 0.8


def test_what_is_not_accepted_has_another_colour(snapshot: Snapshot) -> None:
    view = seen(snapshot, photo_of(0), SearchOptions(similarity_threshold=1))
    covers = shown_covers(snapshot, view)
    assert [(shown.entry.id, shown.accepted) for shown in covers] == [(cover(0).id, False)]
    photo = photo_area(picture_of(photo_of(0), view, covers), view)
    assert share_on_outline(photo, view, NOT_ACCEPTED) > 0.8
    assert share_on_outline(photo, view, ACCEPTED[0]) == 0


def test_without_a_candidate_the_photo_stands_alone_and_untouched(snapshot: Snapshot) -> None:
    view = replace(seen(snapshot, photo_of(ABSENT)), candidates=(), accepted=())
    covers = shown_covers(snapshot, view)
    assert covers == []
    shown = photo_area(picture_of(photo_of(ABSENT), view, covers), view)
    photo = decode_colour(photo_of(ABSENT), max_pixels=MAX_PIXELS)
    wanted = cv2.resize(photo, (shown.shape[1], shown.shape[0]), interpolation=cv2.INTER_AREA)
    assert np.abs(shown.astype(int) - wanted).mean() < 3


def test_several_covers_have_colours_of_their_own(snapshot: Snapshot) -> None:
    two = np.hstack([decode_colour(photo_of(n), max_pixels=MAX_PIXELS) for n in (0, 2)])
    photo = cv2.imencode(".jpg", cv2.cvtColor(two, cv2.COLOR_RGB2BGR))[1].tobytes()
    view = seen(snapshot, photo, SearchOptions(max_covers=2))
    covers = shown_covers(snapshot, view)
    assert {shown.entry.id for shown in covers} == {cover(0).id, cover(2).id}
    picture = picture_of(photo, view, covers)
    for place in (0, 1):
        assert share_on_outline(photo_area(picture, view), view, ACCEPTED[place], place) > 0.7


def test_a_cover_is_its_scan_where_there_is_one_and_else_the_grey_thumbnail(snapshot: Snapshot) -> None:
    view = seen(snapshot, photo_of(0))
    scan = decode_colour(cover(0).jpeg(), max_pixels=MAX_PIXELS)
    thumbnail = shown_covers(snapshot, view)
    drawn = [
        picture_of(photo_of(0), view, covers)[:, 900:]
        for covers in (thumbnail, with_scans(thumbnail, lambda entry: scan if entry.id == cover(0).id else None))
    ]
    assert with_scans(thumbnail, lambda _: None) == thumbnail
    # Generated sleeves are gaudy; frame, dots and lines are green in both.
    reddish = [int(np.sum(half[..., 0].astype(int) - half[..., 1] > 40)) for half in drawn]
    assert reddish[0] == 0
    assert np.ptp(scan.astype(int), axis=2).mean() > 20
    assert not np.array_equal(drawn[0], drawn[1])


@pytest.mark.parametrize("size", [(1, 1), (16, 5_000), (5_000, 16), (3_000, 3_000), (100, 75)])
def test_a_photo_of_any_shape_gives_a_picture_of_sensible_size(size: tuple[int, int]) -> None:
    photo = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), np.uint8)
    png = draw(photo, (480, 480), [], Verdict.NOT_IN_CATALOGUE, "nothing " * 400)
    height, width, _ = opened(png).shape
    assert 100 < width <= LARGEST[0]
    assert 50 < height <= LARGEST[1]
    assert len(png) < 3_000_000


@pytest.mark.parametrize("count", [1, 2, 3, 5, 12, 20])
def test_any_number_of_covers_fits(snapshot: Snapshot, count: int) -> None:
    view = seen(snapshot, photo_of(0))
    (shown,) = shown_covers(snapshot, view)
    shapes = [(320, 320), (320, 3), (3, 320), (320, 200)]
    covers = [replace(shown, box=shapes[n % 4]) for n in range(count)]
    height, width, _ = picture_of(photo_of(0), view, covers).shape
    assert width <= LARGEST[0]
    assert height <= LARGEST[1]


def test_an_outline_far_outside_of_the_photo_and_an_odd_id_are_no_trouble(snapshot: Snapshot) -> None:
    view = seen(snapshot, photo_of(0))
    (shown,) = shown_covers(snapshot, view)
    far = replace(
        shown.evidence, outline=np.array([[-9_600, -9_600], [9_600, -9_600], [9_600, 9_600], [-9_600, 9_600.0]])
    )
    odd = replace(shown.entry, id="\n\0\ud800" + "🎵漢ß/" * 200)
    picture_of(photo_of(0), view, [replace(shown, evidence=far, entry=odd)] * 2)


def test_lines_are_few_and_spread_over_the_cover() -> None:
    crowd = np.full((100, 2), 1.0, np.float32)
    apart = np.array([[300, 10], [10, 300], [310, 310]], np.float32)
    assert spread(np.concatenate([crowd, apart]), (320, 320), 5).tolist() == [0, 1, 100, 101, 102]
    assert spread(apart, (320, 320), 5).tolist() == [0, 1, 2]
    assert spread(np.array([[320, 320]], np.float32), (320, 320), 5).tolist() == [0]
