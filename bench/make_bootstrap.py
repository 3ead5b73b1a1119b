"""Makes the descriptor sample that the package ships for epoch 0: `python -m bench.make_bootstrap`.

Generated sleeves and simulated photos of them, no one's artwork. Deterministic.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve
from vinymatic.threads import limit_native_threads

SLEEVES = 300
DESCRIPTORS = 8_192
FILE = Path(__file__).parent.parent / "vinymatic" / "index" / "bootstrap.npz"


def main() -> None:
    limit_native_threads()
    parts = []
    for seed in range(SLEEVES):
        cover = sleeve(1_000_000 + seed)
        photo = simulate(cover.image, seed, Level.MEDIUM)
        for data, spec in ((cover.jpeg(), FeatureSpec()), (photo.jpeg(), FeatureSpec(nor_x=480, nor_y=480))):
            picture = decode(data, max_pixels=10**8, reduce_to=(spec.nor_x, spec.nor_y))
            parts.append(extract(picture, spec).descriptors)
    everything = np.concatenate(parts)
    rows = np.random.default_rng(1).choice(len(everything), DESCRIPTORS, replace=False)
    np.savez_compressed(FILE, descriptors=everything[rows])
    print(f"{FILE.name}: {DESCRIPTORS} of {len(everything)} descriptors, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
