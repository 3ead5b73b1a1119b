"""`kubectl vinyl status`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import click

from vinymatic_operator.plugin.cluster import connected
from vinymatic_operator.plugin.facts import facts
from vinymatic_operator.plugin.options import Call, vinyl_command
from vinymatic_operator.plugin.page import page


@vinyl_command()
def status(call: Call) -> None:
    """What an index is doing, how it is, and what happens next and why."""
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    found = facts(index, cluster.ingestor(index), cluster.problems(index))
    if call.as_json:
        click.echo(json.dumps(found.to_json(), indent=2))
    else:
        click.echo(page(found, datetime.now(UTC)), nl=False)
