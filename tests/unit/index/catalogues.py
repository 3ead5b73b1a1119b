"""Searchable catalogues of generated sleeves, and questions to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.support.index import MAX_PIXELS, SPEC, cover, open_writer, prepared, read_snapshot
from vinymatic.features import FeatureSpec
from vinymatic.index.query import identify
from vinymatic.index.results import SearchOptions, SearchResult, Verdict
from vinymatic.index.segment import PreparedCover
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store

# The API's own defaults: a photo deserves a larger box than a cover.
PHOTO_SPEC = FeatureSpec(num_features=500, nor_x=480, nor_y=480)


def catalogue(folder: Path, covers: Sequence[PreparedCover], dimensions: int = SPEC.dimensions) -> Snapshot:
    """`covers` (of 128 dimensions) committed to the index in `folder`, which is made when it is not there."""
    store, work = open_store(folder.as_uri()), folder.with_name(folder.name + "-work")
    writer = open_writer(store, work, replace(SPEC, dimensions=dimensions))
    reduced = [
        replace(c, features=replace(c.features, descriptors=writer.model.reduce(c.features.descriptors)))
        for c in covers
    ]
    writer.commit(Batch(upserts=reduced))
    return read_snapshot(store, work, dimensions=dimensions)


def ask(snapshot: Snapshot, photo: bytes, **options: float) -> SearchResult:
    return identify(
        snapshot,
        photo,
        replace(PHOTO_SPEC, dimensions=snapshot.manifest.dimensions),
        SearchOptions(**options),  # type: ignore[arg-type]
        max_pixels=MAX_PIXELS,
    )


def answers(snapshot: Snapshot, photo: bytes, n: int) -> bool:
    """Whether the photo is answered with sleeve `n` and nothing else."""
    result = ask(snapshot, photo)
    return result.verdict is Verdict.MATCH and [match.id for match in result.covers] == [cover(n).id]


def distractors(count: int, donors: Sequence[int], features: int = 100) -> list[PreparedCover]:
    """Covers that nobody will photograph: features of several donors at new places, changed a little, cheap to make by the thousand."""
    rng = np.random.default_rng(1)
    made = []
    for i in range(count):
        sources = [prepared(int(n)) for n in rng.choice(donors, 3, replace=False)]
        descriptors = np.concatenate([source.features.descriptors for source in sources])
        points = np.concatenate([source.features.points for source in sources])
        chosen = rng.choice(len(points), features, replace=False)
        changed = descriptors[chosen].astype(int) + rng.integers(-9, 10, (features, descriptors.shape[1]))
        spots = np.column_stack([rng.uniform(0, 320, (features, 2)), points[chosen, 2:]]).astype(np.float32)
        taken = replace(sources[0].features, points=spots, descriptors=np.clip(changed, 0, 255).astype(np.uint8))
        made.append(replace(sources[0], id=f"distractor/{i:05d}.jpg", features=taken))
    return made
