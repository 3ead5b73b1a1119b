"""An error of the library becomes one line on stderr and an exit code, never a traceback unless debugging."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from vinymatic.errors import SettingError, VinymaticError

DEBUGGING = "vinymatic.debugging"


@contextmanager
def translated(ctx: click.Context) -> Iterator[None]:
    """Exit code 2 for a setting that is not allowed, 1 for every other error of ours; outside errors stay as they are."""
    try:
        yield
    except VinymaticError as error:
        if ctx.meta.get(DEBUGGING, False):
            raise
        click.echo(f"error: {_one_line(error)}", err=True)
        ctx.exit(2 if isinstance(error, SettingError) else 1)


def _one_line(error: VinymaticError) -> str:
    return " ".join(str(error).split()) or error.code
