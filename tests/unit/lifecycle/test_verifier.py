"""Whatever is wrong with what a manifest names is found: file by file, and in how they fit together."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.support.faults import FaultyStore
from tests.support.index import make_index
from tests.support.index import open_writer as open_writer_of
from tests.unit.lifecycle.damage import cut_off, flip, found, lose, only, recommit, rewrite
from tests.unit.lifecycle.stalls import open_writer, store_at
from vinymatic.errors import UnsupportedFormatError
from vinymatic.features import FeatureSpec
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import Encoding, dump_encoding
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest, SegmentEntry
from vinymatic.index.segment import build_segment
from vinymatic.index.tensors import dump_arrays
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.epochs import with_candidate
from vinymatic.lifecycle.findings import Kind, Part
from vinymatic.lifecycle.verification import verify
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def with_second_epoch(store: ObjectStore) -> Manifest:
    """The codebook once more, as a candidate: epochs without a training."""

    def change(newest: Manifest) -> Manifest:
        return with_candidate(newest, newest.active_codebook, images=4, covers=3, trained_at="2026-01-01T00:00:00")

    return recommit(store, change)


def parts(manifest: Manifest) -> dict[Part, str]:
    """A key for each kind of file."""
    segment = manifest.segments[0]
    return {
        Part.CODEBOOK: manifest.active_codebook.file.key,
        Part.COVERS: segment.covers_file.key,
        Part.POINTS: segment.points_file.key,
        Part.CODES: segment.codes[0].key,
    }


@pytest.mark.parametrize("part", [Part.CODEBOOK, Part.COVERS, Part.POINTS, Part.CODES])
@pytest.mark.parametrize(
    ("damage", "kind"), [(lose, Kind.MISSING), (flip, Kind.DAMAGED), (cut_off, Kind.DAMAGED)], ids=lambda x: str(x)[:9]
)
@pytest.mark.parametrize("remote", [False, True])
def test_a_file_that_is_lost_or_damaged_is_found(
    small: ObjectStore,
    tmp_path: Path,
    part: Part,
    damage: Callable[[ObjectStore, str], None],
    kind: Kind,
    remote: bool,
) -> None:
    manifest = require_newest(small)
    key = parts(manifest)[part]
    damage(small, key)
    store = FaultyStore(small, 1) if remote else small  # no file in place: everything is fetched
    report = verify(store, tmp_path / "verify")
    finding = only(report.findings)
    assert (finding.kind, finding.part, finding.key, finding.manifest) == (kind, part, key, 3)
    assert finding.segment == (None if part is Part.CODEBOOK else manifest.segments[0].id)
    assert finding.epoch == (0 if part in (Part.CODEBOOK, Part.CODES) else None)
    assert not report.clean
    assert str(finding).startswith(f"{key}: ")


def test_the_feature_model_is_looked_at_too(tmp_path: Path) -> None:
    spec = FeatureSpec(dimensions=32)
    store = store_at(make_index(tmp_path / "small", spec))
    writer = open_writer_of(store, tmp_path / "work", spec)
    writer.commit(Batch([random_cover("a", dimensions=32)]))
    assert found(store, tmp_path) == []
    model = require_newest(store).feature_model
    assert model is not None
    whole = store.get(model.key)[0]
    flip(store, model.key)
    assert found(store, tmp_path) == [(Kind.DAMAGED, Part.FEATURE_MODEL, model.key)]
    rewrite(store, model, whole[:-1])
    assert found(store, tmp_path) == [(Kind.UNFIT, Part.FEATURE_MODEL, model.key)]
    recommit(store, lambda newest: newest.model_copy(update={"feature_model": None}))
    assert found(store, tmp_path) == [(Kind.UNFIT, Part.MANIFEST, manifest_key(4))]


# What a manifest may say of files whose bytes are as written.
def fewer_covers(segment: SegmentEntry) -> SegmentEntry:
    return segment.model_copy(update={"covers": 3})


def more_features(segment: SegmentEntry) -> SegmentEntry:
    return segment.model_copy(update={"features": segment.features + 1})


@pytest.mark.parametrize("change", [fewer_covers, more_features])
def test_a_cover_table_that_is_not_the_one_described_is_found(
    small: ObjectStore, tmp_path: Path, change: Callable[[SegmentEntry], SegmentEntry]
) -> None:
    def changed(newest: Manifest) -> Manifest:
        first, *rest = newest.segments
        return newest.model_copy(update={"segments": (change(first), *rest)})

    key = recommit(small, changed).segments[0].covers_file.key
    assert (Kind.UNFIT, Part.COVERS, key) in found(small, tmp_path)


def test_points_that_do_not_fit_their_cover_table_are_found(small: ObjectStore, tmp_path: Path) -> None:
    segment = require_newest(small).segments[0]
    rewrite(small, segment.points_file, build_segment([random_cover("a")]).points)
    assert found(small, tmp_path) == [(Kind.UNFIT, Part.POINTS, segment.points_file.key)]


def codes_of(*, epoch: int = 0, lists: tuple[int, int] = (3, 9), features: tuple[int, int] = (0, 1)) -> bytes:
    """An encoding of 24 features; the first two are as given."""
    numbers = np.array([*features, *range(2, 24)], np.uint32)
    return dump_encoding(
        Encoding.of(epoch, np.repeat(np.array(lists, np.int32), 12), numbers, np.zeros((24, 16), np.uint8))
    )


@pytest.mark.parametrize(
    "data",
    [
        b"junk",
        dump_arrays({"codes": np.zeros(1, np.uint8)}, kind="vinymatic-codes", version=1),
        codes_of(epoch=1),
        codes_of(lists=(3, 2_048)),
        codes_of(features=(0, 24)),
        codes_of(features=(1, 1)),
    ],
    ids=["junk", "no arrays", "another epoch", "a list too many", "a feature too many", "a feature twice"],
)
def test_an_encoding_that_does_not_fit_is_found(small: ObjectStore, tmp_path: Path, data: bytes) -> None:
    file = require_newest(small).segments[0].codes[0]
    rewrite(small, file, codes_of())
    assert found(small, tmp_path) == []
    rewrite(small, file, data)
    assert found(small, tmp_path) == [(Kind.UNFIT, Part.CODES, file.key)]


def test_a_codebook_that_does_not_fit_is_found(small: ObjectStore, tmp_path: Path) -> None:
    book = require_newest(small).active_codebook
    recommit(small, lambda m: m.model_copy(update={"codebooks": {0: book.model_copy(update={"lists": 9})}}))
    assert found(small, tmp_path) == [(Kind.UNFIT, Part.CODEBOOK, book.file.key)]
    rewrite(small, book.file, b"no faiss")
    assert found(small, tmp_path) == [(Kind.UNFIT, Part.CODEBOOK, book.file.key)]


def test_faiss_sees_only_bytes_that_were_proven(
    small: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    real = Codebook.from_bytes

    def watched(data: bytes, epoch: int, dimensions: int) -> Codebook:
        seen.append(data)
        return real(data, epoch, dimensions)

    monkeypatch.setattr(Codebook, "from_bytes", watched)
    key = require_newest(small).active_codebook.file.key
    whole = small.get(key)[0]
    flip(small, key, 100)
    verify(small, tmp_path / "verify")
    assert seen == []
    small.put(key, whole)
    verify(small, tmp_path / "verify")
    assert seen == [whole]


def test_an_id_that_is_live_twice_is_found_in_all_but_its_last_place(small: ObjectStore, tmp_path: Path) -> None:
    segment = require_newest(small).segments[0]
    rewrite(small, segment.covers_file, build_segment([random_cover("c"), random_cover("c")]).covers)
    assert found(small, tmp_path) == [(Kind.REPEATED, Part.COVERS, segment.covers_file.key)]  # c; the other c is dead
    recommit(small, lambda m: m.model_copy(update={"segments": (segment_alive(m), *m.segments[1:])}))
    report = verify(small, tmp_path / "verify")
    assert [(f.kind, f.segment, f.place) for f in report.findings] == [
        (Kind.REPEATED, segment.id, 0),
        (Kind.REPEATED, segment.id, 1),
    ]


def segment_alive(manifest: Manifest) -> SegmentEntry:
    return manifest.segments[0].model_copy(update={"tombstones": ()})


def test_a_segment_without_an_encoding_that_readers_need_is_found(small: ObjectStore, tmp_path: Path) -> None:
    with_second_epoch(small)
    segment = require_newest(small).segments[0]
    recommit(small, lambda m: m.model_copy(update={"candidate_epoch": None, "previous_epoch": 1}))
    report = verify(small, tmp_path / "verify")
    assert [(f.kind, f.segment, f.epoch) for f in report.problems] == [
        (Kind.NOT_ENCODED, s.id, 1) for s in require_newest(small).segments
    ]
    recommit(
        small,
        lambda m: m.model_copy(
            update={"previous_epoch": None, "segments": (segment.model_copy(update={"codes": {}}), m.segments[1])}
        ),
    )
    assert only(verify(small, tmp_path / "verify").problems).epoch == 0


def test_a_candidate_that_is_being_encoded_is_only_noted(small: ObjectStore, tmp_path: Path) -> None:
    with_second_epoch(small)
    report = verify(small, tmp_path / "verify")
    assert report.clean
    note = only(report.findings)
    assert (note.kind, note.epoch) == (Kind.IN_PROGRESS, 1)
    assert note.message.startswith("2 of 2 segments")


def test_what_a_newer_version_wrote_is_refused_and_not_called_damaged(small: ObjectStore, tmp_path: Path) -> None:
    file = require_newest(small).segments[0].codes[0]
    rewrite(small, file, dump_arrays({}, kind="vinymatic-codes", version=2))
    with pytest.raises(UnsupportedFormatError):
        verify(small, tmp_path / "verify")


class Stored:
    """An index that the property shares: one file is damaged at a time, and put right again."""

    def __init__(self, folder: Path) -> None:
        self.store = store_at(folder / "index")
        self.work = folder / "verify"
        self.files = require_newest(self.store).files()


@pytest.fixture(scope="module")
def stored(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Stored:
    folder = tmp_path_factory.mktemp("flipped")
    shutil.copytree(index_template, folder / "index")
    writer = open_writer(store_at(folder / "index"), folder)
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    writer.commit(Batch([random_cover("c", features=3)], deletes=["b"]))
    return Stored(folder)


@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_bit_in_any_file_that_the_manifest_names_is_found(stored: Stored, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(stored.files))
    place, bit = data.draw(st.integers(0, file.size - 1)), data.draw(st.integers(0, 7))
    whole = stored.store.get(file.key)[0]
    flip(stored.store, file.key, place, 1 << bit)
    try:
        report = verify(stored.store, stored.work)
    finally:
        stored.store.put(file.key, whole)
    finding = only(report.findings)
    assert (finding.kind, finding.key) == (Kind.DAMAGED, file.key)
