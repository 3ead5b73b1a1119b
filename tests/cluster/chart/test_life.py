"""A release on a real API server: what is installed works, and what the operator and the bucket hold outlives every step of Helm's."""

from __future__ import annotations

import pytest
from mypy_boto3_s3 import S3Client

from tests.cluster.chart.release import Release
from tests.support.servers import Pipeline
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.cluster

HELD = {"INDEX_EPOCH": "0", "INDEX_MIN_MANIFEST": "1"}


def put_cover(pipeline: Pipeline, number: int) -> None:
    made = sleeve(number)
    pipeline.s3.put_object(Bucket=pipeline.bucket, Key=made.id, Body=made.jpeg())


@pytest.mark.timeout(900)
def test_the_index_outlives_every_step_of_a_releases_life(
    release: Release, pipeline: Pipeline, s3: S3Client, bucket: str
) -> None:
    # The definitions come with the release, before the VinylIndex of the same release.
    release.install()
    put_cover(pipeline, 1)
    release.await_covers(1)
    release.await_ready()

    # What the operator patched in is nobody's who does not name it.
    release.roll(HELD)
    release.await_rolled_out()
    release.upgrade({"api": {"topN": 3}})
    assert HELD.items() <= (told := release.variables()).items()
    assert told["TOP_N"] == "3"
    release.await_rolled_out()
    release.roll_back()
    assert HELD.items() <= (told := release.variables()).items()
    assert told["TOP_N"] == "5"
    release.await_rolled_out()
    put_cover(pipeline, 2)
    release.await_covers(2)

    release.uninstall()
    assert release.read("vinylindexes,deployments,services")["items"] == []
    assert len(release.read("customresourcedefinitions")["items"]) == 3
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] > 0

    release.install()
    release.await_covers(2)
    release.await_ready()
