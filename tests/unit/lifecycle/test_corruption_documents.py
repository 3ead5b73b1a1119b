"""The small documents beside an index, damaged in every way. Each is refused, or what it may then say does no harm: `KINDS` says which."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import make_older, numbers, open_writer, store_at
from tests.unit.lifecycle.torn import damaged, refuses
from vinymatic.errors import CorruptFileError, NotAnImageError, UnsupportedFormatError
from vinymatic.index.layout import CLOCK, boundary_key, drill_key, gate_key, pin_key, reject_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.backup import Recording, backup
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.drill import drill
from vinymatic.lifecycle.drill_record import read_record
from vinymatic.lifecycle.gate_report import GateReport, read_gate_report, write_gate_report
from vinymatic.lifecycle.pins import pin, read_pins
from vinymatic.lifecycle.promotion import promote
from vinymatic.lifecycle.rejects import find_reject, make_reject, record_reject
from vinymatic.lifecycle.status import ingest_status
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

SEED = 20_241
REFUSED, HARMLESS = "refused", "harmless"


@dataclass(frozen=True)
class Kind:
    """`read`: what it says, of which a copy that is not refused may say other things only where `verdict` is HARMLESS."""

    verdict: str
    key: Callable[[Manifest], str]
    read: Callable[[ObjectStore, Manifest], object]


def rejected(store: ObjectStore) -> str:
    """All that hangs on a reject record: an image that is not indexed reads as rejected, whatever the reason says."""
    return ingest_status(None, find_reject(store, "bad.jpg")).state


KINDS = {
    "pin": Kind(REFUSED, lambda _: pin_key("release"), lambda store, _: read_pins(store)),
    "gate's report": Kind(
        REFUSED,
        lambda manifest: gate_key(1, manifest.codebooks[1].file.sha256),
        lambda store, manifest: read_gate_report(store, manifest.codebooks[1]),
    ),
    "drill's record": Kind(REFUSED, lambda manifest: drill_key(manifest.number), read_record),
    "reject record": Kind(HARMLESS, lambda _: reject_key("bad.jpg"), lambda store, _: rejected(store)),
    "boundary": Kind(HARMLESS, lambda _: boundary_key(1), lambda store, _: read_boundary(store)),
    "clock": Kind(HARMLESS, lambda _: CLOCK, lambda store, _: collect(store, dry_run=True).boundary),
}


@pytest.fixture(scope="module")
def template(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index with one document of each kind, which is its own backup too, and a candidate that failed its gate."""
    folder = tmp_path_factory.mktemp("documents")
    store = store_at(Path(shutil.copytree(index_template, folder / "index")))
    writer = open_writer(store, folder)
    for name in "abc":
        writer.commit(Batch([random_cover(name)]))
    pin(store, "release", 2)
    make_older(folder / "index")
    collect(store, policy=CollectionPolicy(keep=3))
    train(store, folder / "train")
    manifest = require_newest(store)
    failed = GateReport(
        epoch=1,
        codebook=manifest.codebooks[1].file.sha256,
        number=manifest.number,
        measured_at="2026-01-01T00:00:00+00:00",
        rounds=(),
        failures=("recall fell",),
    )
    write_gate_report(store, failed)
    backup(store, store, recording=Recording(2, folder / "cache"))
    record_reject(store, make_reject("bad.jpg", "etag", NotAnImageError("no image")))
    return folder / "index"


@pytest.fixture
def store(template: Path, tmp_path: Path) -> ObjectStore:
    return store_at(Path(shutil.copytree(template, tmp_path / "index")))


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_document_is_refused_or_does_no_harm(store: ObjectStore, name: str) -> None:
    kind, manifest = KINDS[name], require_newest(store)
    key = kind.key(manifest)
    whole, said = store.get(key)[0], kind.read(store, manifest)
    for how, data in damaged(whole, SEED):
        store.put(key, data)
        if kind.verdict == REFUSED:
            refuses(partial(kind.read, store, manifest), f"{name} {how}")
            continue
        try:
            assert kind.read(store, manifest) == said, how
        except (CorruptFileError, UnsupportedFormatError):
            assert name == "reject record", how
    store.put(key, whole)
    assert kind.read(store, manifest) == said


def test_with_a_damaged_pin_nothing_is_deleted(store: ObjectStore) -> None:
    before = numbers(store)
    for how, data in damaged(store.get(pin_key("release"))[0], SEED, 4):
        store.put(pin_key("release"), data)
        refuses(partial(collect, store, policy=CollectionPolicy(keep=1, grace=timedelta())), how)
        assert numbers(store) == before


def test_with_a_damaged_report_nothing_is_promoted(store: ObjectStore) -> None:
    manifest = require_newest(store)
    key = gate_key(1, manifest.codebooks[1].file.sha256)
    for how, data in damaged(store.get(key)[0], SEED, 4):
        store.put(key, data)
        refuses(partial(promote, store), how)
        assert require_newest(store) == manifest


def test_a_drill_says_that_its_record_is_damaged_and_the_next_backup_makes_it_anew(
    store: ObjectStore, tmp_path: Path
) -> None:
    key = drill_key(require_newest(store).number)
    whole = store.get(key)[0]
    store.put(key, whole.replace(b'"stranger":false', b'"stranger":true', 1))
    report = drill(store, scratch=tmp_path / "scratch")
    assert not report.passed
    assert "not a whole drill's record" in (report.problem or "")
    backup(store, store, recording=Recording(2, tmp_path / "cache"))
    assert drill(store, scratch=tmp_path / "scratch").problem is None


@pytest.mark.parametrize("key", [boundary_key(1), CLOCK])
def test_collection_and_commits_go_on_whatever_a_boundary_or_the_clock_holds(
    store: ObjectStore, tmp_path: Path, key: str
) -> None:
    store.put(key, b"\xff")
    collect(store)
    report = open_writer(store, tmp_path).commit(Batch([random_cover("d")]))
    assert report.added == 1
