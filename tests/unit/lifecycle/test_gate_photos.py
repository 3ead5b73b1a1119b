"""Which covers a gate asks for: the same ones again, half of them taken out, as if they had never been there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.support.index import make_index, open_writer, read_snapshot
from vinymatic.errors import CoverNotFoundError
from vinymatic.features import FeatureSpec
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.snapshot import open_snapshot
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.gate_photos import choose, simulated_photo, without
from vinymatic.lifecycle.views import EASY, HARD
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

FILE = FileEntry(key="k", size=1, sha256="0" * 64)


def manifest_of(*segments: tuple[int, tuple[int, ...]]) -> Manifest:
    """A manifest with a segment for each (covers, tombstones)."""
    entries = tuple(
        SegmentEntry(
            id=f"{place:026d}",
            covers=covers,
            features=covers,
            added_in=1,
            covers_file=FILE,
            points_file=FILE,
            codes={0: FILE},
            tombstones=dead,
        )
        for place, (covers, dead) in enumerate(segments)
    )
    return Manifest(
        number=1,
        commit_id="c",
        writer="w",
        created_at="t",
        dimensions=128,
        active_epoch=0,
        codebooks={0: CodebookEntry(epoch=0, file=FILE, lists=1, trained_covers=0)},
        segments=entries,
    )


def live(manifest: Manifest) -> set[int]:
    numbers, first = set(), 0
    for segment in manifest.segments:
        numbers |= {first + place for place in range(segment.covers) if place not in segment.tombstones}
        first += segment.covers
    return numbers


segments = st.integers(1, 6).flatmap(
    lambda covers: st.tuples(st.just(covers), st.sets(st.integers(0, covers - 1)).map(lambda dead: tuple(sorted(dead))))
)


@given(st.lists(segments, max_size=5), st.integers(0, 12), st.integers(0, 1 << 64))
def test_live_covers_are_asked_once_each_and_the_absent_half_is_gone(
    parts: list[tuple[int, tuple[int, ...]]], count: int, seed: int
) -> None:
    manifest = manifest_of(*parts)
    questions = choose(manifest, count, seed)
    assert questions == choose(manifest, count, seed)
    numbers = [question.number for question in questions]
    assert len(set(numbers)) == len(numbers) == min(count, manifest.covers)
    assert set(numbers) <= live(manifest)
    absent = {question.number for question in questions if not question.present}
    assert len(absent) == len(questions) // 2
    bare = without(manifest, absent)
    assert live(bare) == live(manifest) - absent
    assert Manifest.model_validate(bare.model_dump()) == bare


def test_both_halves_are_asked_easily_and_hard() -> None:
    kinds = Counter((q.present, q.hardness) for q in choose(manifest_of((100, ())), 80, 1))
    assert kinds == {(True, EASY): 20, (True, HARD): 20, (False, EASY): 20, (False, HARD): 20}


def test_another_seed_asks_for_other_covers() -> None:
    manifest = manifest_of((100, ()))
    assert [q.number for q in choose(manifest, 10, 1)] != [q.number for q in choose(manifest, 10, 2)]


def test_an_absent_cover_cannot_be_found_and_can_still_be_asked_for(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path / "work")
    writer.commit(Batch([random_cover(name, features=60) for name in "abc"]))
    writer.commit(Batch([random_cover(name, features=60) for name in "de"]))
    whole = read_snapshot(index_store, tmp_path / "cache")
    questions = choose(whole.manifest, 5, 7)
    absent = [question for question in questions if not question.present]
    bare = open_snapshot(
        without(whole.manifest, [question.number for question in absent]),
        FileCache(index_store, tmp_path / "cache").resolve,
    )
    assert len(bare) == 3
    for question in absent:
        with pytest.raises(CoverNotFoundError):
            bare.number_of(bare.cover_id(question.number))
        features, picture = simulated_photo(bare, question)
        again, same = simulated_photo(whole, question)
        assert (features.descriptors == again.descriptors).all()
        assert (picture == same).all()
        own = whole.features_of(question.number).descriptors[:10]
        owners = bare.neighbours(own, 8, 3).covers
        assert question.number not in owners


def test_a_catalogue_of_one_cover_has_no_clutter(index_store: ObjectStore, tmp_path: Path) -> None:
    open_writer(index_store, tmp_path / "work").commit(Batch([random_cover("a", features=60)]))
    snapshot = read_snapshot(index_store, tmp_path / "cache")
    (question,) = choose(snapshot.manifest, 5, 7)
    assert question.present
    assert 0 < len(simulated_photo(snapshot, question)[0]) <= 60


def test_where_a_model_reduces_descriptors_their_noise_is_reduced_too(tmp_path: Path) -> None:
    """Half a RootSIFT step is a stored one: without that, a photo of an index of 64 dimensions would be twice as noisy."""
    spec = FeatureSpec(dimensions=64)
    store = open_store(make_index(tmp_path / "index", spec).as_uri())
    open_writer(store, tmp_path / "work", spec).commit(Batch([random_cover("a", features=60, dimensions=64)]))
    snapshot = read_snapshot(store, tmp_path / "cache", dimensions=64)
    (question,) = choose(snapshot.manifest, 1, 1)
    assert question.hardness == EASY
    seen = simulated_photo(snapshot, question)[0].descriptors.astype(float)
    stored = snapshot.features_of(question.number).descriptors.astype(float)
    moved = np.linalg.norm(seen[:, None] - stored[None], axis=2).min(axis=1)
    assert moved.mean() == pytest.approx(EASY.descriptor_noise / 2 * 64**0.5, rel=0.1)
