"""An error of the library becomes one line on stderr and an exit code, never a traceback unless debugging."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import click

from vinymatic.errors import SettingError, VinymaticError

DEBUGGING = "vinymatic.debugging"


@contextmanager
def translated(ctx: click.Context) -> Iterator[None]:
    """Exit code 2 for a setting that is not allowed, 1 for every other error of ours and for those of files; the rest are bugs and stay."""
    try:
        yield
    except VinymaticError as error:
        if ctx.meta.get(DEBUGGING, False):
            raise
        click.echo(f"error: {_one_line(error)}", err=True)
        ctx.exit(2 if isinstance(error, SettingError) else 1)
    except OSError as error:
        # A full disk, a folder that may not be written. A closed pipe (`| head`) is click's to end quietly.
        if error.errno == errno.EPIPE or ctx.meta.get(DEBUGGING, False):
            raise
        click.echo(f"error: {error}", err=True)
        ctx.exit(1)


def _one_line(error: VinymaticError) -> str:
    return " ".join(str(error).split()) or error.code
