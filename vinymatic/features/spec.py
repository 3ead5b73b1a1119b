"""How features are taken: the part of the settings that decides what an image turns into."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FeatureSpec:
    """`dimensions` of a descriptor, at most `num_features` of an image, the box `nor_x` × `nor_y` (pixels) it is scaled into."""

    dimensions: int = 128
    num_features: int = 300
    nor_x: int = 320
    nor_y: int = 320
