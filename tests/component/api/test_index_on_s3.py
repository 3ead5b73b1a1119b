"""The index on S3: read from there, and served from the local copy while S3 is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.servers import Ministack
from tests.component.api.conftest import IDS
from tests.component.api.running import RunningApi, wait_for
from tests.support.index import open_writer, photo_of, prepared
from tests.support.servers import make_bucket
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import S3Access, open_store

pytestmark = pytest.mark.component


def test_the_api_goes_on_answering_while_s3_is_away_and_follows_when_it_is_back(few: Path, tmp_path: Path) -> None:
    with Ministack(tmp_path / "ministack") as s3:
        url = f"s3://{make_bucket(s3.s3())}/index"
        store = open_store(url, S3Access("test", "test", endpoint_url=s3.endpoint))
        local = open_store((few / "index").as_uri())
        for info in local.list():
            store.put(info.key, local.get(info.key)[0])
        settings = {
            "INDEX_URL": url,
            "S3_ENDPOINT_URL": s3.endpoint,
            "S3_ACCESS_KEY_ID": "test",
            "S3_SECRET_ACCESS_KEY": "test",
        }
        with RunningApi(tmp_path, settings) as api:
            api.wait_ready(manifest=2)
            assert list(api.search(photo_of(0)).json()) == [IDS[0]]

            s3.stop()
            wait_for(lambda: api.ready()["last_error"] is not None, "/readyz says that S3 is away")
            assert api.metric("vinymatic_reload_failures_total", code="storage_unavailable") >= 1
            assert list(api.search(photo_of(0)).json()) == [IDS[0]]

            s3.start()
            open_writer(store, tmp_path / "work").commit(Batch([prepared(2)]))
            api.wait_ready(manifest=3)
            assert list(api.search(photo_of(2)).json()) == [prepared(2).id]
