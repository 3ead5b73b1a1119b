"""Other programs, run to their end."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from local.errors import MissingToolError
from tests.e2e.bare.errors import CommandError

_SHOWN_CHARACTERS = 3_000


def run(
    *command: str | Path,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: str | None = None,
) -> str:
    """What the program printed on standard output. Raises `CommandError`, `MissingToolError`."""
    try:
        done = subprocess.run(
            command, env=environment, cwd=folder, input=stdin, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise MissingToolError(f"{error.filename} is not installed: run `python -m tests.e2e.bare packages`") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip())[-_SHOWN_CHARACTERS:]
        raise CommandError(f"{' '.join(map(str, command))[:300]} ended with {done.returncode}:\n{said}")
    return done.stdout


def succeeds(*command: str | Path) -> bool:
    """Whether the program ends with 0."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def missing(*programs: str) -> list[str]:
    return [program for program in programs if shutil.which(program) is None]
