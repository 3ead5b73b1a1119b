"""The whole path on this machine for a measurement: ministack's S3 and SQS, one ingestor, one API, each a process of its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from mypy_boto3_s3 import S3Client

from local.servers import Ministack, ServerProcess, free_ports, send_events_to_queue
from local.servers.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.servers.process import clean_environment, tool

BUCKET = "covers"
# For an INDEX_URL on the same server; its objects send no events.
INDEX_BUCKET = "index"
_DEADLINE_SECONDS = 1_800.0


class Pipeline:
    """`s3` writes to the bucket whose events the ingestor gets; `http` asks the API; `index` is the index's folder."""

    def __init__(
        self, s3: S3Client, http: httpx.Client, ingestor: ServerProcess, api: ServerProcess, index: Path
    ) -> None:
        self.s3 = s3
        self.http = http
        self.ingestor = ingestor
        self.api = api
        self.index = index

    def await_covers(self, count: int) -> None:
        """Until the API serves exactly `count` covers."""
        wait_for(lambda: self.covers() == count, f"{count} covers to be searchable")

    def covers(self) -> int:
        answer = self.http.get("/readyz")
        return int(answer.json()["covers"]) if answer.status_code == httpx.codes.OK else 0


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.2)


@contextmanager
def pipeline(folder: Path, **settings: str) -> Iterator[Pipeline]:
    """Everything but the ingestor is running inside the block; whoever measures starts that. `settings`: of both services."""
    api_port, metrics_port = free_ports(2)
    with Ministack(folder / "ministack") as aws:
        s3, sqs = aws.s3(), aws.sqs()
        s3.create_bucket(Bucket=BUCKET)
        s3.create_bucket(Bucket=INDEX_BUCKET)
        queue_url = sqs.create_queue(QueueName="changes")["QueueUrl"]
        send_events_to_queue(s3, sqs, BUCKET, queue_url)
        environment = clean_environment(
            S3_ACCESS_KEY_ID=ACCESS_KEY_ID,
            S3_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
            S3_REGION=REGION,
            S3_ENDPOINT_URL=aws.endpoint,
            SQS_ENDPOINT_URL=aws.endpoint,
            S3_BUCKET=BUCKET,
            SQS_QUEUE_URL=queue_url,
            BACKUP_FOLDER=str(folder / "index"),
            BACKUP_INTERVAL="0",
            HOST="127.0.0.1",
            PORT=str(api_port),
            METRICS_HOST="127.0.0.1",
            METRICS_PORT=str(metrics_port),
            # The code that is measured is the one that measures.
            PYTHONPATH=os.environ.get("PYTHONPATH", ""),
            **settings,
        )
        with httpx.Client(base_url=f"http://127.0.0.1:{api_port}", timeout=60) as http:
            ingestor = _service("ingest", f"http://127.0.0.1:{metrics_port}/healthz", environment, folder)
            api = _service("serve", f"http://127.0.0.1:{api_port}/healthz", environment, folder)
            try:
                with api:
                    yield Pipeline(s3, http, ingestor, api, folder / "index" / "index")
            finally:
                ingestor.stop()


def memory_mib(process: ServerProcess, field: str) -> float:
    """`VmRSS` or `VmHWM` of a process, from /proc."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1_024
    raise ValueError(f"no {field} of {process.name}")


def _service(command: str, health: str, environment: dict[str, str], folder: Path) -> ServerProcess:
    def answers() -> bool:
        try:
            return httpx.get(health, timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    return ServerProcess(
        f"vinymatic {command}",
        [tool("vinymatic"), command],
        log=folder / f"{command}.log",
        ready=answers,
        environment=environment,
    )
