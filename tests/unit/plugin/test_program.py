"""The command line itself: help, and what it does not take."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from vinymatic_operator.plugin.options import seconds
from vinymatic_operator.plugin.program import COMMANDS, vinyl

pytestmark = pytest.mark.unit


def run(*arguments: str) -> tuple[int, str]:
    """Exit code and everything printed, in words that no line break parts."""
    done = CliRunner().invoke(vinyl, list(arguments), prog_name="kubectl vinyl")
    return done.exit_code, " ".join(done.output.split())


def test_the_help_says_how_it_is_run_and_lists_the_commands() -> None:
    code, text = run("--help")
    assert (code, "Runs as `kubectl vinyl` wherever `kubectl-vinyl` is on the PATH" in text) == (0, True)
    assert all(place.help in text for place in COMMANDS.values())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_name_namespace_and_context(command: str) -> None:
    code, text = run(command, "--help")
    assert code == 0
    assert text.startswith(f"Usage: kubectl vinyl {command} [OPTIONS] [NAME]")
    assert "--namespace" in text
    assert "--context" in text
    assert ("--dry-run" in text) == (command not in ("status", "backups"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["retrain", "--dry-run", "--wait"], "--dry-run and --wait exclude each other"),
        (["retrain", "--timeout", "soon"], "'soon' is no duration such as 90s, 30m or 1h30m"),
        (["restore", "--time", "yesterday"], "'yesterday' is no time such as 2026-11-01T12:00Z"),
        (["restore", "--manifest", "1", "--backup", "b"], "--backup, --time and --manifest exclude each other"),
        (["restore", "--to-bucket", "copies"], "--to-bucket needs --to-prefix"),
    ],
)
def test_what_means_nothing_is_said_before_anybody_is_asked(arguments: list[str], why: str) -> None:
    code, text = run(*arguments)
    assert (code, why in text) == (2, True), text


@pytest.mark.parametrize(("text", "expected"), [("90", 90.0), ("90s", 90.0), ("30m", 1800.0), ("1h30m", 5400.0)])
def test_a_timeout_is_given_as_in_kubectl(text: str, expected: float) -> None:
    context = vinyl.make_context("kubectl vinyl", ["status"])
    assert seconds(context, vinyl.params[0], text) == expected
