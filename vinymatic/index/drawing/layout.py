"""Where everything goes in a match picture. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MARGIN = 16
# Between the photo and the covers, so that one sees where the lines go.
GAP = 40
CAPTION_HEIGHT = 74
# Room for the verdict and its reason beside or over any photo.
LEAST_WIDTH = 640

# Columns of covers → the longest side of each in pixels.
_SIDES = {1: 340, 2: 230, 3: 170, 4: 140}
LARGEST_COVER = _SIDES[1]
# Covers may reach down to here beside a photo that is lower.
_REACH = 620


@dataclass(frozen=True)
class Area:
    """Pixels of the picture."""

    x: int
    y: int
    width: int
    height: int

    def place(self, points: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.float64]:
        """float64 [n, 2]: `points` of an image of this `size` (width, height), as pixels of the picture when it fills the area."""
        scale = np.array([self.width / size[0], self.height / size[1]])
        return np.asarray(points * scale + (self.x, self.y), np.float64)


@dataclass(frozen=True)
class Layout:
    """`covers`: in their order; under each of them `CAPTION_HEIGHT` pixels of its `column_width` are free."""

    width: int
    height: int
    photo: Area
    covers: tuple[Area, ...]
    column_width: int


def lay_out(photo: tuple[int, int], covers: Sequence[tuple[int, int]], header: int) -> Layout:
    """`photo`: width and height as it is drawn. `covers`: widths and heights of the covers, of which the ratio counts.

    `header`: pixels kept free at the top.
    """
    reach = max(photo[1], _REACH)
    columns = next((c for c in _SIDES if _rows(len(covers), c) * (_SIDES[c] + CAPTION_HEIGHT) <= reach), len(_SIDES))
    side, rows = _SIDES[columns], _rows(len(covers), columns)
    left = MARGIN + photo[0] + GAP
    areas = []
    for number, (width, height) in enumerate(covers):
        row, column = divmod(number, columns)
        scale = side / max(width, height)
        area = Area(
            x=left + column * (side + MARGIN),
            y=header + row * (side + CAPTION_HEIGHT),
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
        )
        areas.append(area)
    right = left + columns * (side + MARGIN) if covers else MARGIN + photo[0] + MARGIN
    bottom = header + max(photo[1], rows * (side + CAPTION_HEIGHT)) + MARGIN
    return Layout(max(LEAST_WIDTH, right), bottom, Area(MARGIN, header, *photo), tuple(areas), side)


def _rows(covers: int, columns: int) -> int:
    return math.ceil(covers / columns)
