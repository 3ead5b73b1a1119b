"""One request → what it came to, with the bucket played by a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.support.index import cover
from vinymatic.errors import MalformedMessageError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.lifecycle.rejects import find_reject
from vinymatic.queueing.port import Change, ChangeKind
from vinymatic.storage.open import open_store
from vinymatic_ingestor.lanes import Refusal
from vinymatic_ingestor.outcomes import Gone, Ignored, Ready, Refused, Same
from vinymatic_ingestor.work import Known, Worker

pytestmark = pytest.mark.unit

NEW = Known(None, FeatureModel())


class Bench:
    def __init__(self, folder: Path) -> None:
        self.covers = FaultyStore(open_store((folder / "covers").as_uri()), 1)
        self.index = open_store((folder / "index").as_uri())
        self.worker = Worker(
            self.covers,
            self.index,
            FeatureSpec(),
            max_pixels=10**7,
            max_object_bytes=200_000,
            is_own_key=lambda key: key.startswith("ours/"),
        )

    def verbs(self) -> list[str]:
        return [call.verb for call in self.covers.calls]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_new_object_is_read_once_and_prepared(bench: Bench) -> None:
    etag = bench.covers.inner.put("a.jpg", cover(0).jpeg()).etag
    outcome = bench.worker(Change("a.jpg"), NEW)
    assert isinstance(outcome, Ready)
    assert (outcome.cover.id, outcome.cover.etag, outcome.seen) == ("a.jpg", etag, None)
    assert bench.verbs() == ["get"]


def test_the_indexed_version_is_recognised_without_a_download(bench: Bench) -> None:
    etag = bench.covers.inner.put("a.jpg", cover(0).jpeg()).etag
    assert bench.worker(Change("a.jpg"), Known(etag, FeatureModel())) == Same(etag)
    assert bench.verbs() == ["head"]


def test_another_version_than_the_indexed_one_is_read(bench: Bench) -> None:
    bench.covers.inner.put("a.jpg", cover(0).jpeg())
    outcome = bench.worker(Change("a.jpg"), Known("other", FeatureModel()))
    assert isinstance(outcome, Ready)
    assert outcome.seen == "other"


@pytest.mark.parametrize("known", [NEW, Known("1", FeatureModel())])
def test_an_object_that_is_not_there_is_gone(bench: Bench, known: Known) -> None:
    assert bench.worker(Change("a.jpg"), known) == Gone(known.etag)


def test_a_delete_does_not_ask_the_bucket(bench: Bench) -> None:
    bench.covers.inner.put("a.jpg", cover(0).jpeg())
    known = Known("1", FeatureModel())
    assert bench.worker(Change("a.jpg", ChangeKind.DELETE), known) == Gone("1", ChangeKind.DELETE)
    assert bench.verbs() == []


@pytest.mark.parametrize("kind", ChangeKind)
def test_our_own_objects_are_neither_read_nor_removed(bench: Bench, kind: ChangeKind) -> None:
    assert isinstance(bench.worker(Change("ours/manifests/1.json", kind), NEW), Ignored)
    assert bench.verbs() == []


def test_a_bad_image_is_refused_with_the_etag_that_was_read(bench: Bench) -> None:
    etag = bench.covers.inner.put("a.jpg", b"bad").etag
    outcome = bench.worker(Change("a.jpg"), NEW)
    assert isinstance(outcome, Refused)
    assert (outcome.reject.code, outcome.reject.etag) == ("not_an_image", etag)
    assert find_reject(bench.index, "a.jpg") == outcome.reject


def test_an_object_over_the_limit_is_refused_even_when_its_etag_cannot_be_had(bench: Bench) -> None:
    bench.covers.inner.put("a.jpg", bytes(200_001))
    bench.covers = FaultyStore(bench.covers.inner, 1, script={2: Fault.UNAVAILABLE})
    worker = Worker(bench.covers, bench.index, FeatureSpec(), 10**7, 200_000, lambda key: False)
    outcome = worker(Change("a.jpg"), NEW)
    assert isinstance(outcome, Refused)
    assert (outcome.reject.code, outcome.reject.etag) == ("image_too_large", "")


def test_a_key_that_the_store_cannot_hold_is_refused_and_touches_nothing_else(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(cover(0).jpeg())
    outcome = bench.worker(Change("../secret"), NEW)
    assert isinstance(outcome, Refused)
    assert outcome.reject.code == "invalid_key"


def test_a_passing_failure_is_raised_and_leaves_no_record(bench: Bench) -> None:
    bench.covers.rates = {Fault.UNAVAILABLE: 1.0}
    with pytest.raises(StorageUnavailableError):
        bench.worker(Change("a.jpg"), NEW)
    assert find_reject(bench.index, "a.jpg") is None


def test_a_refusal_is_written_down(bench: Bench) -> None:
    outcome = bench.worker(Refusal("message:1", MalformedMessageError("nonsense")), NEW)
    assert isinstance(outcome, Refused)
    found = find_reject(bench.index, "message:1")
    assert found is not None
    assert (found.code, found.message) == ("malformed_message", "nonsense")
