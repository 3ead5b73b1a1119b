"""The appearance check: warp the photo onto the cover's thumbnail and compare.

It separates covers that share a banner, a logo or a series' layout, which geometry alone accepts. Block-wise normalised correlation, with
three guards without which it is worse than nothing: uniform margins of the cover do not count, glare does not count, and with fewer than
4 comparable blocks there is no answer.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import GreyArray
from vinymatic.index.segment import THUMBNAIL_SIDE
from vinymatic.index.verify import Homography

BLOCK = 8
FEWEST_BLOCKS = 4
PLAIN_DEVIATION = 6.0
GLARE_LEVEL = 240
GLARE_HALO = 7
LEAST_VISIBLE_SHARE = 0.7
MARGIN_TOLERANCE = 16
LEAST_CONTENT_SHARE = 0.25
_SUPERSAMPLING = 2


def make_thumbnail(grey: GreyArray) -> NDArray[np.uint8]:
    """uint8 [64, 64]: the whole cover squeezed to a square."""
    return np.asarray(cv2.resize(grey, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def correlation(
    photo: GreyArray, homography: Homography, cover_size: tuple[int, int], thumbnail: NDArray[np.uint8]
) -> float | None:
    """Mean correlation over comparable blocks, in [−1, 1]; None when too little of the cover can be compared.

    `photo`: the photo's box. `homography`: cover's box → photo's box. `cover_size`: width and height of the cover's box.
    """
    side = THUMBNAIL_SIDE * _SUPERSAMPLING
    to_box = np.diag([cover_size[0] / side, cover_size[1] / side, 1.0])
    warped = cv2.warpPerspective(
        photo, homography @ to_box, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=0
    )
    inside = cv2.warpPerspective(
        np.full_like(photo, 255), homography @ to_box, (side, side), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    )
    glare = cv2.dilate((warped >= GLARE_LEVEL).astype(np.uint8), np.ones((GLARE_HALO, GLARE_HALO), np.uint8))
    usable = (inside > 0) & (glare == 0)
    seen = make_thumbnail(np.asarray(warped, np.uint8)).astype(np.float32)
    share = make_thumbnail(usable.astype(np.uint8) * 255).astype(np.float32) / np.float32(255)
    share *= _content(thumbnail)
    wanted = thumbnail.astype(np.float32)
    a, b, visible = _blocks(wanted), _blocks(seen), _blocks(share).mean(axis=1)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    deviation_a, deviation_b = a.std(axis=1), b.std(axis=1)
    comparable = (visible >= LEAST_VISIBLE_SHARE) & (deviation_a >= PLAIN_DEVIATION)
    if int(comparable.sum()) < FEWEST_BLOCKS:
        return None
    products = (a * b).mean(axis=1) / np.maximum(deviation_a * deviation_b, 1.0)
    return float(products[comparable].mean())


def _content(thumbnail: NDArray[np.uint8]) -> NDArray[np.float32]:
    """float32 [64, 64]: 1 inside the cover's uniform margin (a scan's paper, a photo's table), 0 on it; all 1 where it has none."""
    border = np.concatenate([thumbnail[0], thumbnail[-1], thumbnail[:, 0], thumbnail[:, -1]])
    other = np.abs(thumbnail.astype(np.int16) - int(np.median(border))) > MARGIN_TOLERANCE
    rows, columns = np.flatnonzero(other.mean(axis=1) > 0.1), np.flatnonzero(other.mean(axis=0) > 0.1)
    content = np.ones(thumbnail.shape, np.float32)
    if len(rows) and len(columns):
        # One pixel further in: the edge of the margin is smeared by the scaling.
        top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
        if (bottom - top) * (right - left) >= LEAST_CONTENT_SHARE * thumbnail.size:
            inner = np.zeros_like(content)
            inner[
                top + (top > 0) : bottom - (bottom < len(content)), left + (left > 0) : right - (right < len(content))
            ] = 1
            return inner
    return content


def _blocks(square: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32 [64, 64] → float32 [64 blocks, 64 pixels]."""
    count = THUMBNAIL_SIDE // BLOCK
    return square.reshape(count, BLOCK, count, BLOCK).swapaxes(1, 2).reshape(count * count, BLOCK * BLOCK)
