"""Simulated photos of several covers: each lies where its outline says; and film over a cover leaves it recognisable."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.unit.synth.test_photos import correlation, straightened
from vinymatic.synth.photos import Level, in_frame
from vinymatic.synth.raster import Bgr
from vinymatic.synth.scenes import nothing, table, wall
from vinymatic.synth.sleeves import sleeve
from vinymatic.synth.wrap import shrink_wrapped

pytestmark = pytest.mark.unit

COVERS = [sleeve(seed, side=320).image for seed in range(9)]


def small(cover: Bgr) -> Bgr:
    return cv2.resize(cover, (160, 160), interpolation=cv2.INTER_AREA).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_on_a_table_each_cover_lies_where_its_outline_says(count: int) -> None:
    scene = table(COVERS[:count], count, Level.EASY)
    assert scene.image.shape == (960, 1280, 3)
    assert len(scene.outlines) == count
    for cover, outline in zip(COVERS, scene.outlines, strict=False):
        assert correlation(straightened(scene.image, outline), small(cover)) > 0.8


def test_on_a_wall_each_cover_is_about_a_tenth_of_the_pictures_width_and_where_its_outline_says() -> None:
    scene = wall(COVERS, 5, Level.EASY, width=2_000, height=1_500)
    assert len(scene.outlines) == len(COVERS)
    for cover, outline in zip(COVERS, scene.outlines, strict=True):
        assert in_frame(outline, 2_000, 1_500) > 0.999
        assert np.sqrt(cv2.contourArea(outline.astype(np.float32))) == pytest.approx(200, rel=0.25)
        assert correlation(straightened(scene.image, outline), small(cover)) > 0.8


def test_the_same_arguments_give_the_same_scene_and_another_seed_gives_another() -> None:
    one, again, other = (table(COVERS[:2], seed) for seed in (1, 1, 2))
    assert one.jpeg() == again.jpeg()
    assert one.jpeg() != other.jpeg()
    assert nothing(1).jpeg() == nothing(1).jpeg()
    assert nothing(1).outlines == ()


@pytest.mark.parametrize("seed", range(3))
def test_film_glitters_and_leaves_the_cover_recognisable(seed: int) -> None:
    wrapped = shrink_wrapped(COVERS[seed], seed)
    assert np.array_equal(wrapped, shrink_wrapped(COVERS[seed], seed))
    assert (wrapped > 250).all(axis=2).sum() > (COVERS[seed] > 250).all(axis=2).sum()
    assert correlation(small(wrapped), small(COVERS[seed])) > 0.5
