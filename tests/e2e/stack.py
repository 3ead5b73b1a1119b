"""The surroundings of an installation, in its namespace: S3 and SQS, as k8s/stack has them for development too."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.cluster import ROOT, overlay
from local.servers.aws import s3_client, sqs_client
from tests.e2e.catalogue import Cover
from tests.e2e.namespace import Namespace
from tests.kube.waiting import until

NAME = "stack"
PORT = 4566
SECRET = "s3"
# As in k8s/samples.
INDEX = "vinyl-index"
COVERS, BACKUP, QUEUE = "covers", "vinyl-backup", "covers"


@dataclass(frozen=True)
class Stack:
    namespace: Namespace

    def start(self) -> None:
        """Returns once buckets and queue are there."""
        with tempfile.TemporaryDirectory() as folder:
            overlay(Path(folder), ROOT / "k8s/stack", self.namespace.cluster.image("ministack"))
            self.namespace.kubectl("apply", "--kustomize", folder)
        self.namespace.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=180s")
        # Ready is not yet reachable: each node learns of a Service by itself.
        until(self._answers, "the stack's Service", seconds=60)

    def _answers(self) -> bool | None:
        try:
            return httpx.get(f"{self.endpoint_from_here}/_ministack/health", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return None

    def put(self, *covers: Cover) -> None:
        """Their scans, in the bucket; each is told to the queue."""
        for cover in covers:
            self.s3.put_object(Bucket=COVERS, Key=cover.id, Body=cover.scan)

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def destroy(self, bucket: str, prefix: str) -> int:
        """Every object under the prefix; how many there were."""
        found = self.keys(bucket, prefix)
        for key in found:
            self.s3.delete_object(Bucket=bucket, Key=key)
        return len(found)

    def queued(self) -> int:
        """Messages that wait or are in flight."""
        asked = self.sqs.get_queue_attributes(
            QueueUrl=self._queue_from_here,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )
        return sum(map(int, asked["Attributes"].values()))

    # ---- addresses

    @property
    def endpoint(self) -> str:
        """For pods."""
        return f"http://{NAME}.{self.namespace.name}.svc:{PORT}"

    @property
    def queue_url(self) -> str:
        """For pods."""
        return f"{self.endpoint}/000000000000/{QUEUE}"

    @cached_property
    def endpoint_from_here(self) -> str:
        """The Service's address: cluster DNS is not this machine's."""
        address = self.namespace.read("service", NAME)["spec"]["clusterIP"]
        return f"http://{address}:{PORT}"

    @cached_property
    def s3(self) -> S3Client:
        return s3_client(self.endpoint_from_here)

    @cached_property
    def sqs(self) -> SQSClient:
        return sqs_client(self.endpoint_from_here)

    @property
    def _queue_from_here(self) -> str:
        return f"{self.endpoint_from_here}/000000000000/{QUEUE}"
