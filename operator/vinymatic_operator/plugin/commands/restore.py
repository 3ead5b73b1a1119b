"""`kubectl vinyl restore`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from vinymatic_operator.kube.resources import RESTORES
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plugin.answer import Change, finish, refuse
from vinymatic_operator.plugin.changes import (
    Source,
    default_name,
    paused_note,
    refused_backup,
    refused_wait,
    restore_body,
    restore_warning,
)
from vinymatic_operator.plugin.cluster import connected
from vinymatic_operator.plugin.ends import object_end
from vinymatic_operator.plugin.errors import RefusedError
from vinymatic_operator.plugin.options import Call, vinyl_command
from vinymatic_operator.resources.restore import RestoreTo


def _moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    found = moment(value)
    if found is None:
        raise click.BadParameter(f"{value!r} is no time such as 2026-11-01T12:00Z", ctx=ctx, param=parameter)
    return found


@vinyl_command(changes=True, waits=True)
@click.option("--backup", metavar="B", help="From this VinylBackup.")
@click.option(
    "--time", metavar="T", callback=_moment, help="From the newest backup at or before T (UTC where it says no zone)."
)
@click.option("--manifest", metavar="M", type=click.IntRange(min=1), help="From the backup of this manifest.")
@click.option("--to-prefix", metavar="P", help="Under this prefix, instead of into the index itself.")
@click.option("--to-bucket", metavar="B", help="The bucket of --to-prefix; without it, the index's.")
@click.option(
    "--name", "restore_name", metavar="N", help="The VinylRestore's name; without it, the index's and the time."
)
@click.option("--yes", is_flag=True, help="Really into the index itself.")
def restore(
    call: Call,
    backup: str | None,
    time: datetime | None,
    manifest: int | None,
    to_prefix: str | None,
    to_bucket: str | None,
    restore_name: str | None,
    yes: bool,
) -> None:
    """Bring an index back from its backup; without an option, from the newest.

    Into the index itself, and its API is rolled over to the restored state; with --to-prefix, beside it, and nothing that is served
    changes.
    """
    if sum(option is not None for option in (backup, time, manifest)) > 1:
        raise click.UsageError("--backup, --time and --manifest exclude each other")
    if to_bucket is not None and to_prefix is None:
        raise click.UsageError("--to-bucket needs --to-prefix")
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    refuse(refused_backup(index))
    source = Source(backup, time, manifest)
    if to_prefix is None and not yes and not call.dry_run:
        raise RefusedError(f"{restore_warning(index, source)}; add --yes to do it, or --to-prefix to restore beside it")
    refuse(refused_wait(index, "a restore") if call.wait else None)
    name = restore_name or default_name(index.name, datetime.now(UTC))
    target = None if to_prefix is None else RestoreTo(bucket=to_bucket, prefix=to_prefix)
    sent = restore_body(index, name, source, target)
    received = cluster.create(RESTORES, sent, dry_run=call.dry_run)
    place = "the index itself" if to_prefix is None else f"s3://{to_bucket or index.spec.storage.bucket}/{to_prefix}"
    said = [
        f"asked to restore {source.in_words} of {index.namespace}/{index.name} into {place}: VinylRestore {name}",
        *paused_note(index),
    ]
    change = Change(sent, received, said, f"kubectl get vinylrestore {name} -n {index.namespace} -o yaml")
    finish(call, change, lambda: object_end(cluster.resource(RESTORES, name)))
