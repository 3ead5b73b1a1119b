"""`vinymatic compact` and `vinymatic collect`."""

from __future__ import annotations

from dataclasses import asdict

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import bytes_in_words, counted
from vinymatic.settings import IndexAccess


@index_command(IndexAccess)
@click.option(
    "--fan-in",
    type=click.IntRange(min=2),
    default=8,
    show_default=True,
    help="How many neighbouring segments of like size make a merge.",
)
def compact(settings: IndexAccess, fan_in: int) -> None:
    """Merge small segments, and leave dead covers behind.

    Answers stay the same. Searches and ingestors go on meanwhile. The old files stay until `vinymatic collect`.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import compaction
    from vinymatic.lifecycle.compaction_plan import CompactionPolicy
    from vinymatic.lifecycle.places import index_store, work_folder

    store, policy = index_store(settings), CompactionPolicy(fan_in=fan_in)
    with bars() as progress:
        done = compaction.compact(store, work_folder(settings), policy=policy, progress=progress)
    tell(asdict(done), index=store)
    click.echo(
        f"manifest {done.number}: {counted(done.merged, 'segment')} merged into {done.made},"
        f" {counted(done.dropped_covers, 'dead cover')} dropped, {bytes_in_words(done.written_bytes)} written"
    )


@index_command(IndexAccess)
@click.option(
    "--keep", type=click.IntRange(min=1), default=10, show_default=True, help="So many of the newest manifests stay."
)
@click.option(
    "--grace-hours",
    type=click.IntRange(min=24),
    default=24,
    show_default=True,
    help="How long a superseded manifest stays, and a file that no manifest names.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be deleted, and delete nothing.")
def collect(settings: IndexAccess, keep: int, grace_hours: int, *, dry_run: bool) -> None:
    """Delete old manifests, and the files that no manifest names any more.

    Pinned manifests stay: see `vinymatic index pin`.
    """
    from datetime import timedelta

    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import collection
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    policy = collection.CollectionPolicy(keep, timedelta(hours=grace_hours))
    with bars() as progress:
        done = collection.collect(store, policy=policy, dry_run=dry_run, progress=progress)
    tell(asdict(done) | {"dry_run": dry_run}, index=store)
    click.echo(
        f"{'would delete' if dry_run else 'deleted'} {counted(done.manifests, 'manifest')} and"
        f" {counted(done.files, 'file')} ({bytes_in_words(done.freed_bytes)});"
        f" {counted(done.kept, 'manifest')} {'stays' if done.kept == 1 else 'stay'}"
    )
