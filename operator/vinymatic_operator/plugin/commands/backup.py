"""`kubectl vinyl backup`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from vinymatic_operator.kube.resources import BACKUPS
from vinymatic_operator.plugin.answer import Change, finish, refuse
from vinymatic_operator.plugin.changes import backup_body, default_name, paused_note, refused_backup, refused_wait
from vinymatic_operator.plugin.cluster import connected
from vinymatic_operator.plugin.ends import object_end
from vinymatic_operator.plugin.options import Call, vinyl_command


@vinyl_command(changes=True, waits=True)
@click.option(
    "--name", "backup_name", metavar="N", help="The VinylBackup's name; without it, the index's and the time."
)
def backup(call: Call, backup_name: str | None) -> None:
    """Ask for a backup now: makes a VinylBackup, which stays as the record of it."""
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    refuse(refused_backup(index))
    refuse(refused_wait(index, "a backup") if call.wait else None)
    name = backup_name or default_name(index.name, datetime.now(UTC))
    sent = backup_body(index, name)
    received = cluster.create(BACKUPS, sent, dry_run=call.dry_run)
    said = [f"asked for a backup of {index.namespace}/{index.name}: VinylBackup {name}", *paused_note(index)]
    change = Change(sent, received, said, f"kubectl vinyl backups {index.name} -n {index.namespace}")
    finish(call, change, lambda: object_end(cluster.resource(BACKUPS, name)))
