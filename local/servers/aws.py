"""boto3 clients for the local servers, and S3's events wired to a queue."""

from __future__ import annotations

import boto3
from botocore.config import Config
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
ACCESS_KEY_ID = "local"
SECRET_ACCESS_KEY = "local-secret"


def s3_client(endpoint: str) -> S3Client:
    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, read_timeout=60)
    return _session().client("s3", endpoint_url=endpoint, config=config)


def sqs_client(endpoint: str) -> SQSClient:
    return _session().client(
        "sqs", endpoint_url=endpoint, config=Config(retries={"total_max_attempts": 1}, read_timeout=60)
    )


def send_events_to_queue(s3: S3Client, sqs: SQSClient, bucket: str, queue_url: str) -> None:
    """Every object created in or removed from `bucket` becomes a message in the queue."""
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    s3.put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={
            "QueueConfigurations": [
                {
                    "Id": "covers",
                    "QueueArn": attributes["Attributes"]["QueueArn"],
                    "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                }
            ]
        },
    )


def _session() -> boto3.Session:
    return boto3.Session(aws_access_key_id=ACCESS_KEY_ID, aws_secret_access_key=SECRET_ACCESS_KEY, region_name=REGION)
