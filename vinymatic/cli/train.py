"""`vinymatic train`."""

from __future__ import annotations

from dataclasses import asdict

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import counted
from vinymatic.settings import IndexAccess


@index_command(IndexAccess)
def train(settings: IndexAccess) -> None:
    """Train a new codebook on the index's own covers as the candidate, and encode every segment under it.

    Searches and ingestors go on meanwhile. Run again, it goes on where it was stopped. `vinymatic gate` measures the candidate,
    `vinymatic promote` makes it active; `vinymatic retrain` does all three.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import training
    from vinymatic.lifecycle.places import index_store, work_folder

    store = index_store(settings)
    with bars() as progress:
        done = training.train(store, work_folder(settings), dimensions=settings.sift_dimensions, progress=progress)
    tell(asdict(done), index=store)
    click.echo(
        f"manifest {done.number}: epoch {done.epoch} is the candidate"
        f" ({'trained' if done.trained else 'there already'}, {counted(done.encoded, 'segment')} encoded)"
    )
