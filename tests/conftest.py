"""Servers that tests share: one of each in a test process, started on first use; buckets and queues are new for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.servers import Ministack, SeaweedFS
from tests.support.servers import Pipeline, make_bucket, make_pipeline, make_queue

pytest.register_assert_rewrite("tests.support.store_contract")


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
