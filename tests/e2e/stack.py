"""The surroundings of an installation, in its namespace: S3 and SQS (ministack) in a pod, buckets, a queue that hears of each cover,
and the Secret with the keys."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import httpx
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY, s3_client, send_events_to_queue, sqs_client
from tests.e2e.catalogue import Cover
from tests.e2e.namespace import Namespace
from tests.kube.api import Object
from tests.kube.waiting import until

NAME = "stack"
PORT = 4566
SECRET = "s3"
# As in k8s/samples.
INDEX = "vinyl-index"
COVERS, BACKUP, QUEUE = "covers", "vinyl-backup", "covers"
_UID = 10001


@dataclass(frozen=True)
class Stack:
    namespace: Namespace

    def start(self) -> None:
        """Returns once buckets and queue are there."""
        self.namespace.apply(self._secret(), self._deployment(), self._service())
        self.namespace.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=180s")
        # Ready is not yet reachable: each node learns of a Service by itself.
        until(self._answers, "the stack's Service", seconds=60)
        for bucket in (COVERS, INDEX, BACKUP):
            self.s3.create_bucket(Bucket=bucket)
        self.sqs.create_queue(QueueName=QUEUE)
        send_events_to_queue(self.s3, self.sqs, COVERS, self._queue_from_here)

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

    # ---- objects

    def _secret(self) -> Object:
        keys = {
            "S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        }
        return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}, "stringData": keys}

    def _service(self) -> Object:
        spec = {"selector": {"app": NAME}, "ports": [{"port": PORT}]}
        return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": spec}

    def _deployment(self) -> Object:
        environment = {
            "BIND_HOST": "0.0.0.0",
            "MINISTACK_HOST": f"{NAME}.{self.namespace.name}.svc",
            "GATEWAY_PORT": str(PORT),
            "SERVICES": "s3,sqs",
            "S3_PERSIST": "1",
            "S3_DATA_DIR": "/data/objects",
            "PERSIST_STATE": "1",
            "STATE_DIR": "/data/state",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "HOME": "/data",
        }
        health = {"httpGet": {"path": "/_ministack/health", "port": PORT}, "periodSeconds": 1, "timeoutSeconds": 5}
        container = {
            "name": NAME,
            "image": self.namespace.cluster.image("ministack"),
            "imagePullPolicy": "IfNotPresent",
            "command": ["ministack"],
            "env": [{"name": name, "value": value} for name, value in environment.items()],
            "ports": [{"containerPort": PORT}],
            "readinessProbe": health,
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}},
            "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
        }
        pod = {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": _UID,
                "runAsGroup": _UID,
                "fsGroup": _UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "automountServiceAccountToken": False,
            "containers": [container],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}],
        }
        labels = {"app": NAME}
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": NAME},
            "spec": {
                "replicas": 1,
                "strategy": {"type": "Recreate"},
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }
