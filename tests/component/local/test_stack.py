"""What the development stack sets up in ministack, as its pod does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.servers import Ministack

pytestmark = pytest.mark.component

SETUP = Path(__file__).parents[3] / "k8s/stack/setup.py"


def test_a_cover_reaches_the_queue_after_any_number_of_starts(tmp_path: Path) -> None:
    with Ministack(tmp_path) as server:
        for _ in range(2):
            subprocess.run(
                [sys.executable, SETUP], env={**os.environ, "GATEWAY_PORT": str(server.port)}, check=True, timeout=60
            )
        s3, sqs = server.s3(), server.sqs()
        assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == {"covers", "vinyl-index", "vinyl-backup"}
        queue = sqs.get_queue_url(QueueName="covers")["QueueUrl"]
        sqs.purge_queue(QueueUrl=queue)  # of the test events that S3 sends
        s3.put_object(Bucket="covers", Key="a/scan.jpg", Body=b"scan")
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
        assert "a/scan.jpg" in message["Body"]
