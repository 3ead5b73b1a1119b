"""What a VinylIndex leaves behind."""

from __future__ import annotations

import pytest
from mypy_boto3_s3 import S3Client

from tests.cluster.operator.site import Site
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster


def keys(s3: S3Client, site: Site) -> int:
    return s3.list_objects_v2(Bucket=site.bucket, Prefix="index/")["KeyCount"]


def test_retain_leaves_every_object_and_no_finalizer_holds_it(site: Site, s3: S3Client) -> None:
    site.install()
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    before = keys(s3, site)
    site.kubectl("delete", "vinylindex", "records", "--timeout=30s")
    assert keys(s3, site) == before > 0


def test_delete_removes_the_prefix_by_a_job_while_a_finalizer_holds_the_index(site: Site, s3: S3Client) -> None:
    site.install({"deletionPolicy": "Delete"})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    until(
        lambda: site.read("vinylindex", "records")["metadata"].get("finalizers") == ["vinymatic.io/erase"] or None,
        "finalizer",
    )
    site.kubectl("delete", "vinylindex", "records", "--timeout=120s")
    assert keys(s3, site) == 0


def test_the_finalizer_goes_when_the_policy_is_changed_back(site: Site) -> None:
    site.install({"deletionPolicy": "Delete"})
    site.operator.start()
    until(lambda: site.read("vinylindex", "records")["metadata"].get("finalizers"), "finalizer")
    site.kubectl("patch", "vinylindex", "records", "--type=merge", "-p", '{"spec":{"deletionPolicy":"Retain"}}')
    until(lambda: None if site.read("vinylindex", "records")["metadata"].get("finalizers") else True, "no finalizer")
