"""`vinymatic import` from a folder, its options, and `vinymatic export`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.cli import imports
from vinymatic.cli.index import scans
from vinymatic.cli.index.scans import Scan
from vinymatic.errors import StorageUnavailableError
from vinymatic.lifecycle.bulk import Outcome
from vinymatic.lifecycle.patience import Patience
from vinymatic.storage.local import LocalStore
from vinymatic.synth.sleeves import Sleeve

pytestmark = pytest.mark.unit


def listed(run: Run) -> list[str]:
    return run("index", "list").stdout.splitlines()


def test_a_folder_is_imported_and_a_second_run_changes_nothing(run: Run, covers: Path, sleeves: list[Sleeve]) -> None:
    (covers / "bad.jpg").write_text("no")
    first = run("import", covers, "--batch", "2")
    assert first.exit_code == 0
    assert "5 covers added, 0 replaced, 0 unchanged, 1 refused; manifest 4" in first.stdout
    assert first.stderr.startswith("refused: bad.jpg: ")
    assert listed(run) == sorted(made.id for made in sleeves)
    assert "0 covers added, 0 replaced, 5 unchanged, 1 refused; manifest 4" in run("import", covers).stdout


def test_prune_shows_and_only_with_yes_deletes_what_the_folder_lost(
    run: Run, covers: Path, sleeves: list[Sleeve]
) -> None:
    run("import", covers)
    assert "every cover has its scan" in run("import", covers, "--prune").stdout
    (covers / sleeves[0].id).unlink()
    shown = run("import", covers, "--prune")
    assert f"would delete: {sleeves[0].id}\n1 cover would be deleted; nothing is, without --yes" in shown.stdout
    assert len(listed(run)) == 5
    assert "1 cover deleted whose scans are gone" in run("import", covers, "--prune", "--yes").stdout
    assert listed(run) == sorted(made.id for made in sleeves[1:])


def test_many_covers_to_prune_are_not_all_shown(
    run: Run, covers: Path, sleeves: list[Sleeve], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vinymatic.cli.imports._SHOWN", 2)
    run("import", covers)
    for made in sleeves[1:]:
        (covers / made.id).unlink()
    answer = run("import", covers, "--prune").stdout
    assert answer.count("would delete: ") == 2
    assert "and 2 more\n4 covers would be deleted" in answer


def test_an_empty_folder_prunes_nothing(run: Run, covers: Path, tmp_path: Path) -> None:
    run("import", covers)
    (tmp_path / "empty").mkdir()
    assert run("import", tmp_path / "empty", "--prune", "--yes").exit_code == 1
    assert len(listed(run)) == 5


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["FOLDER", "--bucket"],
        ["--bucket", "--keys", "FILE"],
        ["FOLDER", "--to-queue"],
        ["FOLDER", "--prefix", "a"],
        ["--bucket", "--columns", "Bucket, Key"],
        ["--keys", "FILE", "--prune"],
        ["--bucket", "--to-queue", "--prune"],
        ["FOLDER", "--yes"],
    ],
)
def test_options_that_contradict_each_other_are_exit_code_2(run: Run, tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "file").touch()
    places = {"FOLDER": str(tmp_path), "FILE": str(tmp_path / "file")}
    answer = run("import", *(places.get(word, word) for word in words))
    assert answer.exit_code == 2
    assert answer.stderr.startswith("Usage: ")


def test_a_source_in_a_bucket_needs_to_know_which(run: Run) -> None:
    answer = run("import", "--bucket")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("error: S3_BUCKET=")


def test_an_inventory_of_another_bucket_is_one_line_and_makes_no_index(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_BUCKET", "ours")
    (tmp_path / "inventory.csv").write_text('"theirs","a.jpg"\n')
    answer = run("import", "--inventory", tmp_path / "inventory.csv")
    assert answer.exit_code == 1
    assert answer.stderr == ("error: line 1 of the inventory: it lists the bucket 'theirs'; S3_BUCKET is 'ours'\n")
    assert not (tmp_path / "data").exists()


def test_a_run_that_an_outage_ends_says_what_stays_and_how_to_go_on(
    run: Run, covers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = scans.read_scan
    names = [scan.id for scan in scans.find_scans(covers)]

    def away_after_three(scan: Scan, known: str | None, **how: Any) -> Outcome:
        if scan.id in names[3:]:
            raise StorageUnavailableError("get x: 503")
        return real(scan, known, **how)

    monkeypatch.setattr(scans, "read_scan", away_after_three)
    monkeypatch.setattr("vinymatic.lifecycle.bulk.Patience", lambda: Patience([0], lambda _: None))
    answer = run("import", covers, "--prune", "--yes")
    assert answer.exit_code == 1
    assert "3 covers added, 0 replaced, 0 unchanged, 0 refused; manifest 2\nstopped half-way" in answer.stdout
    assert answer.stderr == "error: get x: 503\n"
    assert len(listed(run)) == 3


def test_a_queue_that_stops_taking_messages_ends_the_run_with_the_number_sent(
    run: Run, covers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def send_many(self, bodies: Sequence[str]) -> list[str]:
            return list(bodies[2:]) if len(bodies) == 5 else list(bodies)

    monkeypatch.setenv("S3_BUCKET", "ours")
    monkeypatch.setattr(imports, "covers_store", lambda _: LocalStore(covers, url="s3://ours"))
    monkeypatch.setattr(imports, "change_queue", lambda _: Full())
    monkeypatch.setattr(imports, "Patience", lambda: Patience([0, 0], lambda _: None))
    answer = run("import", "--bucket", "--to-queue")
    assert answer.exit_code == 1
    assert answer.stdout.startswith("2 of 5 keys were sent; stopped half-way")
    assert answer.stderr == "error: the queue did not take 3 of 3 messages\n"


def test_the_queue_way_needs_a_queue(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_BUCKET", "ours")
    answer = run("import", "--bucket", "--to-queue")
    assert answer.exit_code == 2
    assert answer.stderr.startswith("error: SQS_QUEUE_URL=")


def test_export_writes_every_cover_as_csv_and_as_json_lines(
    run: Run, covers: Path, sleeves: list[Sleeve], tmp_path: Path
) -> None:
    run("import", covers)
    run("index", "add", covers / sleeves[0].id, "--id", 'komma, "größe"\n🎷.jpg')
    rows = list(csv.DictReader(io.StringIO(run("export").stdout_bytes.decode(), newline="")))
    assert sorted(row["id"] for row in rows) == sorted([made.id for made in sleeves] + ['komma, "größe"\n🎷.jpg'])
    assert {(row["width"], row["height"]) for row in rows} == {("400", "400")}
    file = tmp_path / "covers.jsonl"
    assert run("export", "--format", "jsonl", "--output", file).stdout == f"{file}: 6 covers of manifest 3\n"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [{name: str(value) for name, value in line.items()} for line in lines] == rows


def test_an_export_that_fails_leaves_the_older_file_as_it_is(run: Run, covers: Path, tmp_path: Path) -> None:
    run("import", covers, "--batch", "3")
    file = tmp_path / "covers.csv"
    file.write_text("older")
    victim = max((tmp_path / "data" / "index" / "segments").glob("*/features.covers.safetensors"))
    victim.write_bytes(b"damaged")
    answer = run("export", "--output", file)
    assert (answer.exit_code, answer.stderr.count("error: ")) == (1, 1)
    assert file.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["covers", "covers.csv", "data"]


def test_export_without_an_index_is_one_line(run: Run) -> None:
    answer = run("export")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: nothing is committed in ")
