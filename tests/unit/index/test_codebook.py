"""Codebooks: the same input makes the same one, files come back, and other files are refused."""

from __future__ import annotations

import gc
import hashlib
from functools import cache

import faiss
import numpy as np
import pytest

from tests.unit.index.small import LISTS, codebook, descriptors
from vinymatic.errors import CorruptFileError
from vinymatic.index import codebook as codebooks
from vinymatic.index.bootstrap import FIRST_LISTS, bootstrap_sample, first_feature_model
from vinymatic.index.codebook import Codebook, code_size, lists_for, train_codebook
from vinymatic.index.manifest import CodebookEntry, FileEntry

pytestmark = pytest.mark.unit


def test_the_same_sample_makes_the_same_bytes() -> None:
    one, other = (train_codebook(descriptors(400), 8, 3).to_bytes() for _ in range(2))
    assert one == other
    assert train_codebook(descriptors(400), 8, 3, seed=2).to_bytes() != one


def test_a_codebook_comes_back_as_it_was() -> None:
    again = Codebook.from_bytes(codebook().to_bytes(), 4, 128)
    assert (again.epoch, again.lists, again.dimensions, again.code_size) == (4, LISTS, 128, 16)
    (lists, codes), (lists_again, codes_again) = codebook().encode(descriptors()), again.encode(descriptors())
    assert np.array_equal(lists, lists_again)
    assert np.array_equal(codes, codes_again)


def test_descriptors_are_assigned_to_their_nearest_lists_nearest_first() -> None:
    distances, lists = codebook().assign(codebook().vectors(descriptors(50)), probes=4)
    assert distances.shape == lists.shape == (50, 4)
    assert (np.diff(distances, axis=1) >= 0).all()
    centroids = codebook().faiss_index.quantizer.reconstruct_n(0, LISTS)
    exact = ((descriptors(50)[:, None].astype(np.float32) - centroids[None]) ** 2).sum(axis=2)
    assert np.allclose(distances, np.take_along_axis(exact, lists, axis=1), rtol=1e-3)
    assert (lists[:, 0] == exact.argmin(axis=1)).mean() > 0.95


def test_more_probes_than_lists_give_every_list() -> None:
    distances, lists = codebook().assign(codebook().vectors(descriptors(5)), probes=LISTS + 3)
    assert distances.shape == lists.shape == (5, LISTS)
    assert (np.sort(lists, axis=1) == np.arange(LISTS)).all()


def test_codes_have_their_size_and_resemble_their_descriptors() -> None:
    lists, codes = codebook().encode(descriptors(200))
    assert lists.dtype == np.int32
    assert lists.shape == (200,)
    assert codes.dtype == np.uint8
    assert codes.shape == (200, 16)
    wanted = descriptors(200).astype(np.float32)
    rebuilt = codebook().faiss_index.pq.decode(codes)
    loss = ((rebuilt - wanted) ** 2).sum(axis=1).mean()
    assert loss < 0.5 * ((wanted - wanted.mean(axis=0)) ** 2).sum(axis=1).mean()


@cache
def compact(dimensions: int = 128) -> Codebook:
    return train_codebook(first_feature_model(dimensions).reduce(descriptors(1_000)), LISTS, 5, compact=True)


def test_a_compact_codebook_halves_the_codes_and_is_rotated_in_one_place() -> None:
    wanted = descriptors(200)
    lists, codes = compact().encode(wanted)
    assert codes.shape == (200, 8)
    assert compact().error(wanted, codes) < 0.5 * float(((wanted - wanted.mean(axis=0)) ** 2).sum(axis=1).mean())
    vectors = compact().vectors(wanted)
    assert not np.allclose(vectors, wanted)
    assert np.allclose((vectors**2).sum(axis=1), (wanted.astype(np.float32) ** 2).sum(axis=1), rtol=1e-3)
    assert np.array_equal(compact().assign(vectors)[1][:, 0], lists)


def test_a_compact_codebook_comes_back_as_it_was() -> None:
    again = Codebook.from_bytes(compact().to_bytes(), 5, 128)
    gc.collect()  # what was around the index in the file is gone by now
    assert again.to_bytes() == compact().to_bytes()
    (lists, codes), (lists_again, codes_again) = compact().encode(descriptors()), again.encode(descriptors())
    assert np.array_equal(lists, lists_again)
    assert np.array_equal(codes, codes_again)


