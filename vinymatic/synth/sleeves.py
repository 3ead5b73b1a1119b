"""Generated record sleeves: any number of different covers from numbers alone, for demos and for tests without data.

Covers of one series share a banner, a label, a palette, a layout and typefaces, as real series do: what false accepts come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vinymatic.synth import words
from vinymatic.synth.layouts import Record, compose, design
from vinymatic.synth.raster import Bgr, encoded

# First words of the generators' seeds: a sleeve and a series of the same number have nothing in common.
_SLEEVE, _SERIES = 1, 2


@dataclass(frozen=True)
class Sleeve:
    """One generated cover. `id`: an S3 key; `image`: uint8 BGR [side, side, 3]."""

    id: str
    artist: str
    title: str
    year: int
    image: Bgr

    def jpeg(self, quality: int = 90) -> bytes:
        return encoded(self.image, quality)


def sleeve(seed: int, *, series: int | None = None, side: int = 640) -> Sleeve:
    """The sleeve of this number, always the same one.

    `series`: the number of the series that it belongs to; `side`: pixels of a side, at least 64.
    """
    rng = np.random.default_rng([_SLEEVE, seed])
    plan = design(np.random.default_rng([_SERIES, series]) if series is not None else rng, series=series is not None)
    artist, title, year = words.artist(rng), words.title(rng), words.year(rng)
    record = Record(artist, title, words.tracks(rng, 6), number=int(rng.integers(1, 100)))
    folder = artist.lower().replace(" ", "-")
    return Sleeve(f"demo/{folder}/{title} ({year}).jpg", artist, title, year, compose(rng, side, plan, record))
