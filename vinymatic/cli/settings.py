"""`vinymatic settings`: the reference of all environment variables."""

from __future__ import annotations

import textwrap

import click

from vinymatic.settings import descriptions
from vinymatic.settings import markdown as page


@click.command()
@click.option("--markdown", is_flag=True, help="As the page docs/settings.md.")
def settings(markdown: bool) -> None:
    """Print every environment variable: its meaning, what is allowed, its default."""
    if markdown:
        click.echo(page(), nl=False)
        return
    for row in descriptions():
        click.echo(row.name)
        click.echo(textwrap.fill(row.help, 100, initial_indent="    ", subsequent_indent="    "))
        defaults = ", ".join(f"{process} {value or 'empty'}" for process, value in row.defaults.items())
        click.echo(f"    allowed: {row.allowed}" + (f"; default: {defaults}" if defaults else ""))
