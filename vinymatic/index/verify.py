"""Geometric verification: do the photo's features and one cover's agree on a homography, and how well?

Matches are checked on the stored descriptors (on PQ reconstructions hard photos fell from 88 to 82 %), then MAGSAC++ (Barath et al.
2020, as in OpenCV's USAC) finds the homography.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import Features
from vinymatic.index.pose import likely_place

Homography = NDArray[np.float64]
FloatArray = NDArray[np.float32]

FEWEST_INLIERS = 5
RATIO = 0.9
REPROJECTION_PIXELS = 4.0
ITERATIONS = 1_000
CONFIDENCE = 0.999
GRID = 5
# An outline under this share of the photo, or that is no convex quadrilateral, is a degenerate homography.
SMALLEST_OUTLINE = 0.005
SAME_SPOT_PIXELS = 3.0
# The thorough step's features; a photo of one cover is better compared whole.
NARROWED_FROM = 1_000


@dataclass(frozen=True)
class Query:
    """A photo's features with what verification needs of them for every candidate, computed once."""

    features: Features
    vectors: FloatArray
    squares: FloatArray
    noise: FloatArray
    square_length: float

    def rows(self, rows: NDArray[np.int64]) -> Query:
        """With these features alone."""
        own = self.features
        part = Features(own.points[rows], own.descriptors[rows], own.width, own.height)
        return Query(part, self.vectors[rows], self.squares[rows], self.noise[rows], self.square_length)


@dataclass(frozen=True)
class Evidence:
    """What one verified candidate shows. `homography` maps the cover's box pixels to the photo's box pixels.

    `inliers`: in distinct spots. `coverage`: cells of a 5 × 5 grid over the cover that hold an inlier, in [0, 1].
    `weighted_coverage`: Σ over those cells of the best inlier's `1 − d²/d_k²`, in [0, 25]: features that many covers share weigh nothing.
    `hull`: area of the inliers' convex hull over the cover's. `visible_ratio`: inliers over the cover's features that lie in the photo.
    `cosine`: mean cosine of the inliers' descriptors. `outline`: float64 [4, 2], the cover's corners in the photo's box.
    `photo_points`, `cover_points`: float32 [inliers, 2], where the inliers lie in the photo's box and in the cover's.
    """

    homography: Homography
    inliers: int
    coverage: float
    weighted_coverage: float
    hull: float
    visible_ratio: float
    cosine: float
    outline: NDArray[np.float64]
    photo_points: FloatArray
    cover_points: FloatArray


def make_query(features: Features, noise: FloatArray, square_length: float) -> Query:
    """`noise`: float32 [n], squared d_k of each feature. `square_length`: the feature model's."""
    vectors = features.descriptors.astype(np.float32)
    return Query(features, vectors, np.einsum("ij,ij->i", vectors, vectors), noise, square_length)


def narrowed(query: Query, cover: Features, voters: NDArray[np.int64]) -> Query | None:
    """Of a photo with many features, those near the place where its voters see the cover; None where they agree on no place.

    `voters`: int64 [m], rows of the photo's features that voted for the cover.
    """
    if len(query.features) <= NARROWED_FROM:
        return query
    rows, columns, _ = _matches(query.rows(voters), cover)
    seen = voters[rows]
    place = likely_place(query.features.points[seen], cover.points[columns], cover.width, cover.height)
    return None if place is None else query.rows(np.flatnonzero(place.holds(query.features.points)))


