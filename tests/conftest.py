"""What tests share: servers, one of each in a test process and started on first use, with buckets and queues new for each test;
and an empty index, made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.servers import Ministack, SeaweedFS
from tests.support.index import make_index
from tests.support.servers import Pipeline, make_bucket, make_pipeline, make_queue
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytest.register_assert_rewrite("tests.support.store_contract")

# No deadline: a machine that is slow today is no failure. On top of Hypothesis's own profile for CI, where that is on.
settings.register_profile("vinymatic", settings(), deadline=None, print_blob=True)
settings.load_profile("vinymatic")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ministack]:
    """S3 and SQS. Shared: a test that stops or kills its server starts one of its own."""
    with Ministack(tmp_path_factory.mktemp("ministack")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedFS]:
    """S3 on a real storage server. Shared: a test that stops or kills its server starts one of its own."""
    with SeaweedFS(tmp_path_factory.mktemp("seaweedfs")) as server:
        yield server


@pytest.fixture(scope="session")
def s3(ministack: Ministack) -> S3Client:
    return ministack.s3()


@pytest.fixture(scope="session")
def sqs(ministack: Ministack) -> SQSClient:
    return ministack.sqs()


@pytest.fixture
def bucket(s3: S3Client) -> str:
    """The name of a new, empty bucket on ministack."""
    return make_bucket(s3)


@pytest.fixture
def queue_url(sqs: SQSClient) -> str:
    """The URL of a new, empty queue on ministack."""
    return make_queue(sqs)


@pytest.fixture
def pipeline(ministack: Ministack, s3: S3Client, sqs: SQSClient) -> Pipeline:
    """A new bucket on ministack whose changes arrive in a new queue."""
    return make_pipeline(s3, sqs, ministack.endpoint)


@pytest.fixture(scope="session")
def index_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty index of 128 dimensions. Shared: copy it (`index_folder`), never write to it."""
    return make_index(tmp_path_factory.mktemp("index-template") / "index")


@pytest.fixture
def index_folder(index_template: Path, tmp_path: Path) -> Path:
    """A folder with an empty index of the test's own."""
    return Path(shutil.copytree(index_template, tmp_path / "index"))


@pytest.fixture
def index_store(index_folder: Path) -> ObjectStore:
    """The store of `index_folder`."""
    return open_store(index_folder.as_uri())
