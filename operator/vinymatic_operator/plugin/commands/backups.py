"""`kubectl vinyl backups`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from vinymatic_operator.plugin.cluster import connected
from vinymatic_operator.plugin.listing import listed_backups, table
from vinymatic_operator.plugin.options import Call, vinyl_command


@vinyl_command()
def backups(call: Call) -> None:
    """List the backups of an index, newest first, those under way and those that failed too."""
    cluster = connected(call.namespace, call.context)
    index = cluster.index_name(call.name)
    rows = listed_backups(cluster.backups(index))
    if call.as_json:
        click.echo(json.dumps([row.to_json() for row in rows], indent=2))
    elif rows:
        click.echo(table(rows, datetime.now(UTC)), nl=False)
    else:
        click.echo(f"no backups of {index} in namespace {cluster.namespace}", err=True)
