"""`vinymatic erase`."""

from __future__ import annotations

from dataclasses import asdict

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import bytes_in_words, counted
from vinymatic.errors import SettingError
from vinymatic.settings import IndexAccess


@index_command(IndexAccess, reads=("backup_url", "s3_bucket"))
@click.option("--yes", is_flag=True, help="Needed: there is no way back but a backup.")
def erase(settings: IndexAccess, *, yes: bool) -> None:
    """Delete the whole index: its manifests first, then all files of the folders that an index consists of.

    The backup, the scans and whatever else lies beside these folders stay. Stop the ingestors first: one that runs may begin an index anew.
    Killed, it is run again.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import erasure
    from vinymatic.lifecycle.places import backup_url, index_store, index_url, is_within

    store = index_store(settings)
    backup = backup_url(settings)
    if is_within(backup, index_url(settings)):
        raise SettingError("BACKUP_URL", backup, f"a place outside of what is erased, which is {store.url}")
    if not yes:
        raise click.UsageError(f"this deletes the whole index in {store.url}: say --yes")
    with bars() as progress:
        done = erasure.erase(store, progress=progress)
    tell(asdict(done))
    click.echo(f"{store.url}: {counted(done.deleted_files, 'file')} deleted ({bytes_in_words(done.deleted_bytes)})")
