"""`vinymatic train`."""

from __future__ import annotations

import click

from vinymatic.cli.options import index_command
from vinymatic.settings import IndexAccess


@index_command(IndexAccess)
def train(settings: IndexAccess) -> None:
    """Train a new codebook on the index's own covers, encode every segment under it, and make it active.

    Searches and ingestors go on meanwhile.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import training
    from vinymatic.lifecycle.places import index_store, work_folder

    with bars() as progress:
        epoch = training.train(
            index_store(settings), work_folder(settings), dimensions=settings.sift_dimensions, progress=progress
        )
    click.echo(f"epoch {epoch} is active")
