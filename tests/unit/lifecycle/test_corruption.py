"""Every kind of file of an index damaged in every way: whoever reads it refuses, readers serve on, and Faiss sees nothing of it.

Small documents beside the index: test_corruption_documents.py.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import make_index, open_writer, train_and_promote
from tests.unit.lifecycle.stalls import numbers, store_at
from tests.unit.lifecycle.torn import damaged, refuses
from vinymatic.errors import CorruptFileError, NoIndexError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.promotion import roll_back
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

SPEC = FeatureSpec(dimensions=64)  # with a feature model, then
SEED = 20_240
FEW = 8
KINDS = ["manifest", "covers", "points", "codes", "codebook", "feature model"]


@dataclass
class Index:
    """`folder`: of an index whose manifest 2 holds a; the newest, of another epoch, b as well. Its folder is the test's own."""

    folder: Path
    newest: Manifest

    @property
    def store(self) -> ObjectStore:
        return store_at(self.folder / "index")

    @property
    def number(self) -> int:
        return self.newest.number

    def key(self, kind: str) -> str:
        """Of this kind, the file that came last."""
        last, model = self.newest.segments[-1], self.newest.feature_model
        assert model is not None
        return {
            "manifest": manifest_key(self.number),
            "covers": last.covers_file.key,
            "points": last.points_file.key,
            "codes": last.codes[self.newest.active_epoch].key,
            "codebook": self.newest.active_codebook.file.key,
            "feature model": model.key,
        }[kind]

    def reader(self, *, away: bool = False, cache: str = "cache") -> Reader:
        remote = FaultyStore(self.store, 1, rates={Fault.UNAVAILABLE: 1.0} if away else {})
        return Reader(remote, self.folder / cache, dimensions=64)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corruption")
    store = store_at(make_index(folder / "index", SPEC))
    for name in "ab":
        writer = open_writer(store, folder / "work", SPEC)
        writer.commit(Batch([random_cover(name, dimensions=64)]))
    train_and_promote(store, folder / "train")
    return folder / "index"


@pytest.fixture
def index(template: Path, tmp_path: Path) -> Index:
    shutil.copytree(template, tmp_path / "index")
    newest = read_newest(store_at(template))
    assert newest is not None
    return Index(tmp_path, newest)


