"""`vinymatic import`: options in, the right source and the right way of work out."""

from __future__ import annotations

from pathlib import Path

import click

from vinymatic.cli.options import index_command
from vinymatic.settings import IngestorSettings

_READS = ("s3_bucket", "sqs_queue_url", "num_features", "nor_x", "nor_y", "max_pixels", "max_object_bytes")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@index_command(IngestorSettings, reads=_READS)
@click.argument(
    "folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="[FOLDER]", required=False
)
@click.option("--bucket", is_flag=True, help="Every object of S3_BUCKET.")
@click.option("--inventory", type=_FILE, help="The objects of S3_BUCKET that S3 Inventory's CSV lists (.gz too).")
@click.option("--columns", help="The inventory's fileSchema, such as 'Bucket, Key, Size, ETag'.")
@click.option("--keys", type=_FILE, help="The objects of S3_BUCKET that this file names, a key a line (.gz too).")
@click.option("--prefix", default="", help="Only keys that start with this. Not for FOLDER.")
@click.option("--to-queue", is_flag=True, help="Index nothing here; tell the ingestors, through SQS_QUEUE_URL.")
@click.option("--prune", is_flag=True, help="Then show the covers whose scans are gone (FOLDER and --bucket).")
@click.option("--yes", is_flag=True, help="With --prune: delete them.")
@click.option("--batch", type=click.IntRange(1, 10_000), help="Covers of one commit.  [default: 512]")
def import_(
    settings: IngestorSettings,
    folder: Path | None,
    *,
    bucket: bool,
    inventory: Path | None,
    columns: str | None,
    keys: Path | None,
    prefix: str,
    to_queue: bool,
    prune: bool,
    yes: bool,
    batch: int | None,
) -> None:
    """Bring an existing catalogue: FOLDER, --bucket, --inventory or --keys.

    What the index holds with the same ETag is skipped without a download, so a run that was cut off is finished by running it again.
    Bad images are listed at the end with the reason, and recorded.
    """
    if sum(source is not None for source in (folder, bucket or None, inventory, keys)) != 1:
        raise click.UsageError("give one of FOLDER, --bucket, --inventory, --keys")
    if folder is not None and (to_queue or prefix):
        raise click.UsageError("--to-queue and --prefix need scans in S3_BUCKET, not in a folder")
    if columns is not None and inventory is None:
        raise click.UsageError("--columns belongs to --inventory")
    if prune and (inventory is not None or keys is not None or to_queue):
        raise click.UsageError("--prune needs the source itself: FOLDER or --bucket, without --to-queue")
    if yes and not prune:
        raise click.UsageError("--yes belongs to --prune")

    from vinymatic.cli import imports

    source = imports.Source(bucket=bucket, inventory=inventory, columns=columns, keys=keys, prefix=prefix)
    if folder is not None:
        imports.from_folder(settings, folder, batch=batch, prune=prune, yes=yes)
    elif to_queue:
        imports.to_queue(settings, source)
    else:
        imports.from_bucket(settings, source, batch=batch, prune=prune, yes=yes)
