"""`vinymatic index`: everything done to the index by hand."""

from __future__ import annotations

import click

from vinymatic.cli.lazy import LazyGroup, Place

COMMANDS = {
    "build": Place("vinymatic.cli.index.build", "build", "Index a folder of scans."),
    "add": Place("vinymatic.cli.index.build", "add", "Index single scans."),
    "remove": Place("vinymatic.cli.index.remove", "remove", "Take covers out."),
    "list": Place("vinymatic.cli.index.look", "list_", "List the covers."),
    "show": Place("vinymatic.cli.index.look", "show", "What the index is, or one cover of it."),
    "status": Place("vinymatic.cli.index.look", "status", "Whether a key is indexed, rejected (why) or unknown."),
    "pin": Place("vinymatic.cli.index.pins", "pin", "Keep a manifest from being collected."),
    "unpin": Place("vinymatic.cli.index.pins", "unpin", "Take a pin out."),
    "pins": Place("vinymatic.cli.index.pins", "pins", "List the pins."),
    "verify": Place("vinymatic.cli.index.verify", "verify", "Prove that every file is there and right."),
    "repair": Place("vinymatic.cli.index.repair", "repair", "Put right what `verify` finds."),
    "search": Place("vinymatic.cli.index.search", "search", "Say which covers photos show."),
}


@click.group(cls=LazyGroup, places=COMMANDS)
def index() -> None:
    """Build, change, look into and search the index."""
