"""Simulated views: what is hidden is gone, clutter is there, and what drills have recorded is asked as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.support.covers import random_cover
from vinymatic.lifecycle import drill_questions
from vinymatic.lifecycle.views import EASY, HARD, SIDE, view

pytestmark = pytest.mark.unit

COVER = random_cover("a", features=200)


def test_a_drills_question_is_the_one_that_older_backups_were_asked() -> None:
    """Numbers of the first version: a backup's recorded answers are to these very questions."""
    cover = random_cover("a", features=40)
    seen, picture = drill_questions.view(cover.features, cover.thumbnail, drill_questions.Chosen("a", 7, False))
    np.testing.assert_allclose(seen.points[0], [316.677, 70.161, 155.112, 109.110], atol=0.01)
    assert int(seen.descriptors.sum(dtype=np.int64)) == 183_767
    assert seen.descriptors[0, :8].tolist() == [21, 111, 15, 102, 5, 91, 76, 19]
    assert picture.mean() == pytest.approx(114.10, abs=0.05)
    stranger, negative = drill_questions.view(cover.features, cover.thumbnail, drill_questions.Chosen("a", 7, True))
    np.testing.assert_array_equal(stranger.points, seen.points)
    assert stranger.descriptors[0, :8].tolist() == [69, 106, 99, 41, 102, 76, 71, 99]
    assert negative.mean() == pytest.approx(115.56, abs=0.05)


def test_the_same_generator_gives_the_same_view_and_another_seed_another() -> None:
    clutter = random_cover("b", features=300).features.descriptors
    views = [
        view(COVER.features, COVER.thumbnail, HARD, np.random.default_rng(seed), clutter=clutter) for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(views[0][0].descriptors, views[1][0].descriptors)
    np.testing.assert_array_equal(views[0][1], views[1][1])
    assert views[0][0].points.shape != views[2][0].points.shape or np.any(views[0][0].points != views[2][0].points)


def test_an_easy_view_keeps_its_share_of_the_features_in_the_picture() -> None:
    seen, picture = view(COVER.features, COVER.thumbnail, EASY, np.random.default_rng(1))
    assert len(seen) == 120
    assert picture.shape == (SIDE, SIDE)
    assert seen.points[:, :2].min() > 0
    assert seen.points[:, :2].max() < SIDE


def test_what_is_hidden_is_neither_among_the_features_nor_in_the_picture() -> None:
    bare = replace(HARD, clutter=0.0)
    black = np.zeros((64, 64), np.uint8)
    shares = []
    for seed in range(30):
        seen, picture = view(COVER.features, black, replace(bare, hidden=0.5), np.random.default_rng(seed))
        whole, unhidden = view(COVER.features, black, replace(bare, hidden=0.0), np.random.default_rng(seed))
        kept = {tuple(point) for point in seen.points.tolist()}
        assert kept <= {tuple(point) for point in whole.points.tolist()}
        assert len(whole) == 80
        shares.append(len(kept) / 80)
        # The cover is black here, so whatever of it is lighter is what lies over it.
        hidden = float(((picture > 30) & (unhidden < 30)).sum()) / max(1, int((unhidden < 30).sum()))
        assert hidden == pytest.approx(1 - len(kept) / 80, abs=0.2)
    assert 0.4 < min(shares) < 0.7
    assert np.mean(shares) == pytest.approx(0.75, abs=0.08)


def test_clutter_comes_after_the_covers_own_features_and_no_more_than_there_is() -> None:
    few = random_cover("b", features=30).features.descriptors
    seen, _ = view(COVER.features, COVER.thumbnail, HARD, np.random.default_rng(3), clutter=few)
    own, _ = view(COVER.features, COVER.thumbnail, HARD, np.random.default_rng(3))
    assert len(seen) == len(own) + 30
    np.testing.assert_array_equal(seen.descriptors[: len(own)], own.descriptors)
    distances = np.linalg.norm(seen.descriptors[len(own) :, None].astype(float) - few[None], axis=2).min(axis=1)
    noise = HARD.descriptor_noise * 128**0.5
    assert distances.mean() == pytest.approx(noise, rel=0.2)


def test_noise_is_in_stored_steps_where_a_model_reduces_the_descriptors() -> None:
    near, far = (
        view(COVER.features, COVER.thumbnail, EASY, np.random.default_rng(4), step=step)[0].descriptors
        for step in (0.0, 1.0)
    )
    assert np.abs(near.astype(int) - far.astype(int)).std() > 1
    stored = {row.tobytes() for row in COVER.features.descriptors}
    assert {row.tobytes() for row in near} <= stored
