"""`vinymatic version`."""

from __future__ import annotations

import click

from vinymatic import __version__


@click.command()
def version() -> None:
    """Print the version of this program."""
    click.echo(__version__)
