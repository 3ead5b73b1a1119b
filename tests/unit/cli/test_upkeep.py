"""`compact`, `collect` and the pins, by hand."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.synth.sleeves import Sleeve

pytestmark = pytest.mark.unit


@pytest.fixture
def grown(run: Run, covers: Path, sleeves: list[Sleeve]) -> Run:
    """Two segments: one of three covers, one of two."""
    for made in sleeves[:3]:
        (covers / made.id).rename(covers.parent / made.id.replace("/", "-"))
    assert run("index", "build", covers).exit_code == 0
    for made in sleeves[:3]:
        (covers.parent / made.id.replace("/", "-")).rename(covers / made.id)
    assert run("index", "build", covers).exit_code == 0
    return run


def test_compact_says_what_it_did_and_keeps_every_cover(grown: Run, sleeves: list[Sleeve]) -> None:
    assert "0 segments merged into 0" in grown("compact").stdout  # two are too few
    grown("index", "remove", sleeves[0].id)
    answer = grown("compact", "--fan-in", "2")
    assert answer.exit_code == 0
    assert "merged into 1, 1 dead cover dropped" in answer.stdout
    assert grown("index", "list").stdout.splitlines() == sorted(made.id for made in sleeves[1:])


def test_collect_keeps_what_is_young_and_what_is_pinned(grown: Run, tmp_path: Path) -> None:
    assert grown("index", "pin", "first", "--number", "2").stdout == "first keeps manifest 2\n"
    assert grown("index", "pin", "now").stdout == "now keeps manifest 3\n"
    assert "deleted 0 manifests and 0 files" in grown("collect", "--keep", "1").stdout
    then = time.time() - 30 * 3_600
    for path in (tmp_path / "data" / "index").rglob("*.json"):
        os.utime(path, (then, then))
    assert "would delete 1 manifest and 0 files" in grown("collect", "--keep", "1", "--dry-run").stdout
    assert "deleted 1 manifest and 0 files (0 bytes); 2 manifests stay" in grown("collect", "--keep", "1").stdout
    assert [line.split("\t")[:2] for line in grown("index", "pins").stdout.splitlines()] == [
        ["first", "2"],
        ["now", "3"],
    ]
    assert grown("index", "unpin", "first").exit_code == 0
    assert "deleted 1 manifest" in grown("collect", "--keep", "1").stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["collect", "--grace-hours", "1"], 2),
        (["collect", "--keep", "0"], 2),
        (["compact", "--fan-in", "1"], 2),
        (["index", "pin", "../x"], 2),
        (["index", "unpin", "none"], 1),
        (["index", "pin", "x", "--number", "99"], 1),
    ],
)
def test_what_is_not_allowed_is_said_in_one_line(run: Run, covers: Path, words: list[str], code: int) -> None:
    answer = run(*words)
    assert answer.exit_code == code
    assert "rror" in answer.stderr


@pytest.mark.parametrize("words", [["compact"], ["collect"], ["index", "pin", "x"]])
def test_nothing_is_made_where_no_index_is(run: Run, tmp_path: Path, words: list[str]) -> None:
    answer = run(*words)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: nothing is committed")
    assert not (tmp_path / "data" / "index" / "manifests").exists()
