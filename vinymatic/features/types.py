"""What the features package hands on: a decoded picture, and the features of one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GreyArray = NDArray[np.uint8]
# uint8 [height, width, 3], red first.
ColourArray = NDArray[np.uint8]
PointArray = NDArray[np.float32]
DescriptorArray = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A decoded image in shades of grey.

    `grey`: uint8 [height, width], upright (EXIF orientation applied), perhaps decoded at a reduced size.
    `width`, `height`: the upright size in the image's own pixels; coordinates given to users are in these.
    """

    grey: GreyArray
    width: int
    height: int


@dataclass(frozen=True)
class Features:
    """The features of one image, best first.

    `points`: float32 [n, 4], x and y in pixels of the box-scaled image, scale (keypoint diameter, same pixels), angle (degrees).
    `descriptors`: uint8 [n, dimensions], RootSIFT (Arandjelović & Zisserman 2012), perhaps reduced by PCA.
    `width`, `height`: size of the box-scaled image that the points refer to, in pixels.
    """

    points: PointArray
    descriptors: DescriptorArray
    width: int
    height: int

    def __len__(self) -> int:
        return len(self.points)