def test_large_indexes_are_compact_and_small_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codebooks, "COMPACT_FROM", LISTS)
    sizes = [train_codebook(descriptors(400), lists, 0).code_size for lists in (LISTS // 2, LISTS)]
    assert sizes == [16, 8]


@pytest.mark.parametrize("change", ["scaled", "with a bias", "two of them"])
def test_a_transform_that_is_no_rotation_is_refused(change: str) -> None:
    index = faiss.deserialize_index(np.frombuffer(codebook().to_bytes(), np.uint8))
    transform = faiss.LinearTransform(128, 128, change == "with a bias")
    faiss.copy_array_to_vector((2 * np.eye(128, dtype=np.float32)).ravel(), transform.A)
    if change == "with a bias":
        faiss.copy_array_to_vector(np.ones(128, np.float32), transform.b)
    transform.is_trained = True
    whole = faiss.IndexPreTransform(transform, index)
    if change == "two of them":
        whole.prepend_transform(transform)
    with pytest.raises(CorruptFileError, match="codebook 2: not an empty non-residual IVFPQ"):
        Codebook.from_bytes(faiss.serialize_index(whole).tobytes(), 2, 128)


def test_nothing_is_encoded_as_nothing() -> None:
    lists, codes = codebook().encode(np.empty((0, 128), np.uint8))
    assert lists.shape == (0,)
    assert codes.shape == (0, 16)


@pytest.mark.parametrize("dimensions", [16, 24, 64])
def test_every_allowed_number_of_dimensions_can_be_trained(dimensions: int) -> None:
    reduced = first_feature_model(dimensions).reduce(descriptors(300))
    assert compact(dimensions).encode(reduced)[1].shape == (300, code_size(dimensions, compact=True))
    book = train_codebook(reduced, 8, 0)
    assert dimensions % book.code_size == 0
    assert book.encode(reduced)[1].shape == (300, code_size(dimensions, compact=False))
    assert Codebook.from_bytes(book.to_bytes(), 0, dimensions).dimensions == dimensions


def test_repeated_descriptors_train_too() -> None:
    book = train_codebook(np.repeat(descriptors(30), 12, axis=0), 16, 0)
    assert (book.encode(descriptors(30))[0] >= 0).all()


def test_too_small_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="10 descriptors cannot train 16 lists"):
        train_codebook(descriptors(10), 16, 0)


def test_an_index_with_entries_or_of_another_kind_is_refused() -> None:
    flat = faiss.IndexFlatL2(128)
    residual = faiss.deserialize_index(np.frombuffer(codebook().to_bytes(), np.uint8))
    residual.by_residual = True
    filled = faiss.deserialize_index(np.frombuffer(codebook().to_bytes(), np.uint8))
    filled.add(descriptors(5).astype(np.float32))
    for other in (flat, residual, filled):
        with pytest.raises(CorruptFileError, match="codebook 2: not an empty non-residual IVFPQ"):
            Codebook.from_bytes(faiss.serialize_index(other).tobytes(), 2, 128)


def test_a_codebook_of_other_dimensions_is_refused() -> None:
    with pytest.raises(CorruptFileError, match="of 64 dimensions"):
        Codebook.from_bytes(codebook().to_bytes(), 0, 64)


@pytest.mark.parametrize("length", [0, 1, 4, 60, 1_000])
def test_a_truncated_codebook_is_refused(length: int) -> None:
    with pytest.raises(CorruptFileError, match="not a Faiss index"):
        Codebook.from_bytes(codebook().to_bytes()[:length], 0, 128)


def test_the_number_of_lists_grows_with_the_index_within_bounds() -> None:
    sizes = [0, 1, 99_999, 102_400, 102_500, 3_000_000, 10**9]
    lists = [lists_for(size) for size in sizes]
    assert lists == sorted(lists)
    assert (lists[0], lists[-1]) == (1_024, 65_536)
    assert all(number & (number - 1) == 0 for number in lists)


def test_the_shipped_sample_can_train_the_first_codebook() -> None:
    sample = bootstrap_sample()
    assert sample.dtype == np.uint8
    assert sample.shape[1] == 128
    assert len(sample) >= 2 * FIRST_LISTS
    assert len(np.unique(sample, axis=0)) > 0.99 * len(sample)


def test_faiss_is_given_only_bytes_that_the_manifest_names(monkeypatch: pytest.MonkeyPatch) -> None:
    data = codebook(3).to_bytes()
    file = FileEntry(key="codebooks/3/x", size=len(data), sha256=hashlib.sha256(data).hexdigest())
    book = CodebookEntry(epoch=3, file=file, lists=LISTS, trained_covers=0)
    assert Codebook.open(data, book, 128).epoch == 3
    monkeypatch.setattr(faiss, "deserialize_index", lambda _: pytest.fail("Faiss saw it"))
    for damaged in (data[:-1], data[:-1] + bytes([data[-1] ^ 1]), b""):
        with pytest.raises(CorruptFileError, match="codebooks/3/x: its bytes are not those of the manifest"):
            Codebook.open(damaged, book, 128)
