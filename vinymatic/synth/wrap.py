"""Shrink wrap: the film that new records come in."""

from __future__ import annotations

import cv2
import numpy as np

from vinymatic.synth.raster import Bgr, as_bgr, as_field, mixed, noise

_WRAP = 6
_HAZE = 0.12
# Creases follow the levels of a slow noise; this is how wide, in its units.
_CREASE = 0.018


def shrink_wrapped(cover: Bgr, seed: int, strength: float = 0.8) -> Bgr:
    """The cover (uint8 BGR [h, w, 3]) under film: a haze, and creases that glitter; at `strength` 1 they burn out."""
    rng = np.random.default_rng([_WRAP, seed])
    height, width = cover.shape[:2]
    slow = noise(rng, height, width, cells=3, octaves=3, stretch=float(rng.uniform(1, 4)))
    catches = noise(rng, height, width, cells=5, octaves=2)
    light = np.zeros((height, width), np.float32)
    for level in (0.35, 0.5, 0.65):
        light = np.maximum(light, np.exp(-(((slow - level) / _CREASE) ** 2)))
    glitter = as_field(255 * strength * light * np.clip(catches * 2.5 - 1, 0, 1)).astype(np.uint8)
    hazy = mixed(cover, np.full_like(cover, 200), _HAZE * strength)
    return as_bgr(cv2.add(hazy, cv2.merge([glitter, glitter, glitter])))
