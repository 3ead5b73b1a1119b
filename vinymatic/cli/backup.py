"""`vinymatic backup`: alone it makes one; `list` and `prune` look after those that are there."""

from __future__ import annotations

from dataclasses import asdict

import click

from vinymatic.cli.lazy import LazyGroup, Place
from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import failures_recorded, tell
from vinymatic.cli.words import bytes_in_words, counted
from vinymatic.errors import SettingError
from vinymatic.settings import IndexAccess
from vinymatic.storage.port import ObjectStore

BACKUP_PLACE = ("backup_url", "s3_bucket")
COMMANDS = {
    "list": Place("vinymatic.cli.backups", "list_", "List the backups."),
    "prune": Place("vinymatic.cli.backups", "prune", "Delete backups beyond what is to be kept."),
}


def needed_backup_store(settings: IndexAccess) -> ObjectStore:
    """Raises `SettingError` where nothing says where backups are."""
    from vinymatic.lifecycle.places import backup_store

    store = backup_store(settings)
    if store is None:
        raise SettingError("BACKUP_URL", "", "s3://bucket/prefix or file:///folder, or a bucket in S3_BUCKET")
    return store


@index_command(IndexAccess, reads=(*BACKUP_PLACE, "backup_questions"))
def make(settings: IndexAccess) -> None:
    """Copy to the backup what it lacks of the index; its newest manifest comes last.

    Every file is proven by its sha256 where it arrived, and answers are recorded for `vinymatic drill`.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle.backup import Recording, backup
    from vinymatic.lifecycle.places import drill_folder, index_store

    store, destination = index_store(settings), needed_backup_store(settings)
    recording = Recording(settings.backup_questions, drill_folder(settings))
    with bars() as progress:
        done = backup(store, destination, recording=recording, progress=progress)
    tell(asdict(done), index=store)
    click.echo(
        f"{destination.url} holds manifest {done.number}: {done.copied_files} files copied"
        f" ({bytes_in_words(done.copied_bytes)}), {done.skipped_files} were there;"
        f" answers to {counted(done.questions, 'question')} recorded"
    )


class BackupGroup(LazyGroup):
    """Without a further word it makes a backup, and takes the options of that."""

    def __init__(self) -> None:
        super().__init__(
            "backup",
            places=COMMANDS,
            invoke_without_command=True,
            callback=_alone,
            params=list(make.params),
            help=make.help,
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with failures_recorded(ctx):
            return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        make.format_epilog(ctx, formatter)


@click.pass_context
def _alone(ctx: click.Context, /, **options: object) -> None:
    if ctx.invoked_subcommand is None:
        assert make.callback is not None
        make.callback(**options)
    elif any(options.values()):
        # They would be dropped in silence, and the command would look at another index than the one that was named.
        raise click.UsageError(f"options come after the word `{ctx.invoked_subcommand}`")


backup = BackupGroup()
