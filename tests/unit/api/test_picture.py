"""POST /v1/search/picture without a network: the answer, its headers, and the scans that it is drawn from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from tests.support.index import MAX_PIXELS, cover, open_writer, photo_of, prepared
from vinymatic.index.results import Match, SearchResult, Verdict
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.scan_reader import ScanReader
from vinymatic.lifecycle.writer import Batch
from vinymatic.settings import ApiSettings, load
from vinymatic.storage.local import LocalStore
from vinymatic.storage.port import ObjectStore
from vinymatic_api.app import create_app
from vinymatic_api.picture import scores_header

pytestmark = pytest.mark.unit

ABSENT = 103

Ask = Callable[..., httpx.Response]


@pytest.fixture
def scans(tmp_path: Path) -> LocalStore:
    store = LocalStore(tmp_path / "scans", url=(tmp_path / "scans").as_uri())
    store.put(cover(0).id, cover(0).jpeg())
    return store


@pytest.fixture
def ask(index_store: ObjectStore, scans: LocalStore, tmp_path: Path) -> Ask:
    etag = scans.head(cover(0).id).etag
    open_writer(index_store, tmp_path / "work").commit(Batch([prepared(n, etag) for n in range(3)]))
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    reader.refresh()

    def post(photo: bytes, path: str = "/v1/search/picture", *, with_scans: bool = True) -> httpx.Response:
        source = ScanReader(lambda: scans, max_pixels=MAX_PIXELS, side=340) if with_scans else None
        app = create_app(load(ApiSettings, {}), reader, index_store, scans=source)

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
                return await client.post(path, content=photo)

        response = asyncio.run(asked())
        app.state.service.pool.close()
        return response

    return post


def reddish(response: httpx.Response) -> int:
    """Red pixels beside the photo: no thumbnail has any."""
    picture = cv2.imdecode(np.frombuffer(response.content, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    return int(np.sum(picture[:, 850:, 0].astype(int) - picture[:, 850:, 1] > 40))


def test_it_is_a_png_with_what_a_program_needs_in_the_headers(ask: Ask) -> None:
    response, said = ask(photo_of(0)), ask(photo_of(0), "/v1/search").json()
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert response.headers["vinymatic-verdict"] == said["verdict"] == "match"
    assert response.headers["vinymatic-manifest"] == str(said["manifest"])
    assert float(response.headers["vinymatic-score"]) == said["covers"][0]["score"]
    assert json.loads(response.headers["vinymatic-covers"]) == {cover(0).id: said["covers"][0]["score"]}


def test_it_takes_the_parameters_of_a_search(ask: Ask) -> None:
    strict = ask(photo_of(0), "/v1/search/picture?similarity_threshold=1&effort=fast&max_covers=3")
    assert strict.headers["vinymatic-verdict"] == "ambiguous"
    assert strict.headers["vinymatic-covers"] == "{}"
    assert 0.5 < float(strict.headers["vinymatic-score"]) < 1


def test_a_cover_that_is_not_in_the_catalogue_is_a_picture_too(ask: Ask) -> None:
    response = ask(photo_of(ABSENT))
    assert response.headers["content-type"] == "image/png"
    assert response.headers["vinymatic-verdict"] == "not_in_catalogue"
    assert float(response.headers["vinymatic-score"]) < 0.5


def test_the_scan_is_drawn_where_it_can_be_read(ask: Ask, scans: LocalStore) -> None:
    assert reddish(ask(photo_of(0))) > 500
    assert reddish(ask(photo_of(0), with_scans=False)) == 0
    scans.delete(cover(0).id)
    gone = ask(photo_of(0))
    assert (gone.status_code, reddish(gone)) == (200, 0)


@pytest.mark.parametrize(("body", "status"), [(b"", 400), (b"text", 415), (photo_of(0)[:5_000], 400)])
def test_a_failure_has_the_one_shape(ask: Ask, body: bytes, status: int) -> None:
    response = ask(body)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert response.headers["vinymatic-error"] == response.json()["error"]["code"]


def test_the_header_is_ascii_and_never_too_long() -> None:
    ids = ["コード🎵" * 20, "\x01" * 1024, *(f"{n:03}" * 300 for n in range(20))]
    covers = tuple(Match(name, 0.9, 9, 1.0, 1.0, None) for name in ids)
    result = SearchResult(Verdict.MATCH, "", covers, (), 1, {})
    text = scores_header(result)
    assert text.isascii()
    assert text.isprintable()
    assert list(json.loads(text)) == ids[: len(json.loads(text))]
    assert len(text) <= 7_000
    alone = SearchResult(Verdict.MATCH, "", covers[1:2], (), 1, {})
    assert list(json.loads(scores_header(alone))) == ["\x01" * 1024]
