"""Buckets, queues and events, as deploy/aws makes them. ministack runs this after each start, when it answers; twice does no harm."""

import json
import os

import botocore.session  # boto3 is not among what ministack needs

REGION, ACCOUNT = "us-east-1", "000000000000"
COVERS, INDEX, BACKUP, QUEUE = "covers", "vinyl-index", "vinyl-backup", "covers"


def arn(queue: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"


def main() -> None:
    session = botocore.session.get_session()
    session.set_credentials("local", "local-secret")
    # Not by the Service's name: nothing is behind it before this script has ended.
    endpoint = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"
    s3 = session.create_client("s3", region_name=REGION, endpoint_url=endpoint)
    sqs = session.create_client("sqs", region_name=REGION, endpoint_url=endpoint)

    for bucket in (COVERS, INDEX, BACKUP):
        s3.create_bucket(Bucket=bucket)
    sqs.create_queue(QueueName=f"{QUEUE}-dead")
    redrive = {"deadLetterTargetArn": arn(f"{QUEUE}-dead"), "maxReceiveCount": "5"}
    sqs.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": json.dumps(redrive)})
    events = {"QueueArn": arn(QUEUE), "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(Bucket=COVERS, NotificationConfiguration={"QueueConfigurations": [events]})


if __name__ == "__main__":
    main()
