"""Candidates for the tests of what is decided from them."""

from __future__ import annotations

import numpy as np

from tests.unit.index.views import view
from vinymatic.index.search import Candidate
from vinymatic.index.verify import Evidence

Box = tuple[float, float, float, float]
LEFT: Box = (0, 0, 140, 200)
RIGHT: Box = (160, 0, 300, 200)
CENTRE: Box = (30, 20, 130, 180)


def evidence(place: Box = LEFT, weighted_coverage: float = 12.0, inliers: int = 40, **changes: float) -> Evidence:
    """Evidence of a cover that fills this box (left, top, right, bottom) of the photo."""
    left, top, right, bottom = place
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    rng = np.random.default_rng(1)
    fields = {"coverage": 0.6, "hull": 0.5, "visible_ratio": 0.3, "cosine": 0.95} | changes
    return Evidence(
        homography=view(corners),
        inliers=inliers,
        weighted_coverage=weighted_coverage,
        outline=np.array(corners, np.float64),
        photo_points=rng.uniform((left, top), (right, bottom), (inliers, 2)).astype(np.float32),
        cover_points=rng.uniform((0, 0), (200, 200), (inliers, 2)).astype(np.float32),
        **fields,
    )


def candidate(number: int, score: float, place: Box = LEFT, weighted_coverage: float = 12.0) -> Candidate:
    return Candidate(number, 10.0, evidence(place, weighted_coverage), 0.5, (), score)
