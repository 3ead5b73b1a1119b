"""One running API that tests share, on a catalogue whose ids are as odd as S3 allows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.component.api.running import RunningApi
from tests.support.index import open_writer, prepared
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store

# Sleeve 0 has the first of these ids, and so on.
IDS = (
    "covers/The Nightingales/Hollow Coast (1974).jpg",
    "with space.jpg",
    "a//b///c.jpg",
    "/leading.jpg",
    "trailing/",
    "what?is=this&that#there.jpg",
    "100%.jpg",
    "%2F%252F.jpg",
    "../up/./and/../down.jpg",
    "plus+semi;colon:at@.jpg",
    "ünï/コード/🎵🎶.jpg",
    'line\nend\ttab"quote\\back.jpg',
    "?",
    "#",
    ".",
)
UNKNOWN_SLEEVE = 999
MAX_BODY_BYTES = 2_000_000


@dataclass(frozen=True)
class Shared:
    """`folder`: holds the index. Tests of the shared API do not change its index."""

    api: RunningApi
    folder: Path


def with_index(folder: Path, template: Path, ids: tuple[str, ...] = IDS) -> Path:
    """A copy of the empty index in `folder`/index, with one sleeve for each id."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(template, folder / "index")
    writer = open_writer(open_store((folder / "index").as_uri()), folder / "work")
    writer.commit(Batch([prepared(n, id=name) for n, name in enumerate(ids)]))
    return folder


@pytest.fixture(scope="session")
def shared(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = with_index(tmp_path_factory.mktemp("api") / "data", index_template)
    with RunningApi(folder, {"MAX_BODY_BYTES": str(MAX_BODY_BYTES)}) as api:
        api.wait_ready(manifest=2)
        yield Shared(api, folder)


@pytest.fixture
def api(shared: Shared) -> RunningApi:
    """The shared API: look, and change nothing."""
    return shared.api


@pytest.fixture
def few(index_template: Path, tmp_path: Path) -> Path:
    """A folder of the test's own, with an index of two sleeves."""
    return with_index(tmp_path / "data", index_template, IDS[:2])


@pytest.fixture
def few_api(few: Path) -> Iterator[RunningApi]:
    """An API of the test's own on `few`, with one thread."""
    with RunningApi(few, {"SEARCH_THREADS": "1"}) as api:
        api.wait_ready(manifest=2)
        yield api
