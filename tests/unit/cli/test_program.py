"""The program as a whole: quick help, one line for an error, exit codes, commands that others bring."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.unit.cli.conftest import Run
from vinymatic import __version__
from vinymatic.cli import lazy
from vinymatic.cli.lazy import LazyGroup
from vinymatic.cli.program import COMMANDS
from vinymatic.errors import NoIndexError, SettingError

pytestmark = pytest.mark.unit

HEAVY = ("cv2", "faiss", "numpy", "boto3", "pydantic", "fastapi", "PIL")


@pytest.mark.parametrize("words", [["--help"], ["index", "--help"], ["version"]])
def test_help_imports_nothing_heavy(words: Sequence[str]) -> None:
    program = (
        "import sys; from vinymatic.cli.program import vinymatic\n"
        f"vinymatic({list(words)!r}, standalone_mode=False)\n"
        f"print('imported:', [name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("imported: []\n")


def test_the_module_runs_as_the_command_does() -> None:
    done = subprocess.run([sys.executable, "-m", "vinymatic", "version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{__version__}\n"


def test_native_threads_are_preset_before_numpy_is_imported() -> None:
    program = (
        "import sys, os, vinymatic.threads as threads\n"
        "real = threads.preset_native_threads\n"
        "def watched(): print('numpy' in sys.modules); real()\n"
        "threads.preset_native_threads = watched\n"
        "sys.argv = ['vinymatic', 'version']\n"
        "from vinymatic.cli import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False\n")


def test_every_command_listed_can_be_loaded_and_has_help(run: Run) -> None:
    shown = run("--help").stdout
    for name in COMMANDS:
        assert name in shown
        assert run(name, "--help").exit_code == 0
    for name in ("build", "add", "remove", "list", "show", "status", "search"):
        answer = run("index", name, "--help")
        assert answer.exit_code == 0
        assert "--index-url" in answer.stdout


def test_help_shows_the_settings_that_a_command_reads(run: Run) -> None:
    shown = run("index", "build", "--help").stdout
    for name in ("NUM_FEATURES", "NOR_X", "NOR_Y", "INDEX_URL", "S3_ENDPOINT_URL"):
        assert name in shown
    assert "a whole number from 64 to 4096" in " ".join(shown.split())
    assert "TOP_N" not in shown
    assert "TOP_N" in run("index", "search", "--help").stdout


def test_a_setting_that_is_not_allowed_is_one_line_and_exit_code_2(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIFT_DIMENSIONS", "a lot")
    answer = run("index", "show")
    assert answer.exit_code == 2
    assert (
        answer.stderr == "error: SIFT_DIMENSIONS='a lot': allowed is a whole number from 16 to 128, a multiple of 8\n"
    )


def test_an_error_is_one_line_and_exit_code_1(run: Run) -> None:
    answer = run("index", "list")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert answer.stderr.startswith("error: nothing is committed in file://")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("how", ["option", "variable"])
def test_debugging_shows_the_whole_error(run: Run, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "variable":
        monkeypatch.setenv("DEBUG", "1")
    with pytest.raises(NoIndexError):
        run("index", "list", *(["--debug"] if how == "option" else []))


def group_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str | None) -> click.Group:
    """A group to which an entry point brings `sing` from `vinymatic_choir.command`, whose source this is."""
    if source is not None:
        (tmp_path / "vinymatic_choir").mkdir()
        (tmp_path / "vinymatic_choir" / "__init__.py").write_text("")
        (tmp_path / "vinymatic_choir" / "command.py").write_text(source)
        monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("vinymatic_choir", "vinymatic_choir.command"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    entry = EntryPoint("sing", "vinymatic_choir.command:sing", "a.group")
    monkeypatch.setattr(lazy, "entry_points", lambda group: [entry] if group == "a.group" else [])
    return LazyGroup("outer", places={}, entry_points="a.group")


def test_a_brought_command_is_listed_by_its_docstring_without_being_imported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    source = '"""Sings a song.\n\nAt length."""\nraise RuntimeError("imported")\n'
    answer = CliRunner().invoke(group_with(monkeypatch, tmp_path, source), ["--help"])
    assert answer.exit_code == 0
    assert "Sings a song." in answer.stdout
    assert "At length" not in answer.stdout


def test_a_brought_command_runs_and_its_errors_are_translated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (
        "import click\nfrom vinymatic.errors import SettingError\n"
        "@click.command()\n@click.argument('song')\ndef sing(song):\n"
        "    if song == 'none': raise SettingError('SONG', song, 'a song')\n    click.echo(f'la {song}')\n"
    )
    group = group_with(monkeypatch, tmp_path, source)
    assert CliRunner().invoke(group, ["sing", "mi"]).stdout == "la mi\n"
    failed = CliRunner().invoke(group, ["sing", "none"])
    assert failed.exit_code == 2
    assert failed.stderr == f"error: {SettingError('SONG', 'none', 'a song')}\n"


def test_a_full_disk_is_one_line_and_a_bug_is_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (
        "import click, errno\n@click.command()\n@click.argument('how')\ndef sing(how):\n"
        "    if how == 'full': raise OSError(errno.ENOSPC, 'No space left on device')\n    raise ZeroDivisionError\n"
    )
    group = group_with(monkeypatch, tmp_path, source)
    full = CliRunner().invoke(group, ["sing", "full"])
    assert (full.exit_code, full.stderr) == (1, "error: [Errno 28] No space left on device\n")
    assert isinstance(CliRunner().invoke(group, ["sing", "bug"]).exception, ZeroDivisionError)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (None, "sing is not installed (vinymatic_choir is missing): pip install 'vinymatic[choir]'"),
        ("import no_such_module", "sing is not installed (no_such_module is missing): pip install 'vinymatic[choir]'"),
        ("1 / 0", "sing is broken: ZeroDivisionError: division by zero"),
        ("sing = 1", "sing is broken: it is no command"),
    ],
)
def test_a_missing_or_broken_extra_is_one_line_and_spares_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str | None, line: str
) -> None:
    group = group_with(monkeypatch, tmp_path, source)
    answer = CliRunner().invoke(group, ["sing"])
    assert answer.exit_code == 1
    assert answer.stderr == f"Error: {line}\n"
    assert CliRunner().invoke(group, ["--help"]).exit_code == 0


@pytest.mark.parametrize(("number", "ended"), [(1, True), (2, False)])
def test_the_first_process_of_a_container_can_be_ended_before_its_service_listens(number: int, ended: bool) -> None:
    program = (
        "import os, signal, sys, time; from vinymatic.cli import program\n"
        f"os.getpid = lambda: {number}\n"
        # What the kernel does for a container's first process.
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "program.vinymatic = lambda **_: signal.raise_signal(signal.SIGTERM)\n"
        "program.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == (143 if ended else 0)
