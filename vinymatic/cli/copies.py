"""`vinymatic backup` and `vinymatic restore`."""

from __future__ import annotations

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.words import bytes_in_words
from vinymatic.errors import SettingError
from vinymatic.settings import IndexAccess
from vinymatic.storage.port import ObjectStore

_READS = ("backup_url", "s3_bucket")


@index_command(IndexAccess, reads=_READS)
def backup(settings: IndexAccess) -> None:
    """Copy to the backup what it lacks of the index; its newest manifest comes last."""
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import backup as copies
    from vinymatic.lifecycle.places import index_store

    destination = _backup_store(settings)
    with bars() as progress:
        done = copies.backup(index_store(settings), destination, progress=progress)
    click.echo(
        f"{destination.url} holds manifest {done.number}: {done.copied_files} files copied"
        f" ({bytes_in_words(done.copied_bytes)}), {done.skipped_files} were there"
    )


@index_command(IndexAccess, reads=_READS)
@click.option(
    "--number", type=click.IntRange(min=1), help="The manifest to bring back; without it, the backup's newest."
)
def restore(settings: IndexAccess, number: int | None) -> None:
    """Bring the index back from its backup.

    What the index holds now is not rewound: the restored state becomes a new manifest after it.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import backup as copies
    from vinymatic.lifecycle.places import index_store

    source, index = _backup_store(settings), index_store(settings)
    with bars() as progress:
        done = copies.restore(source, index, number=number, progress=progress)
    click.echo(f"{index.url} is restored from {source.url}, as manifest {done.number}")


def _backup_store(settings: IndexAccess) -> ObjectStore:
    from vinymatic.lifecycle.places import backup_store

    store = backup_store(settings)
    if store is None:
        raise SettingError("BACKUP_URL", "", "s3://bucket/prefix or file:///folder, or a bucket in S3_BUCKET")
    return store
