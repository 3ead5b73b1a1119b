"""One simulated photo of a cover that is in the catalogue, and one of a sleeve that is not, both through HTTPS."""

from __future__ import annotations

import cv2
import numpy as np

from vinymatic.errors import CorruptImageError
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve

# Beyond what any demo catalogue counts up to.
_ABSENT = 1_000_003
_PHOTO = 11


def photo_of(scan: bytes) -> bytes:
    """A JPEG as a phone would take it of this cover: askew, unevenly lit, on a table. Raises `CorruptImageError`."""
    image = cv2.imdecode(np.frombuffer(scan, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise CorruptImageError("the scan cannot be decoded")
    return simulate(image.astype(np.uint8), _PHOTO, Level.MEDIUM).jpeg()


def photo_of_nothing_known() -> bytes:
    """The same of a sleeve that no catalogue holds."""
    return simulate(sleeve(_ABSENT).image, _PHOTO, Level.MEDIUM).jpeg()
