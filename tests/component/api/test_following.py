"""The index changes while the API answers."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.component.api.conftest import IDS
from tests.component.api.running import DEADLINE, RunningApi, error_of, wait_for
from tests.support.index import open_writer, photo_of, prepared, train_and_promote
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.component

CLIENTS = 3


def writer_on(folder: Path) -> Writer:
    return open_writer(open_store((folder / "index").as_uri()), folder / "work")


@pytest.fixture
def following(few: Path) -> Iterator[RunningApi]:
    with RunningApi(few) as api:
        api.wait_ready(manifest=2)
        yield api


def test_snapshots_are_swapped_under_running_requests_and_none_of_them_fails(few: Path, following: RunningApi) -> None:
    stop = threading.Event()
    photo = photo_of(0)

    def ask() -> list[tuple[int, int, str]]:
        answers = []
        with httpx.Client(base_url=following.url, timeout=DEADLINE) as client:
            while not stop.is_set():
                response = client.post("/v1/search", content=photo)
                answer = response.json()
                answers.append((response.status_code, answer["manifest"], answer["covers"][0]["id"]))
        return answers

    with ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(ask) for _ in range(CLIENTS)]
        writer = writer_on(few)
        try:
            for n in range(2, 8):
                number = writer.commit(Batch([prepared(n)], deletes=[prepared(n - 1).id] if n > 2 else [])).number
                following.wait_ready(number)
        finally:
            stop.set()
        answers = [future.result() for future in running]
    for own in answers:
        assert {(status, found) for status, _, found in own} == {(200, IDS[0])}
        manifests = [manifest for _, manifest, _ in own]
        assert manifests == sorted(manifests)
        assert len(set(manifests)) > 2
    ready = following.ready()
    assert (ready["manifest"], ready["covers"], ready["last_error"]) == (8, 3, None)


def test_a_new_cover_is_found_and_a_removed_one_no_more(few: Path, following: RunningApi) -> None:
    assert following.search(photo_of(2)).json() == {}
    writer = writer_on(few)
    following.wait_ready(writer.commit(Batch([prepared(2)])).number)
    assert list(following.search(photo_of(2)).json()) == [prepared(2).id]
    following.wait_ready(writer.commit(Batch(deletes=[prepared(2).id])).number)
    assert following.search(photo_of(2)).json() == {}


def test_an_empty_catalogue_answers_an_empty_object(index_template: Path, tmp_path: Path) -> None:
    shutil.copytree(index_template, tmp_path / "index")
    with RunningApi(tmp_path) as api:
        api.wait_ready()
        assert api.search(photo_of(0)).text == "{}"
        assert api.search(photo_of(0), "/v1/search").json()["verdict"] == "not_in_catalogue"
        assert api.client.get("/v1/covers").json() == {"covers": [], "next": None, "manifest": 1}


def test_a_replica_held_to_the_epoch_before_sees_new_covers_under_it(few: Path) -> None:
    train_and_promote(open_store((few / "index").as_uri()), few / "train")
    with RunningApi(few, {"INDEX_EPOCH": "0"}) as api:
        api.wait_ready(writer_on(few).commit(Batch([prepared(2)])).number)
        assert api.ready()["epoch"] == api.metric("vinymatic_snapshot_epoch") == 0
        assert list(api.search(photo_of(2)).json()) == [prepared(2).id]


def put_in(index: Path, arriving: Path) -> None:
    """What a writer does, in its order: every file of `arriving` first, its manifests last."""
    shutil.copytree(arriving, index, dirs_exist_ok=True, ignore=shutil.ignore_patterns("manifests"))
    shutil.copytree(arriving / "manifests", index / "manifests", dirs_exist_ok=True)


def test_a_load_that_fails_keeps_what_is_served_and_says_so_until_it_succeeds(
    few: Path, following: RunningApi, tmp_path: Path
) -> None:
    arriving = tmp_path / "arriving"
    shutil.copytree(few / "index", arriving / "index")
    writer_on(arriving).commit(Batch([prepared(2)]))
    names = sorted(path.relative_to(arriving) for path in arriving.rglob("*.covers.*"))
    (new,) = [name for name in names if not (few / name).exists()]
    damaged = arriving / new
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    put_in(few / "index", arriving / "index")

    def failures() -> float:
        return following.metric("vinymatic_reload_failures_total", code="corrupt_file")

    wait_for(lambda: failures() >= 2, "two looks fail")
    ready = following.ready()
    assert ready["manifest"] == 2
    assert "not those of the manifest" in ready["last_error"]
    assert ready["staleness_s"] > 0
    assert list(following.search(photo_of(0)).json()) == [IDS[0]]
    assert following.metric("vinymatic_snapshot_manifest") == 2

    (few / new).write_bytes(whole)
    following.wait_ready(manifest=3)
    wait_for(lambda: following.ready()["last_error"] is None, "the failure is over")
    assert list(following.search(photo_of(2)).json()) == [prepared(2).id]


def test_before_the_first_manifest_it_is_alive_and_not_ready_and_then_it_is(
    index_template: Path, tmp_path: Path
) -> None:
    with RunningApi(tmp_path) as api:
        for response in (
            api.client.get("/readyz"),
            api.search(photo_of(0)),
            api.search(b"no photo at all"),
            api.client.get("/v1/covers"),
            api.client.get("/v1/ingest/a.jpg"),
            api.client.get("/v1/index"),
        ):
            assert response.status_code == 503
            assert error_of(response)["code"] == "no_index"
            assert int(response.headers["retry-after"]) >= 1
        assert api.client.get("/healthz").json() == {"status": "alive"}
        shutil.copytree(index_template, tmp_path / "arriving")
        (tmp_path / "arriving").rename(tmp_path / "index")
        api.wait_ready()
        assert api.search(photo_of(0)).text == "{}"


def test_an_index_of_other_dimensions_is_said_clearly(few: Path) -> None:
    with RunningApi(few, {"SIFT_DIMENSIONS": "64"}) as api:
        wait_for(
            lambda: error_of(api.client.get("/readyz"))["code"] == "index_mismatch", "/readyz says what is the matter"
        )
        assert error_of(api.client.get("/v1/index"))["code"] == "index_mismatch"
        message = error_of(api.client.get("/readyz"))["message"]
        assert "SIFT_DIMENSIONS=128" in message
        assert "this process 64" in message
        assert "SIFT_DIMENSIONS=128" in error_of(api.search(photo_of(0)))["message"]
        log = api.process.log.read_text()
    assert log.count("SIFT_DIMENSIONS=128") == 1


def test_a_replica_is_not_ready_before_its_least_manifest_and_answers_all_the_same(few: Path) -> None:
    with RunningApi(few, {"INDEX_MIN_MANIFEST": "3"}) as api:
        wait_for(lambda: error_of(api.client.get("/readyz"))["code"] == "stale_index", "manifest 2 is loaded")
        assert "from manifest 3 on" in error_of(api.client.get("/readyz"))["message"]
        assert list(api.search(photo_of(0)).json()) == [IDS[0]]
        assert api.client.get("/v1/index").json()["index"]["manifest"] == 2
        writer_on(few).commit(Batch([prepared(2)]))
        api.wait_ready(manifest=3)
