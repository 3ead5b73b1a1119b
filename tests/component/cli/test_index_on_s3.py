"""The command line on an index in a real S3 server, as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.servers import SeaweedFS
from tests.support.servers import make_bucket
from vinymatic.settings import descriptions
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.component

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def vinymatic(seaweedfs: SeaweedFS, tmp_path: Path) -> Call:
    """Runs `vinymatic` with these words against a bucket of its own."""
    bucket = make_bucket(seaweedfs.s3())
    ours = {row.name for row in descriptions()}
    environment = {name: value for name, value in os.environ.items() if name not in ours} | {
        "INDEX_URL": f"s3://{bucket}/index",
        "S3_BUCKET": bucket,
        "S3_ENDPOINT_URL": seaweedfs.endpoint,
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "secret",
        "BACKUP_FOLDER": str(tmp_path / "data"),
    }

    def call(*words: str | Path, **overrides: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "vinymatic", *map(str, words)],
            env=environment | overrides,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


def test_a_folder_is_indexed_searched_backed_up_lost_and_restored(
    vinymatic: Call, seaweedfs: SeaweedFS, tmp_path: Path
) -> None:
    covers = tmp_path / "covers"
    sleeves = [sleeve(seed, side=400) for seed in range(4)]
    for made in sleeves:
        path = covers / made.id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made.jpeg())
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(simulate(sleeves[1].image, 5, Level.MEDIUM).jpeg())

    built = vinymatic("index", "build", covers)
    assert (built.returncode, built.stderr) == (0, "")
    found = vinymatic("index", "search", "--json", photo)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["covers"][0]["id"] == sleeves[1].id

    backed_up = vinymatic("backup")
    assert backed_up.returncode == 0, backed_up.stderr
    s3, bucket = seaweedfs.s3(), backed_up.stdout.split("/")[2]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="index/"):
        for item in page["Contents"]:
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    lost = vinymatic("index", "show")
    assert lost.returncode == 1
    assert lost.stderr == f"error: nothing is committed in s3://{bucket}/index yet\n"

    restored = vinymatic("restore")
    assert restored.returncode == 0, restored.stderr
    again = vinymatic("index", "search", "--json", photo)
    assert json.loads(again.stdout)["covers"][0]["id"] == sleeves[1].id


def test_lost_features_are_made_again_from_the_scans_in_the_bucket(vinymatic: Call, seaweedfs: SeaweedFS) -> None:
    s3 = seaweedfs.s3()
    bucket = vinymatic("index", "show").stderr.split("/")[2]
    sleeves = [sleeve(seed, side=400) for seed in range(3)]
    for made in sleeves:
        s3.put_object(Bucket=bucket, Key=made.id, Body=made.jpeg())
    imported = vinymatic("import", "--bucket")
    assert "3 covers added" in imported.stdout, imported.stderr
    assert vinymatic("index", "verify").returncode == 0
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="index/segments/")["Contents"]
    for item in listed:
        if "points" in item["Key"] or "codes" in item["Key"]:
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    verified = vinymatic("index", "verify")
    assert (verified.returncode, verified.stdout.count("it is not there")) == (1, 2)
    repaired = vinymatic("index", "repair")
    assert repaired.returncode == 0, repaired.stderr
    assert "3 of its 3 covers made again from their scans" in repaired.stdout
    assert vinymatic("index", "verify").stdout.splitlines()[0].endswith("all good")
    assert vinymatic("index", "list").stdout.splitlines() == sorted(made.id for made in sleeves)


@pytest.mark.parametrize("word", ["show", "verify", "repair"])
def test_a_store_that_is_not_there_is_one_line(vinymatic: Call, word: str) -> None:
    answer = vinymatic("index", word, S3_ENDPOINT_URL="http://127.0.0.1:9")
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: ")
    assert answer.stderr.count("\n") == 1
    assert "127.0.0.1:9" in answer.stderr


def test_half_a_key_pair_is_one_line_that_names_the_other_half(vinymatic: Call) -> None:
    answer = vinymatic("index", "show", S3_SECRET_ACCESS_KEY="")
    assert answer.returncode == 2
    assert answer.stderr.startswith("error: S3_SECRET_ACCESS_KEY=")
