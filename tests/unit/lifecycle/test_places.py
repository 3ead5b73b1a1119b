"""Settings turned into places: the original's variables alone, and everything in one bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from vinymatic.errors import SettingError
from vinymatic.lifecycle.places import (
    backup_store,
    cache_folder,
    change_queue,
    covers_store,
    index_store,
    is_own_key,
    is_within,
    labelled_store,
    retention_policy,
    work_folder,
)
from vinymatic.lifecycle.retention import RetentionPolicy
from vinymatic.settings import IngestorSettings, load

pytestmark = pytest.mark.unit

KEYS = {"S3_ACCESS_KEY_ID": "id", "S3_SECRET_ACCESS_KEY": "secret"}


def settings(**environment: str) -> IngestorSettings:
    return load(IngestorSettings, {**KEYS, **environment})


def test_with_the_original_variables_alone_the_index_is_on_disk_and_its_backup_in_the_bucket(tmp_path: Path) -> None:
    chosen = settings(BACKUP_FOLDER=str(tmp_path / "ö data"), S3_BUCKET="covers")
    index, backup = index_store(chosen), backup_store(chosen)
    assert index.url == (tmp_path / "ö data" / "index").as_uri()
    index.put("manifests/1.json", b"{}")
    assert index.local_path("manifests/1.json") == tmp_path / "ö data" / "index" / "manifests" / "1.json"
    assert backup is not None
    assert backup.url == "s3://covers/vinymatic-backup"
    assert covers_store(chosen).url == "s3://covers"


def test_a_relative_folder_is_taken_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert index_store(settings(BACKUP_FOLDER="data")).url == (tmp_path / "data" / "index").as_uri()


def test_urls_win_over_folders() -> None:
    chosen = settings(INDEX_URL="s3://index/v1", BACKUP_URL="file:///mnt/backup", S3_BUCKET="covers")
    backup = backup_store(chosen)
    assert index_store(chosen).url == "s3://index/v1"
    assert backup is not None
    assert backup.url == "file:///mnt/backup"


def test_without_a_bucket_there_is_no_backup_and_no_covers() -> None:
    assert backup_store(settings()) is None
    with pytest.raises(SettingError, match="S3_BUCKET"):
        covers_store(settings())


def test_without_a_queue_url_there_is_no_queue() -> None:
    assert change_queue(settings()) is None
    assert change_queue(settings(SQS_QUEUE_URL="http://127.0.0.1:1/0/covers")) is not None


def test_readers_and_writers_keep_their_copies_apart(tmp_path: Path) -> None:
    chosen = settings(BACKUP_FOLDER=str(tmp_path))
    folders = {cache_folder(chosen), work_folder(chosen), tmp_path / "index"}
    assert len(folders) == 3
    assert all(folder.parent == tmp_path for folder in folders)


@pytest.mark.parametrize(
    ("name", "missing"),
    [("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY"), ("S3_SECRET_ACCESS_KEY", "S3_ACCESS_KEY_ID")],
)
def test_half_a_key_pair_names_the_missing_half(name: str, missing: str) -> None:
    chosen = load(IngestorSettings, {name: "hush-hush", "S3_BUCKET": "covers", "SQS_QUEUE_URL": "http://127.0.0.1:1/q"})
    for place in (covers_store, index_store, change_queue):
        with pytest.raises(SettingError, match=f"^{missing}=''") as caught:
            place(chosen)
        assert "hush-hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("environment", "own", "covers"),
    [
        ({}, ["vinymatic-backup/manifests/1.json"], ["vinymatic-backup.jpg", "manifests/x.jpg", "a.jpg"]),
        ({"INDEX_URL": "s3://covers/index/"}, ["index/segments/x"], ["index", "indexes/a.jpg", "index.jpg"]),
        (
            {"INDEX_URL": "s3://covers"},
            ["manifests/1.json", "rejects/x.json", "drills/1.json"],
            ["a.jpg", "segments.jpg"],
        ),
        ({"INDEX_URL": "s3://other/index"}, [], ["index/a.jpg"]),
        ({"BACKUP_URL": "s3://covers/b/c"}, ["b/c/x"], ["b/d.jpg", "vinymatic-backup/x"]),
        ({"BACKUP_URL": "file:///covers/b"}, [], ["b/x", "covers/b/x", "/covers/b/x"]),
    ],
)
def test_our_own_objects_in_the_covers_bucket_are_no_covers(
    environment: dict[str, str], own: list[str], covers: list[str]
) -> None:
    chosen = settings(S3_BUCKET="covers", **environment)
    assert [key for key in own if not is_own_key(chosen, key)] == []
    assert [key for key in covers if is_own_key(chosen, key)] == []


@pytest.mark.parametrize("url", ["s3://covers/index", "s3://covers/index/"])
def test_the_index_is_no_place_for_its_own_backup(url: str) -> None:
    with pytest.raises(SettingError, match="another place than the index itself"):
        backup_store(settings(INDEX_URL="s3://covers/index", BACKUP_URL=url))


def test_retention_is_what_is_set_and_keeps_all_by_default() -> None:
    assert retention_policy(settings()).keeps_all
    assert retention_policy(settings(BACKUP_KEEP_COUNT="3", BACKUP_KEEP_DAYS="1.5")) == RetentionPolicy(3, 1.5)


def test_a_file_in_the_place_of_backup_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingError, match="BACKUP_FOLDER"):
        index_store(settings(BACKUP_FOLDER=str(tmp_path / "file" / "data")))


def test_labelled_photos_are_where_the_setting_says_and_never_taken_for_covers() -> None:
    assert labelled_store(settings()) is None
    chosen = settings(S3_BUCKET="covers", GATE_PHOTOS_URL="s3://covers/phone", INDEX_URL="s3://covers/index")
    store = labelled_store(chosen)
    assert store is not None
    assert store.url == "s3://covers/phone"
    assert is_own_key(chosen, "phone/1.jpg")
    assert not is_own_key(chosen, "phones/1.jpg")
    elsewhere = settings(S3_BUCKET="covers", GATE_PHOTOS_URL="s3://photos", INDEX_URL="s3://covers/index")
    assert not is_own_key(elsewhere, "phone/1.jpg")


@pytest.mark.parametrize("url", ["s3://covers", "s3://covers/"])
def test_labelled_photos_among_the_covers_are_refused(url: str) -> None:
    with pytest.raises(SettingError, match="GATE_PHOTOS_URL"):
        labelled_store(settings(S3_BUCKET="covers", GATE_PHOTOS_URL=url))


@pytest.mark.parametrize(
    ("url", "place", "expected"),
    [
        ("s3://b/index", "s3://b/index/", True),
        ("s3://b/index/backup", "s3://b/index", True),
        ("s3://b/vinymatic-backup", "s3://b", True),
        ("s3://b/index-backup", "s3://b/index", False),
        ("s3://b", "s3://b/index", False),
        ("s3://other/index", "s3://b/index", False),
        ("file:///b/index", "s3://b/index", False),
        ("file:///data/a%20b/x", "file:///data/a b", True),
        ("file:///data/index/../backup", "file:///data/index", False),
        ("", "s3://b", False),
        ("s3://b", "", False),
    ],
)
def test_a_place_in_another_is_seen(url: str, place: str, expected: bool) -> None:
    assert is_within(url, place) is expected
