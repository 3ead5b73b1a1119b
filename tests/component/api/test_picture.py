"""Match pictures of a running API, with the scans on S3."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mypy_boto3_s3 import S3Client

from local.servers import Ministack
from tests.component.api.conftest import IDS
from tests.component.api.running import RunningApi
from tests.support.index import cover, open_writer, photo_of, prepared
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.component


def reddish(png: bytes) -> int:
    """Red pixels beside the photo: no thumbnail has any."""
    picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    beside = picture[:, 850:].astype(int)
    return int(np.sum(beside[..., 0] - beside[..., 1] > 40))


@pytest.mark.parametrize("n", range(len(IDS)))
def test_every_odd_id_is_drawn(api: RunningApi, n: int) -> None:
    response = api.search(photo_of(n), "/v1/search/picture")
    assert (response.status_code, response.headers["vinymatic-verdict"]) == (200, "match")
    assert reddish(response.content) == 0


def test_scans_are_drawn_while_the_bucket_gives_them(
    index_folder: Path, tmp_path: Path, ministack: Ministack, s3: S3Client, bucket: str
) -> None:
    odd = IDS[10]
    etag = s3.put_object(Bucket=bucket, Key=odd, Body=cover(0).jpeg())["ETag"].strip('"')
    open_writer(open_store(index_folder.as_uri()), tmp_path / "work").commit(Batch([prepared(0, etag, id=odd)]))
    settings = {
        "S3_BUCKET": bucket,
        "S3_ENDPOINT_URL": ministack.endpoint,
        "S3_ACCESS_KEY_ID": "test",
        "S3_SECRET_ACCESS_KEY": "test",
    }
    with RunningApi(tmp_path, settings) as api:
        api.wait_ready(manifest=2)

        def drawn() -> int:
            response = api.search(photo_of(0), "/v1/search/picture")
            assert response.status_code == 200
            return reddish(response.content)

        assert drawn() > 500
        s3.put_object(Bucket=bucket, Key=odd, Body=cover(1).jpeg())
        assert drawn() == 0, "another scan than the one that was indexed"
        s3.delete_object(Bucket=bucket, Key=odd)
        assert drawn() == 0
        s3.delete_bucket(Bucket=bucket)
        assert drawn() == 0
        assert api.ready()["last_error"] is None
        assert "the scan of" in api.process.log.read_text()
