"""What following the log asks of a real S3 server, which must give one ETag for an object whether it is listed or read."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.servers import Ministack, SeaweedFS
from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.support.covers import random_cover
from tests.support.faults import FaultyStore
from tests.support.index import open_writer
from tests.support.servers import make_bucket
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage import S3Access, open_store

pytestmark = pytest.mark.component


@pytest.mark.parametrize("name", ["ministack", "seaweedfs"])
def test_an_idle_look_is_one_get_and_a_change_one_more_list(
    name: str, request: pytest.FixtureRequest, index_template: Path, tmp_path: Path
) -> None:
    server: Ministack | SeaweedFS = request.getfixturevalue(name)
    access = S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, endpoint_url=server.endpoint)
    watched = FaultyStore(open_store(f"s3://{make_bucket(server.s3())}/index", access), 1)
    local = open_store(index_template.as_uri())
    for info in local.list():
        watched.put(info.key, local.get(info.key)[0])
    writer = open_writer(watched.inner, tmp_path / "work")
    reader = Reader(watched, tmp_path / "cache", dimensions=128)
    assert reader.refresh()

    watched.calls.clear()
    assert not reader.refresh()
    assert [call.verb for call in watched.calls] == ["get"]

    writer.commit(Batch([random_cover("a")]))
    watched.calls.clear()
    assert reader.refresh()
    assert [call.verb for call in watched.calls if call.verb != "download"] == ["get", "list"]
    assert (reader.state.manifest, reader.state.covers) == (2, 1)
