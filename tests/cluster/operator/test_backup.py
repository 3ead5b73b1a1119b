"""Backups, drills, and an index that is lost and comes back."""

from __future__ import annotations

import pytest
from mypy_boto3_s3 import S3Client

from tests.cluster.operator.conftest import COVERS
from tests.cluster.operator.site import Site
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster

# A day in the past: the first backup and the first drill are made at once, the next are far away.
YEARLY = {"schedule": "0 0 1 1 *", "questions": 4}


def delete_all(s3: S3Client, bucket: str, prefix: str) -> int:
    found = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
    for key in found:
        s3.delete_object(Bucket=bucket, Key=key)
    return len(found)


def test_the_first_backup_is_made_at_once_proven_by_a_drill_and_brings_a_lost_index_back(
    site: Site, s3: S3Client
) -> None:
    site.install({"backup": {**YEARLY, "drill": {"schedule": "0 0 1 1 *"}}})
    site.operator.start()
    site.await_condition("BackedUp", "True", seconds=120)
    site.await_condition("RestoreProven", "True", "Proven", seconds=120)
    drill = site.status()["drill"]
    assert (drill["right"], drill["questions"]) == (4, 4)
    (backup,) = site.read("vinylbackups")["items"]
    assert backup["status"]["covers"] == COVERS
    scratch = s3.list_objects_v2(Bucket=site.bucket, Prefix="backup-drill/")
    assert scratch["KeyCount"] == 0, "a drill cleans up"

    assert delete_all(s3, site.bucket, "index/") > 0
    site.apply(site.restore("back"))
    site.await_condition("Complete", "True", "Complete", "vinylrestore", "back", seconds=240)
    restored = site.read("vinylrestore", "back")["status"]
    assert restored["covers"] == COVERS
    site.await_condition("Ready", "True")
    until(lambda: {served["manifest"] for served in site.status()["served"]} == {restored["manifest"]}, "its manifest")
    assert site.answers() == [COVERS, COVERS]


def test_one_asked_for_by_hand_is_made_and_told_and_retention_drops_the_oldest_with_its_record(site: Site) -> None:
    site.install({"backup": {"questions": 0, "retention": {"count": 1}}})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    for name in ("first", "second"):
        site.add_cover()
        site.apply(site.backup(name))
        site.await_condition("Complete", "True", "BackedUp", "vinylbackup", name)
    until(
        lambda: [b["metadata"]["name"] for b in site.read("vinylbackups")["items"]] == ["second"] or None, "retention"
    )
    site.await_status("backup.backups", 1)


def test_a_restore_elsewhere_touches_neither_the_index_nor_its_pods(site: Site, s3: S3Client) -> None:
    site.install({"backup": {"questions": 0}})
    site.operator.start()
    site.await_condition("Serving", "True", "AllServing")
    site.apply(site.backup("first"))
    site.await_condition("Complete", "True", "BackedUp", "vinylbackup", "first")
    pods, manifest = site.pods(), site.status()["index"]["manifest"]
    site.apply(site.restore("copy", source={"backup": "first"}, target={"prefix": "copy"}))
    site.await_condition("Complete", "True", "Complete", "vinylrestore", "copy")
    assert s3.list_objects_v2(Bucket=site.bucket, Prefix="copy/manifests/")["KeyCount"] == 1
    assert (site.pods(), site.status()["index"]["manifest"]) == (pods, manifest)


def test_a_restore_of_a_backup_that_is_not_there_is_refused_in_words(site: Site) -> None:
    site.install({"backup": {"questions": 0}})
    site.operator.start()
    site.apply(site.restore("back", source={"backup": "nobody"}))
    site.await_condition("Failed", "True", "Refused", "vinylrestore", "back")
    (condition,) = [c for c in site.read("vinylrestore", "back")["status"]["conditions"] if c["type"] == "Failed"]
    assert condition["message"] == "there is no VinylBackup nobody of records"
