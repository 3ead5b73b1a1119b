"""Which URLs open which store."""

from __future__ import annotations

from pathlib import Path

import pytest

from vinymatic.errors import StorageDeniedError, StorageError
from vinymatic.storage import S3Access, open_store
from vinymatic.storage.local import LocalStore
from vinymatic.storage.s3 import S3Store

pytestmark = pytest.mark.unit


def test_a_file_url_is_decoded_as_a_uri(tmp_path: Path) -> None:
    folder = tmp_path / "Blue Note é 100%"
    store = open_store(folder.as_uri())
    assert isinstance(store, LocalStore)
    assert store.url == folder.as_uri()
    assert not folder.exists()
    store.put("a", b"x")
    assert (folder / "a").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/", "s3://bucket/some/prefix/"])
def test_an_s3_url_opens_without_asking_the_network(url: str) -> None:
    store = open_store(url, S3Access("id", "secret", endpoint_url="http://127.0.0.1:1"))
    assert isinstance(store, S3Store)
    assert store.url == url


@pytest.mark.parametrize("url", ["", "bucket", "/folder", "file://folder", "s3://", "s3:///prefix", "http://x/y"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(StorageError, match="neither s3://"):
        open_store(url)


@pytest.mark.parametrize("access", [S3Access(key_id="id"), S3Access(secret="secret")])
def test_half_a_key_pair_is_refused(access: S3Access) -> None:
    with pytest.raises(StorageDeniedError, match="belong together"):
        open_store("s3://bucket", access)


def test_a_secret_is_never_shown() -> None:
    assert "hunter2" not in repr(S3Access("id", "hunter2"))
