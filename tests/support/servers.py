"""What a test holds of the shared servers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.servers import send_events_to_queue


def unique_name(prefix: str) -> str:
    """A bucket or queue name that no other test has."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


@dataclass(frozen=True)
class Pipeline:
    """A bucket whose changes arrive in a queue."""

    s3: S3Client
    sqs: SQSClient
    endpoint: str
    bucket: str
    queue_url: str


def make_queue(sqs: SQSClient, attributes: dict[str, str] | None = None) -> str:
    """The URL of a new queue."""
    return sqs.create_queue(QueueName=unique_name("queue"), Attributes=attributes or {})["QueueUrl"]  # type: ignore[arg-type]


def make_bucket(s3: S3Client) -> str:
    """The name of a new bucket."""
    name = unique_name("bucket")
    s3.create_bucket(Bucket=name)
    return name


def make_pipeline(s3: S3Client, sqs: SQSClient, endpoint: str) -> Pipeline:
    """A new bucket with its events wired to a new queue; the s3:TestEvent that wiring sends is left in the queue, as on AWS."""
    bucket, queue_url = make_bucket(s3), make_queue(sqs)
    send_events_to_queue(s3, sqs, bucket, queue_url)
    return Pipeline(s3, sqs, endpoint, bucket, queue_url)
