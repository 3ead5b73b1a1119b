"""RESULT_FILE: what a command came to, for whoever started it and reads no text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.cli.conftest import Run
from vinymatic.cli import outcome
from vinymatic.cli.outcome import MOST_BYTES, to_json
from vinymatic.lifecycle.summary import IndexSummary
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def result_file(run: Run, covers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where results go; the index holds the covers, the backup is a folder."""
    assert run("index", "build", covers).exit_code == 0
    path = tmp_path / "result"
    monkeypatch.setenv("RESULT_FILE", str(path))
    monkeypatch.setenv("BACKUP_URL", (tmp_path / "backup").as_uri())
    return path


def result_of(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    assert len(data) <= MOST_BYTES
    return dict(json.loads(data))


def test_the_steps_of_a_retraining_tell_what_they_came_to(run: Run, result_file: Path) -> None:
    assert run("train").exit_code == 0
    train = result_of(result_file)
    assert train["command"] == "train"
    assert train["outcome"] == {"epoch": 1, "number": 4, "trained": True, "encoded": 1, "commits": 1}
    summary = IndexSummary.model_validate(train["index"])
    assert (summary.manifest, summary.candidate_epoch, summary.candidate_complete) == (4, 1, True)

    run("gate", "--photos", "4", "--slowdown", "1000")
    gate = result_of(result_file)["outcome"]
    assert (gate["epoch"], gate["number"], gate["passed"], gate["failures"]) == (1, 4, True, [])
    (measured,) = gate["rounds"]
    assert set(measured["active"]) == {"photos", "recall", "false_accepts", "median_seconds"}

    run("promote")
    assert result_of(result_file)["outcome"] == {"changed": True, "number": 5, "active_epoch": 1}
    run("rollback")
    assert result_of(result_file)["outcome"] == {"changed": True, "number": 6, "active_epoch": 0}
    run("retire")
    assert result_of(result_file)["outcome"]["changed"] is True
    run("discard")
    discard = result_of(result_file)
    assert discard["outcome"] == {"changed": False, "number": 7, "active_epoch": 0}
    assert discard["index"]["previous_epoch"] is None


def test_parts_of_the_encoding_are_told_and_come_from_the_environment_of_an_indexed_job(
    run: Run, result_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("encode").exit_code == 1
    assert result_of(result_file)["error"]["code"] == "epoch"
    run("train", "--no-encode")
    begun = result_of(result_file)
    assert (begun["outcome"]["encoded"], begun["index"]["candidate_complete"]) == (0, False)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    assert run("encode").exit_code == 2
    assert result_of(result_file)["error"]["code"] == "usage"
    outcomes = []
    for part in ("0", "1"):
        monkeypatch.setenv("JOB_COMPLETION_INDEX", part)
        assert run("encode", "--parts", "2").exit_code == 0
        outcomes.append(result_of(result_file)["outcome"])
    assert [found["part"] for found in outcomes] == [0, 1]
    assert sum(found["encoded"] for found in outcomes) == 1
    assert outcomes[-1] | {"encoded": 0, "commits": 0} == {
        "epoch": 1,
        "number": 4,
        "part": 1,
        "parts": 2,
        "encoded": 0,
        "commits": 0,
        "lacking": 0,
    }
    assert result_of(result_file)["index"]["candidate_complete"] is True


def test_a_gate_that_is_not_passed_is_an_outcome_and_no_error(run: Run, result_file: Path) -> None:
    run("train")
    assert run("gate", "--photos", "4", "--recall-loss", "-1").exit_code == 1
    gate = result_of(result_file)
    assert "error" not in gate
    assert gate["outcome"]["passed"] is False
    assert gate["outcome"]["failures"]


def test_backups_and_their_drills_tell_what_they_came_to(run: Run, result_file: Path, tmp_path: Path) -> None:
    run("backup")
    backup = result_of(result_file)
    assert (backup["command"], backup["index"]["manifest"]) == ("backup", 2)
    assert set(backup["outcome"]) == {"number", "copied_files", "copied_bytes", "skipped_files", "questions"}
    run("drill")
    drill = result_of(result_file)
    assert "index" not in drill
    assert (drill["outcome"]["passed"], drill["outcome"]["right"], drill["outcome"]["number"]) == (True, 5, 2)
    run("restore", "--to", (tmp_path / "elsewhere").as_uri())
    restore = result_of(result_file)
    assert (restore["outcome"]["backup_number"], restore["index"]["manifest"]) == (2, 3)
    run("backup", "prune", "--keep-count", "1")
    prune = result_of(result_file)
    assert prune["command"] == "backup prune"
    assert (prune["outcome"]["kept"], prune["outcome"]["dropped"], prune["outcome"]["deleted_files"]) == ([2], [], 0)
    points = next((tmp_path / "backup").rglob("features.points.safetensors"))
    points.write_bytes(b"damaged")
    assert run("drill").exit_code == 1
    assert result_of(result_file)["outcome"]["passed"] is False


def test_upkeep_and_a_look_tell_what_the_index_is(run: Run, result_file: Path) -> None:
    for words, field in (("compact", "merged"), ("collect", "freed_bytes")):
        run(words)
        found = result_of(result_file)
        assert (found["outcome"][field], found["index"]["covers"]) == (0, 5)
    run("index", "show")
    shown = result_of(result_file)
    assert (shown["command"], shown["outcome"], shown["index"]["covers"]) == ("index show", {}, 5)
    run("index", "remove", "no such cover")
    removed = result_of(result_file)
    assert (removed["outcome"]["unknown"], removed["outcome"]["passed"], removed["index"]["covers"]) == (1, False, 5)
    run("retrain", "--if-due")
    assert result_of(result_file)["outcome"] == {"due": False}


def test_an_error_is_told_by_its_code(
    run: Run, result_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("promote").exit_code == 1
    assert result_of(result_file) == {
        "command": "promote",
        "error": {"code": "epoch", "message": "there is no candidate to promote; `vinymatic train` makes one"},
    }
    for words in (("compact", "--fan-in", "1"), ("backup", "--no-such-option"), ("erase",)):
        assert run(*words).exit_code == 2
        found = result_of(result_file)
        assert (found["command"], found["error"]["code"]) == (words[0], "usage")
    monkeypatch.setenv("SIFT_DIMENSIONS", "a lot")
    assert run("train").exit_code == 2
    assert result_of(result_file)["error"]["code"] == "bad_setting"
    monkeypatch.delenv("SIFT_DIMENSIONS")
    shutil.rmtree(tmp_path / "data" / "index")
    assert run("train").exit_code == 1
    assert result_of(result_file)["error"]["code"] == "no_index"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device"), {"code": "os_error", "message": "[Errno 28] No space left on device"}),
        (ZeroDivisionError("by 0"), {"code": "unexpected", "message": "ZeroDivisionError: by 0"}),
    ],
)
def test_what_nobody_translated_is_told_too(
    run: Run, result_file: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, expected: dict[str, str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("vinymatic.lifecycle.compaction.compact", broken)
    if isinstance(error, OSError):
        assert run("compact").exit_code == 1
    else:
        with pytest.raises(ZeroDivisionError):
            run("compact")
    assert result_of(result_file) == {"command": "compact", "error": expected}


def test_a_place_that_cannot_be_written_or_an_index_that_cannot_be_read_does_not_fail_the_command(
    run: Run, result_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = min((tmp_path / "data" / "index" / "manifests").iterdir())

    def damage_it(store: ObjectStore) -> dict[str, object] | None:
        manifest.write_bytes(b"damaged")
        return real(store)

    real = outcome._summary
    monkeypatch.setattr(outcome, "_summary", damage_it)
    answer = run("compact")
    assert answer.exit_code == 0
    assert "the result is without the index" in answer.stderr
    assert set(result_of(result_file)) == {"command", "outcome"}
    monkeypatch.setenv("RESULT_FILE", str(tmp_path))
    answer = run("backup", "list")
    assert answer.exit_code == 0
    assert "the result cannot be written" in answer.stderr


TEXTS = st.text(st.characters(), max_size=3_000)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=300) | st.dictionaries(st.sampled_from("abcdef"), inner),
    max_leaves=400,
)


@given(facts=st.dictionaries(st.sampled_from("abcdef"), VALUES))
def test_a_result_is_always_small_and_valid(facts: dict[str, object]) -> None:
    summary = {"index_id": "x" * 32, "covers": 10**9}
    data = to_json("train", {"outcome": facts, "index": summary})
    assert len(data) <= MOST_BYTES
    found = json.loads(data, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found["command"] == "train"


def test_what_is_cut_is_texts_and_lists_and_never_the_index() -> None:
    facts = {"passed": False, "failures": ["a line that is long " * 40] * 300, "number": 7}
    summary = {"index_id": "y" * 1_000}
    found = json.loads(to_json("gate", {"outcome": facts, "index": summary}))
    assert (found["outcome"]["passed"], found["outcome"]["number"], found["index"]) == (False, 7, summary)
    assert found["outcome"]["failures"][0].endswith("…")
    whole = {"message": "short"}
    assert json.loads(to_json("gate", {"error": whole})) == {"command": "gate", "error": whole}
