"""ministack: S3 and SQS in one process, with S3's events sent to SQS."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.servers.answers import answers_http
from local.servers.aws import s3_client, sqs_client
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment, tool


class Ministack(ServerProcess):
    """`folder` holds its state and log; started again on the same folder it finds its buckets and objects.

    `services`: what it serves, in its own words. `settings`: more of its environment.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        services: str = "s3,sqs",
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.port = port if port is not None else free_ports(1)[0]
        self.endpoint = f"http://{HOST}:{self.port}"
        state = folder.absolute()
        super().__init__(
            "ministack",
            [tool("ministack")],
            log=state / "ministack.log",
            ready=lambda: answers_http(self.port, "/_ministack/health"),
            environment=clean_environment(
                BIND_HOST=HOST,
                MINISTACK_HOST=HOST,
                GATEWAY_PORT=str(self.port),
                SERVICES=services,
                S3_PERSIST="1",
                S3_DATA_DIR=str(state / "objects"),
                PERSIST_STATE="1",
                STATE_DIR=str(state / "state"),
                IOT_MTLS_ENABLED="0",  # otherwise it opens 0.0.0.0:8883
                LOG_LEVEL="WARNING",
                **(settings or {}),
            ),
        )

    def s3(self) -> S3Client:
        return s3_client(self.endpoint)

    def sqs(self) -> SQSClient:
        return sqs_client(self.endpoint)
