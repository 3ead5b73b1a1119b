"""Where in a photo a cover may lie, from single pairs of features (Lowe 2004, section 7.3).

A pair's scales and angles give a similarity transform: where the cover's centre lies, how large and how turned it is. Right pairs agree on
that, wrong ones scatter. Of a photo with thousands of features, which is what a wall of covers takes, only those near the place on which
most pairs agree are then compared with the cover's: everything else would cost time and add wrong pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import PointArray

# Seen at an angle, a cover's features disagree by about so much on its centre (in its own radii), its size and its turn.
_CENTRE_SHARE = 0.5
_SIZE_RATIO = 1.6
_TURN_DEGREES = 35.0
# The circle around the cover as it is hypothesised, widened for what perspective and the pair's own error add.
_REACH = 1.4
_FEWEST_PAIRS = 3


@dataclass(frozen=True)
class Place:
    """A circle in the photo's box that holds the cover. `x`, `y`, `radius`: pixels. `pairs`: how many pairs agree on it."""

    x: float
    y: float
    radius: float
    pairs: int

    def holds(self, points: PointArray) -> NDArray[np.bool_]:
        """bool [n]: which of `points` (float32 [n, ≥ 2]) lie in it."""
        return np.asarray(np.hypot(points[:, 0] - self.x, points[:, 1] - self.y) <= self.radius)


def likely_place(photo: PointArray, cover: PointArray, width: int, height: int) -> Place | None:
    """The place on which most pairs agree; None where fewer than 3 do.

    `photo`, `cover`: float32 [n, 4], features (x, y, scale, angle) that may show the same spot, row by row. `width`, `height`: of the
    cover's box.
    """
    if len(photo) < _FEWEST_PAIRS:
        return None
    scale = photo[:, 2] / np.maximum(cover[:, 2], 1e-3)
    turn = np.radians(photo[:, 3] - cover[:, 3])
    to_centre = np.array([width / 2, height / 2], np.float32) - cover[:, :2]
    cosine, sine = np.cos(turn) * scale, np.sin(turn) * scale
    x = photo[:, 0] + cosine * to_centre[:, 0] - sine * to_centre[:, 1]
    y = photo[:, 1] + sine * to_centre[:, 0] + cosine * to_centre[:, 1]
    radius = scale * np.float32(np.hypot(width, height) / 2)
    near = np.hypot(x[:, None] - x, y[:, None] - y) <= _CENTRE_SHARE * np.minimum(radius[:, None], radius)
    sized = np.abs(np.log(scale[:, None] / scale)) <= np.log(_SIZE_RATIO)
    apart = np.abs(np.degrees(turn[:, None] - turn) % 360.0)
    turned = np.minimum(apart, 360.0 - apart) <= _TURN_DEGREES
    agree = near & sized & turned
    best = agree[int(agree.sum(axis=1).argmax())]
    pairs = int(best.sum())
    if pairs < _FEWEST_PAIRS:
        return None
    return Place(
        x=float(np.median(x[best])),
        y=float(np.median(y[best])),
        radius=float(np.median(radius[best])) * _REACH,
        pairs=pairs,
    )
