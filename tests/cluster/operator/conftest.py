"""An installation for each test: an index of a few covers on ministack, two API pods, the operator ready to be started."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mypy_boto3_s3 import S3Client

from local.servers import Ministack
from tests.cluster.operator.site import Site
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.process import LocalKubelet
from tests.support.index import add_covers
from tests.support.servers import make_bucket
from vinymatic.storage.access import S3Access
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

COVERS = 24


@pytest.fixture
def index_on_s3(ministack: Ministack, s3: S3Client, tmp_path: Path) -> ObjectStore:
    """The store of a new index of COVERS covers, under the prefix `index` of a bucket of its own."""
    store = open_store(f"s3://{make_bucket(s3)}/index", S3Access("test", "test", endpoint_url=ministack.endpoint))
    add_covers(store, tmp_path / "work", range(COVERS))
    return store


@pytest.fixture
def site(
    crds: ControlPlane,
    kubelet: LocalKubelet,
    namespace: str,
    ministack: Ministack,
    index_on_s3: ObjectStore,
    tmp_path: Path,
) -> Iterator[Site]:
    """Nothing is installed yet."""
    with Site(crds, namespace, tmp_path, index_on_s3, endpoint=ministack.endpoint) as found:
        yield found