@pytest.fixture(autouse=True)
def faiss_sees(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """The sha256 of whatever is given to Faiss to be opened, which no test of this file may add an unknown one to."""
    seen: set[str] = set()
    real: Callable[[NDArray[np.uint8]], Any] = faiss.deserialize_index

    def watched(data: NDArray[np.uint8]) -> Any:
        seen.add(hashlib.sha256(data.tobytes()).hexdigest())
        return real(data)

    monkeypatch.setattr(faiss, "deserialize_index", watched)
    yield seen
    assert seen <= {book.file.sha256 for book in index.newest.codebooks.values()}


def served(reader: Reader) -> list[str]:
    with reader.acquire() as snapshot:
        near = snapshot.neighbours(snapshot.features_of(0).descriptors, probes=4, count=1)
        assert (near.covers == 0).all()
        return [entry.id for entry in snapshot.list_covers()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_reader_serves_what_it_had_whatever_is_damaged_and_the_newest_when_it_is_whole(
    index: Index, kind: str
) -> None:
    store, later = index.store, [manifest_key(number) for number in range(3, index.number + 1)]
    hidden = {key: store.get(key)[0] for key in later}
    for key in later:
        store.delete(key)
    # In place: a copy of its own would be whole whatever becomes of the store's.
    reader = Reader(store, index.folder / "cache", dimensions=64)
    reader.refresh()
    for key, data in hidden.items():
        store.put(key, data)
    path = index.folder / "index" / index.key(kind)
    whole = path.read_bytes()
    for how, data in damaged(whole, SEED):
        store.put(index.key(kind), data)
        refuses(reader.refresh, f"{kind} {how}")
        assert reader.state.manifest == 2
        assert reader.state.last_error is not None
    assert served(reader) == ["a"]
    store.put(index.key(kind), whole)
    assert reader.refresh()
    assert served(reader) == ["a", "b"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_reader_refuses(index: Index, kind: str) -> None:
    whole = index.store.get(index.key(kind))[0]
    for n, (how, data) in enumerate(damaged(whole, SEED, FEW)):
        index.store.put(index.key(kind), data)
        reader = index.reader(cache=f"cache-{n}")
        refuses(reader.refresh, f"{kind} {how}")
        with pytest.raises(NoIndexError), reader.acquire():
            pass
        shutil.rmtree(index.folder / f"cache-{n}", ignore_errors=True)


def write(index: Index, scratch: Path) -> None:
    writer = open_writer(index.store, scratch, SPEC)
    writer.commit(Batch([random_cover("c", dimensions=64)]))


ACTORS: dict[str, tuple[Callable[[Index, Path], object], list[str]]] = {
    "writer": (write, ["manifest", "covers", "codebook", "feature model"]),
    "training": (
        lambda index, scratch: train(index.store, scratch),
        ["manifest", "covers", "points", "feature model"],
    ),
    "compaction": (
        lambda index, scratch: compact(index.store, scratch, policy=CompactionPolicy(fan_in=2)),
        ["manifest", "covers", "points", "codes", "codebook"],
    ),
    "backup": (lambda index, scratch: backup(index.store, store_at(scratch / "kept")), KINDS),
    "restore": (lambda index, scratch: restore(index.store, store_at(scratch / "restored")), KINDS),
}


@pytest.mark.parametrize(("actor", "kind"), [(actor, kind) for actor, (_, kinds) in ACTORS.items() for kind in kinds])
def test_whoever_reads_a_damaged_file_refuses_and_commits_nothing(index: Index, actor: str, kind: str) -> None:
    act, before = ACTORS[actor][0], numbers(index.store)
    whole = index.store.get(index.key(kind))[0]
    for n, (how, data) in enumerate(damaged(whole, SEED, 1)):
        index.store.put(index.key(kind), data)
        scratch = index.folder / f"scratch-{n}"
        refuses(partial(act, index, scratch), f"{kind} {how}")
        assert numbers(index.store) == before
        assert [*scratch.glob("*/manifests/*")] == []
        shutil.rmtree(scratch, ignore_errors=True)


def test_a_local_manifest_that_is_damaged_is_not_opened(index: Index) -> None:
    index.reader().refresh()
    kept = index.folder / "cache" / "manifest.json"
    whole = kept.read_bytes()
    for how, data in damaged(whole, SEED):
        kept.write_bytes(data)
        restarted = index.reader(away=True)
        with pytest.raises(StorageUnavailableError):
            restarted.refresh()
        assert restarted.state.manifest is None, how
    kept.write_bytes(whole)
    restarted = index.reader(away=True)
    with pytest.raises(StorageUnavailableError):
        restarted.refresh()
    assert served(restarted) == ["a", "b"]


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_cached_file_that_is_damaged_is_not_opened_and_is_fetched_anew(index: Index, kind: str) -> None:
    index.reader().refresh()
    sha256 = next(entry.sha256 for entry in index.newest.files() if entry.key == index.key(kind))
    cached = index.folder / "cache" / "files" / sha256
    whole = cached.read_bytes()
    for how, data in damaged(whole, SEED, FEW):
        cached.write_bytes(data)
        restarted = index.reader(away=True)
        with pytest.raises(StorageUnavailableError):
            restarted.refresh()
        assert restarted.state.manifest is None, how
    restarted = index.reader()
    restarted.refresh()
    assert served(restarted) == ["a", "b"]
    assert cached.read_bytes() == whole


@pytest.mark.parametrize("kind", ["codes", "codebook"])
def test_what_was_checked_when_the_process_began_is_checked_again_when_a_rollback_opens_it_again(
    index: Index, kind: str, faiss_sees: set[str]
) -> None:
    reader = Reader(index.store, index.folder / "cache", dimensions=64)
    reader.refresh()
    roll_back(index.store)
    reader.refresh()
    assert reader.state.epoch == 0
    assert len(faiss_sees) == 2
    whole = index.store.get(index.key(kind))[0]
    index.store.put(index.key(kind), whole[:-1] + bytes([whole[-1] ^ 1]))
    roll_back(index.store)
    with pytest.raises(CorruptFileError):
        reader.refresh()
    assert served(reader) == ["a", "b"]