def verify(query: Query, cover: Features) -> Evidence | None:
    """The evidence that the photo shows `cover`; None where no sane homography has 5 inliers."""
    rows, columns, distances = _matches(query, cover)
    if len(rows) < FEWEST_INLIERS:
        return None
    source = cover.points[columns, :2]
    target = query.features.points[rows, :2]
    found, mask = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, REPROJECTION_PIXELS, maxIters=ITERATIONS, confidence=CONFIDENCE
    )
    homography = np.asarray(found, np.float64)
    if homography.shape != (3, 3):  # None where no model was found, though OpenCV's stubs say never
        return None
    kept = mask.ravel() > 0
    kept[kept] = _distinct(source[kept], distances[kept])
    corners = np.array([[0, 0], [cover.width, 0], [cover.width, cover.height], [0, cover.height]], np.float64)
    outline = project(homography, corners)
    if int(kept.sum()) < FEWEST_INLIERS or not _is_sane(outline, query.features):
        return None
    weights = 1.0 - distances[kept] / np.maximum(query.noise[rows[kept]], 1.0)
    coverage, weighted = _grid_coverage(source[kept], np.clip(weights, 0.0, 1.0), cover)
    return Evidence(
        homography=homography,
        inliers=int(kept.sum()),
        coverage=coverage,
        weighted_coverage=weighted,
        hull=_hull_share(source[kept], cover),
        visible_ratio=int(kept.sum()) / max(1, _visible(homography, cover, query.features)),
        # Of unit vectors, from their distance: PCA's bytes lie around 128 and would all point the same way.
        cosine=max(0.0, 1.0 - float(distances[kept].mean()) / (2.0 * query.square_length)),
        outline=outline,
        photo_points=target[kept],
        cover_points=source[kept],
    )


def project(homography: Homography, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 [n, 2] → float64 [n, 2]; points at infinity come out huge, never as a warning."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ homography.T
    scale = homogeneous[:, 2:]
    return np.asarray(homogeneous[:, :2] / np.where(np.abs(scale) < 1e-9, 1e-9, scale))


def _matches(query: Query, cover: Features) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
    """Pairs (query row, cover row, squared distance): each query feature's nearest, when near enough and clearly nearer than the next."""
    vectors = np.asarray(cover.descriptors, np.float32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    distances = query.squares[:, None] - 2.0 * (query.vectors @ vectors.T) + squares[None, :]
    if distances.shape[1] < 2:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    rows = np.arange(len(distances))
    nearest = distances.argmin(axis=1)
    first = distances[rows, nearest]
    distances[rows, nearest] = np.inf
    second = distances.min(axis=1)
    good = (first < RATIO * RATIO * second) & (first < query.noise)
    return rows[good], nearest[good], np.maximum(first[good], 0.0)


def _distinct(points: FloatArray, distances: FloatArray) -> NDArray[np.bool_]:
    """Keeps the nearest match of each spot: SIFT gives one corner several orientations, which are not independent evidence."""
    cells = np.floor(points / SAME_SPOT_PIXELS).astype(np.int64)
    spots = cells[:, 0] * 1_000_003 + cells[:, 1]
    order = np.argsort(distances, kind="stable")
    _, first = np.unique(spots[order], return_index=True)
    kept = np.zeros(len(points), np.bool_)
    kept[order[first]] = True
    return kept


def _is_sane(outline: NDArray[np.float64], photo: Features) -> bool:
    if not np.all(np.isfinite(outline)) or np.abs(outline).max() > 20 * max(photo.width, photo.height):
        return False
    edges = np.roll(outline, -1, axis=0) - outline
    following = np.roll(edges, -1, axis=0)
    turns = edges[:, 0] * following[:, 1] - edges[:, 1] * following[:, 0]
    # All turns clockwise (y points down): convex, and not seen from behind.
    if not np.all(turns > 0):
        return False
    return cv2.contourArea(outline.astype(np.float32)) >= SMALLEST_OUTLINE * photo.width * photo.height


def _grid_coverage(points: FloatArray, weights: FloatArray, cover: Features) -> tuple[float, float]:
    columns = np.clip((points[:, 0] * GRID / cover.width).astype(int), 0, GRID - 1)
    rows = np.clip((points[:, 1] * GRID / cover.height).astype(int), 0, GRID - 1)
    best = np.zeros(GRID * GRID, np.float32)
    np.maximum.at(best, rows * GRID + columns, weights)
    occupied = len(np.unique(rows * GRID + columns))
    return occupied / (GRID * GRID), float(best.sum())


def _hull_share(points: FloatArray, cover: Features) -> float:
    hull = cv2.convexHull(points.astype(np.float32))
    return float(cv2.contourArea(hull)) / (cover.width * cover.height)


def _visible(homography: Homography, cover: Features, photo: Features) -> int:
    seen = project(homography, cover.points[:, :2].astype(np.float64))
    inside = (seen[:, 0] >= 0) & (seen[:, 0] < photo.width) & (seen[:, 1] >= 0) & (seen[:, 1] < photo.height)
    return int(inside.sum())
