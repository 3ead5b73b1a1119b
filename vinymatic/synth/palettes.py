"""Colour schemes: a paper, an ink and accents that go together."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vinymatic.synth.raster import Colour, Random


@dataclass(frozen=True)
class Palette:
    """`paper` and `ink` contrast; `accents` are five colours ordered from dark to light."""

    paper: Colour
    ink: Colour
    accents: tuple[Colour, ...]

    def accent(self, rng: Random) -> Colour:
        return self.accents[int(rng.integers(len(self.accents)))]

    def ramp(self) -> tuple[Colour, ...]:
        """Dark to light, whole range, for photographs in these colours."""
        return (min(self.paper, self.ink, key=sum), *self.accents, max(self.paper, self.ink, key=sum))

    def on(self, colour: float) -> Colour:
        """Paper or ink, whichever reads better on a ground of this brightness (0 to 255)."""
        return max((self.paper, self.ink), key=lambda c: abs(sum(c) / 3 - colour))


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    pixel = np.array([[[hue % 1.0 * 179, np.clip(saturation, 0, 1) * 255, np.clip(value, 0, 1) * 255]]], np.uint8)
    blue, green, red = cv2.cvtColor(pixel, cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)


def palette(rng: Random) -> Palette:
    hue = float(rng.random())
    spread = float(rng.choice([0.03, 0.1, 0.2, 0.33, 0.5]))  # one hue, neighbours, two steps, triad, complement
    strength = float(rng.choice([0.0, 0.25, 0.55, 0.8, 1.0], p=[0.08, 0.25, 0.37, 0.22, 0.08]))
    accents = [
        _hsv(
            hue + spread * int(rng.integers(-1, 2)) + float(rng.normal(0, 0.015)),
            strength * float(rng.uniform(0.7, 1.1)),
            0.2 + 0.19 * step + float(rng.uniform(-0.05, 0.05)),
        )
        for step in range(5)
    ]
    light = _hsv(hue + 0.08, float(rng.uniform(0, 0.18)), float(rng.uniform(0.88, 1.0)))
    dark = _hsv(hue + spread, float(rng.uniform(0, 0.6)), float(rng.uniform(0.04, 0.2)))
    paper, ink = (light, dark) if rng.random() < 0.6 else (dark, light)
    return Palette(paper, ink, tuple(accents))
