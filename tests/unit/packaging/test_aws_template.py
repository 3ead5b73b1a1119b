"""The CloudFormation template is a right one, and its roles may do what the code asks of S3 and SQS, all of it and nothing else."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.servers.process import tool

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "deploy/aws/vinymatic.yaml"
ADAPTERS = ("vinymatic/storage/s3.py", "vinymatic/queueing/sqs.py")
# The actions that IAM asks for, by boto3's method. Batches have none of their own; a copy that names no tags asks for none.
ACTIONS = {
    "copy": {"s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"},
    "delete_object": {"s3:DeleteObject"},
    "get_object": {"s3:GetObject"},
    "head_bucket": {"s3:ListBucket"},
    "head_object": {"s3:GetObject"},
    "list_objects_v2": {"s3:ListBucket"},
    "put_object": {"s3:PutObject"},
    "upload_file": {"s3:PutObject", "s3:AbortMultipartUpload"},
    "change_message_visibility_batch": {"sqs:ChangeMessageVisibility"},
    "delete_message_batch": {"sqs:DeleteMessage"},
    "receive_message": {"sqs:ReceiveMessage"},
    "send_message": {"sqs:SendMessage"},
    "send_message_batch": {"sqs:SendMessage"},
}
ROLES = ("ApiRole", "IngestorRole", "JobsRole")


class Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Sub text`) as what they are given."""


def _given(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None


Loader.add_multi_constructor("!", _given)


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), Loader)["Resources"]
    return found


def called(path: str) -> Iterator[str]:
    """Methods of boto3's clients that a module calls, pages included."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if ast.unparse(node.func.value) not in {"self._client", "self._creating"}:
            continue
        if node.func.attr == "get_paginator":
            assert isinstance(node.args[0], ast.Constant)
            yield str(node.args[0].value)
        else:
            yield node.func.attr


def statements(resources: dict[str, Any], role: str) -> list[dict[str, Any]]:
    found = resources[role]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    # A condition's list: its name, what holds when it is true, and when it is not.
    return [statement[1] if isinstance(statement, list) else statement for statement in found]


def test_cfn_lint_finds_nothing() -> None:
    done = subprocess.run([tool("cfn-lint"), TEMPLATE], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_roles_may_do_what_the_adapters_call_and_nothing_else(resources: dict[str, Any]) -> None:
    used = {name for path in ADAPTERS for name in called(path)}
    assert used == set(ACTIONS)
    needed = set[str]().union(*(ACTIONS[name] for name in used))
    assert {action for role in ROLES for s in statements(resources, role) for action in s["Action"]} == needed


def test_no_role_has_a_right_to_everything(resources: dict[str, Any]) -> None:
    for role in (*ROLES, "KedaRole"):
        for statement in statements(resources, role):
            assert statement["Effect"] == "Allow"
            named = statement["Resource"]
            assert "*" not in "".join(statement["Action"])
            assert "*" not in ([named] if isinstance(named, str) else named)
    assert [s["Action"] for s in statements(resources, "KedaRole")] == [["sqs:GetQueueAttributes"]]


def test_nothing_of_the_index_expires_by_age(resources: dict[str, Any]) -> None:
    rules = resources["IndexBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [set(rule) for rule in rules] == [{"Id", "Status", "AbortIncompleteMultipartUpload"}]


def test_what_holds_data_outlives_the_stack(resources: dict[str, Any]) -> None:
    kept = {name for name, resource in resources.items() if resource.get("DeletionPolicy") == "Retain"}
    assert kept == {"CoversBucket", "IndexBucket", "BackupBucket", "CoverEvents", "CoverEventsDead"}
