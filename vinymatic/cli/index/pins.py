"""`vinymatic index pin`, `unpin` and `pins`."""

from __future__ import annotations

import click

from vinymatic.cli.options import index_command
from vinymatic.settings import IndexAccess


def _name(ctx: click.Context, parameter: click.Parameter, value: str) -> str:
    from vinymatic.index.layout import pin_key

    try:
        pin_key(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, parameter) from error
    return value


@index_command(IndexAccess)
@click.argument("name", callback=_name)
@click.option("--number", type=click.IntRange(min=1), help="The manifest to keep; without it, the newest.")
def pin(settings: IndexAccess, name: str, number: int | None) -> None:
    """Keep a manifest and its files from `vinymatic collect`, under a name."""
    from vinymatic.errors import NoIndexError
    from vinymatic.lifecycle import pins as kept
    from vinymatic.lifecycle.commit import newest_manifest_at
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    newest = newest_manifest_at(store)
    if newest is None:
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    wanted = number or newest[0]
    kept.pin(store, name, wanted)
    click.echo(f"{name} keeps manifest {wanted}")


@index_command(IndexAccess)
@click.argument("name", callback=_name)
def unpin(settings: IndexAccess, name: str) -> None:
    """Take a pin out; the next `vinymatic collect` may delete what it kept."""
    from vinymatic.lifecycle import pins as kept
    from vinymatic.lifecycle.places import index_store

    kept.unpin(index_store(settings), name)
    click.echo(f"{name} is taken out")


@index_command(IndexAccess)
def pins(settings: IndexAccess) -> None:
    """List the pins: name, manifest, when."""
    from vinymatic.lifecycle import pins as kept
    from vinymatic.lifecycle.places import index_store

    for name, found in sorted(kept.read_pins(index_store(settings)).items()):
        click.echo(f"{name}\t{found.manifest}\t{found.created_at}")
