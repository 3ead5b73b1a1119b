"""The template of deploy/aws, deployed: each role does all of its work with the rights that it has, and has no others."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError
from mypy_boto3_s3 import S3Client
from mypy_boto3_sqs import SQSClient

from local.servers import ServerProcess, free_ports
from local.servers.answers import answers_http
from local.servers.process import clean_environment, tool
from tests.component.aws.conftest import Account
from tests.component.ingestor.harness import eventually
from tests.support.index import cover, photo_of

pytestmark = pytest.mark.component

COVERS = 6
REMOVED = "demo/removed.jpg"


def client(account: Account, role: str, namespace: str, service_account: str) -> SQSClient:
    session = account.session(role, namespace, service_account)
    return session.client("sqs", endpoint_url=account.server.endpoint)


def s3_as(account: Account, role: str, namespace: str, service_account: str) -> S3Client:
    session = account.session(role, namespace, service_account)
    return session.client("s3", endpoint_url=account.server.endpoint)


def url_of(port: int, path: str) -> str:
    return f"http://127.0.0.1:{port}{path}"


@pytest.fixture(scope="module")
def command(account: Account) -> Callable[..., str]:
    """Runs `vinymatic` as a pod of the Jobs' ServiceAccount."""

    def run(*words: str) -> str:
        variables = {**account.places(), "BACKUP_FOLDER": str(account.folder / "jobs")}
        pod = account.pod("JobsRoleArn", "vinymatic", "vinymatic-jobs")
        done = subprocess.run(
            [tool("vinymatic"), *words],
            env=clean_environment(**variables, **pod),
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout

    return run


def service(account: Account, word: str, role: str, service_account: str, port: int, **more: str) -> ServerProcess:
    variables = {**account.places(), **more, "BACKUP_FOLDER": str(account.folder / word)}
    pod = account.pod(role, "vinymatic", service_account)
    return ServerProcess(
        word,
        [tool("vinymatic"), word],
        log=account.folder / f"{word}.log",
        ready=lambda: answers_http(port, "/healthz"),
        environment=clean_environment(**variables, **pod),
        stop_seconds=60,
    )


def test_each_role_can_do_its_work(account: Account, command: Callable[..., str]) -> None:
    s3 = account.server.s3()
    bucket, queue = account.outputs["CoversBucketName"], account.outputs["QueueUrl"]
    for n in range(COVERS):
        s3.put_object(Bucket=bucket, Key=cover(n).id, Body=cover(n).jpeg())
    s3.put_object(Bucket=bucket, Key=REMOVED, Body=b"no image at all")  # refused first, then taken back

    api, ingestor = free_ports(2)
    keda = client(account, "KedaRoleArn", "keda", "keda-operator")

    def waiting() -> int:
        answer = keda.get_queue_attributes(
            QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        )["Attributes"]
        return sum(map(int, answer.values()))

    settings = {"METRICS_HOST": "127.0.0.1", "METRICS_PORT": str(ingestor), "BATCH_AGE": "0.2"}
    upkeep = dict.fromkeys(
        ("RETRAINING_INTERVAL", "COMPACTION_INTERVAL", "COLLECTION_INTERVAL", "BACKUP_INTERVAL"), "0"
    )
    with service(account, "ingest", "IngestorRoleArn", "vinymatic-ingestor", ingestor, **settings, **upkeep):
        eventually(lambda: waiting() == 0, "the queue is empty")
        s3.put_object(Bucket=bucket, Key=REMOVED, Body=cover(COVERS).jpeg())
        s3.delete_object(Bucket=bucket, Key=cover(0).id)
        eventually(lambda: waiting() == 0, "the queue is empty")
        listening = {"HOST": "127.0.0.1", "PORT": str(api), "REFRESH_INTERVAL": "0.2"}
        with service(account, "serve", "ApiRoleArn", "vinymatic-api", api, **listening):
            eventually(lambda: answers_http(api, "/readyz"), "the API is ready")
            asked = urllib.request.Request(url_of(api, "/search"), data=photo_of(1), method="POST")
            with urllib.request.urlopen(asked, timeout=60) as answer:
                assert cover(1).id in answer.read().decode()
            # It may not read the scans, and does without.
            drawn = urllib.request.Request(url_of(api, "/v1/search/picture"), data=photo_of(1), method="POST")
            with urllib.request.urlopen(drawn, timeout=60) as answer:
                assert (answer.headers["vinymatic-verdict"], answer.read(4)) == ("match", b"\x89PNG")
            with urllib.request.urlopen(url_of(api, "/v1/ingest?id=unknown.jpg"), timeout=60) as answer:
                assert b'"unknown"' in answer.read()
            removal = urllib.request.Request(url_of(api, f"/v1/covers?id={REMOVED}"), method="DELETE")
            with urllib.request.urlopen(removal, timeout=60) as answer:
                assert answer.status == 202
            eventually(lambda: REMOVED not in command("index", "list"), "the cover is removed")

    dead = account.outputs["DeadLetterQueueUrl"]
    assert account.server.sqs().receive_message(QueueUrl=dead).get("Messages", []) == []
    for words in (
        ["backup"],
        ["drill", "--through", f"s3://{account.outputs['BackupBucketName']}/backup-drill"],
        ["train"],
        ["gate", "--photos", "4"],
        ["promote"],
        ["retire"],
        ["compact"],
        ["collect"],
        ["backup"],
        ["backup", "prune", "--keep-count", "1"],
        ["erase", "--yes"],
        ["restore"],
    ):
        command(*words)
    assert len(command("index", "list").splitlines()) >= COVERS - 1


def api_overwrites(account: Account) -> None:
    s3_as(account, "ApiRoleArn", "vinymatic", "vinymatic-api").put_object(
        Bucket=account.outputs["IndexBucketName"], Key="index/manifests/x", Body=b""
    )


def api_takes_messages(account: Account) -> None:
    client(account, "ApiRoleArn", "vinymatic", "vinymatic-api").receive_message(QueueUrl=account.outputs["QueueUrl"])


def ingestor_deletes_a_segment(account: Account) -> None:
    s3_as(account, "IngestorRoleArn", "vinymatic", "vinymatic-ingestor").delete_object(
        Bucket=account.outputs["IndexBucketName"], Key="index/segments/x"
    )


def ingestor_writes_a_scan(account: Account) -> None:
    s3_as(account, "IngestorRoleArn", "vinymatic", "vinymatic-ingestor").put_object(
        Bucket=account.outputs["CoversBucketName"], Key="x.jpg", Body=b""
    )


def jobs_read_a_scan(account: Account) -> None:
    s3_as(account, "JobsRoleArn", "vinymatic", "vinymatic-jobs").get_object(
        Bucket=account.outputs["CoversBucketName"], Key=cover(1).id
    )


def jobs_delete_a_version_of_a_backup(account: Account) -> None:
    s3_as(account, "JobsRoleArn", "vinymatic", "vinymatic-jobs").delete_object(
        Bucket=account.outputs["BackupBucketName"], Key="backup/x", VersionId="1"
    )


def keda_takes_messages(account: Account) -> None:
    client(account, "KedaRoleArn", "keda", "keda-operator").receive_message(QueueUrl=account.outputs["QueueUrl"])


def another_service_account_takes_the_jobs_role(account: Account) -> None:
    account.session("JobsRoleArn", "vinymatic", "vinymatic-api")


def another_namespace_takes_the_jobs_role(account: Account) -> None:
    account.session("JobsRoleArn", "elsewhere", "vinymatic-jobs")


@pytest.mark.parametrize(
    "wrong",
    [
        api_overwrites,
        api_takes_messages,
        ingestor_deletes_a_segment,
        ingestor_writes_a_scan,
        jobs_read_a_scan,
        jobs_delete_a_version_of_a_backup,
        keda_takes_messages,
        another_service_account_takes_the_jobs_role,
        another_namespace_takes_the_jobs_role,
    ],
)
def test_nobody_can_do_what_is_not_theirs(account: Account, wrong: Callable[[Account], None]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        wrong(account)


def test_buckets_are_private_and_the_dead_letter_queue_takes_what_failed_five_times(account: Account) -> None:
    s3, sqs = account.server.s3(), account.server.sqs()
    for name in ("CoversBucketName", "IndexBucketName", "BackupBucketName"):
        bucket = account.outputs[name]
        assert set(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values()) == {True}
        versioned = s3.get_bucket_versioning(Bucket=bucket).get("Status")
        assert versioned == (None if name == "IndexBucketName" else "Enabled")
    attributes = sqs.get_queue_attributes(QueueUrl=account.outputs["QueueUrl"], AttributeNames=["All"])["Attributes"]
    assert int(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"]) == 5
    assert attributes["SqsManagedSseEnabled"] == "true"
