"""What the settings do to answers, asked without a network."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.index import open_writer, photo_of, prepared
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch
from vinymatic.settings import ApiSettings, load
from vinymatic.storage.port import ObjectStore
from vinymatic_api.app import create_app
from vinymatic_api.service import make_service

pytestmark = pytest.mark.unit

COVERS = 4


@pytest.fixture
def reader(index_store: ObjectStore, tmp_path: Path) -> Reader:
    writer = open_writer(index_store, tmp_path / "work")
    writer.commit(Batch([prepared(n) for n in range(COVERS)]))
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    return reader


def answer(reader: Reader, store: ObjectStore, path: str, **environment: str) -> dict[str, Any]:
    app = create_app(load(ApiSettings, environment), reader, store)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
            return await client.post(path, content=photo_of(0))

    response = asyncio.run(ask())
    app.state.service.pool.close()
    assert response.status_code == 200
    return dict(response.json())


def test_similarity_threshold_is_the_least_score_of_an_answer(reader: Reader, index_store: ObjectStore) -> None:
    everything = answer(reader, index_store, "/search", SIMILARITY_THRESHOLD="0", TOP_N="100")
    likely = answer(reader, index_store, "/search")
    assert len(everything) > 1
    assert list(likely) == [prepared(0).id]
    assert min(everything.values()) < 0.5 <= min(likely.values())


@pytest.mark.parametrize("top_n", [1, 2])
def test_top_n_is_the_most_answers_and_keeps_the_best(reader: Reader, index_store: ObjectStore, top_n: int) -> None:
    scores = answer(reader, index_store, "/search", SIMILARITY_THRESHOLD="0", TOP_N=str(top_n))
    assert len(scores) == top_n
    assert next(iter(scores)) == prepared(0).id


def test_the_settings_stand_for_v1_unless_a_request_says_otherwise(reader: Reader, index_store: ObjectStore) -> None:
    environment = {"SIMILARITY_THRESHOLD": "1", "TOP_N": "1"}
    strict = answer(reader, index_store, "/v1/search", **environment)
    asked = answer(reader, index_store, "/v1/search?similarity_threshold=0.5&top_n=3", **environment)
    assert (len(strict["covers"]) + len(strict["candidates"])) <= 2
    assert [cover["id"] for cover in asked["covers"]] == [prepared(0).id]


def test_features_are_taken_as_the_settings_say(reader: Reader, index_store: ObjectStore) -> None:
    environment = {"SIFT_DIMENSIONS": "64", "NUM_FEATURES": "222", "NOR_X": "333", "NOR_Y": "444"}
    service = make_service(load(ApiSettings, environment), reader, index_store, None)
    assert service.spec == FeatureSpec(dimensions=64, num_features=222, nor_x=333, nor_y=444)
    assert answer(reader, index_store, "/search", NUM_FEATURES="100", NOR_X="300", NOR_Y="300")
