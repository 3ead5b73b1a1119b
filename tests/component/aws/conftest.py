"""An account of AWS on ministack that checks every right, with the stack of deploy/aws in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from local.servers import Ministack
from local.servers.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

TEMPLATE = Path(__file__).parents[3] / "deploy/aws/vinymatic.yaml"
BATCHES = {
    "Effect": "Allow",
    "Action": ["sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch"],
    "Resource": "*",
}
ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/0123456789ABCDEF"


@dataclass(frozen=True)
class Account:
    """`folder`: for what lies on disk."""

    server: Ministack
    outputs: dict[str, str]
    folder: Path

    def pod(self, role: str, namespace: str, service_account: str) -> dict[str, str]:
        """The variables that EKS gives to a pod of this ServiceAccount, whose annotation names the role."""
        file = self.folder / f"{namespace}-{service_account}.token"
        file.write_text(token(namespace, service_account))
        return {
            "AWS_ROLE_ARN": self.outputs[role],
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
            "AWS_ENDPOINT_URL_STS": self.server.endpoint,
            "AWS_REGION": REGION,
        }

    def session(self, role: str, namespace: str, service_account: str) -> boto3.Session:
        """Raises `ClientError` where the role does not trust the ServiceAccount."""
        sts = boto3.client(
            "sts", endpoint_url=self.server.endpoint, region_name=REGION, config=Config(signature_version=UNSIGNED)
        )
        given = sts.assume_role_with_web_identity(
            RoleArn=self.outputs[role], RoleSessionName="pod", WebIdentityToken=token(namespace, service_account)
        )["Credentials"]
        return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region_name=REGION)

    def places(self) -> dict[str, str]:
        """Vinymatic's settings that say where everything is."""
        return {
            "S3_ENDPOINT_URL": self.server.endpoint,
            "S3_BUCKET": self.outputs["CoversBucketName"],
            "SQS_QUEUE_URL": self.outputs["QueueUrl"],
            "INDEX_URL": f"s3://{self.outputs['IndexBucketName']}/index",
            "BACKUP_URL": f"s3://{self.outputs['BackupBucketName']}/backup",
        }


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    folder = tmp_path_factory.mktemp("aws")
    with Ministack(
        folder / "ministack",
        services="s3,sqs,iam,sts,cloudformation",
        settings={
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        },
    ) as server:
        root = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
        stacks = root.client("cloudformation", endpoint_url=server.endpoint)
        stacks.create_stack(
            StackName="records",
            TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": "OidcProvider", "ParameterValue": ISSUER},
                {"ParameterKey": "ApiDeletes", "ParameterValue": "true"},
            ],
        )
        stacks.get_waiter("stack_create_complete").wait(StackName="records", WaiterConfig={"Delay": 1})
        stack = stacks.describe_stacks(StackName="records")["Stacks"][0]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        # ministack asks for rights to batches; IAM has none, and lets whoever may do one do ten.
        root.client("iam", endpoint_url=server.endpoint).put_role_policy(
            RoleName=outputs["IngestorRoleArn"].rpartition("/")[2],
            PolicyName="batches",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [BATCHES]}),
        )
        yield Account(server, outputs, folder)


def token(namespace: str, service_account: str) -> str:
    """What Kubernetes signs for a pod; ministack reads it without asking for the signature."""
    claims = {"iss": f"https://{ISSUER}", "aud": "sts.amazonaws.com"}
    return (
        f"{_part({'alg': 'none'})}.{_part({**claims, 'sub': f'system:serviceaccount:{namespace}:{service_account}'})}."
    )


def _part(value: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
