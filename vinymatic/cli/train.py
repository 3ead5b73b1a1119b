"""`vinymatic train` and `vinymatic encode`."""

from __future__ import annotations

from dataclasses import asdict

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import counted
from vinymatic.settings import IndexAccess


@index_command(IndexAccess)
@click.option("--no-encode", is_flag=True, help="Commit the candidate and stop; `vinymatic encode` does the rest.")
def train(settings: IndexAccess, *, no_encode: bool) -> None:
    """Train a new codebook on the index's own covers as the candidate, and encode every segment under it.

    Searches and ingestors go on meanwhile. Run again, it goes on where it was stopped. `vinymatic gate` measures the candidate,
    `vinymatic promote` makes it active; `vinymatic retrain` does all three.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import training
    from vinymatic.lifecycle.places import index_store, work_folder

    store = index_store(settings)
    with bars() as progress:
        done = training.train(
            store,
            work_folder(settings),
            dimensions=settings.sift_dimensions,
            encode=not no_encode,
            progress=progress,
        )
    tell(asdict(done), index=store)
    click.echo(
        f"manifest {done.number}: epoch {done.epoch} is the candidate"
        f" ({'trained' if done.trained else 'there already'}, {counted(done.encoded, 'segment')} encoded)"
    )


@index_command(IndexAccess)
@click.option(
    "--part",
    type=click.IntRange(min=0),
    envvar="JOB_COMPLETION_INDEX",
    help="Which part to do, from 0.  [default: JOB_COMPLETION_INDEX, which Kubernetes sets in an Indexed Job, or 0]",
)
@click.option("--parts", type=click.IntRange(min=1), default=1, show_default=True, help="How many parts there are.")
def encode(settings: IndexAccess, part: int | None, parts: int) -> None:
    """Encode under the candidate every segment that lacks it, or one part of them.

    Several may run at once, each with its --part: a segment is always in the same one. Run again, it goes on where it was stopped. Segments
    that were merged meanwhile may be left over: it says how many, and a run without --part encodes them.
    """
    chosen = part or 0
    if chosen >= parts:
        raise click.UsageError(f"there is no part {chosen} of {parts}: they are counted from 0")

    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import encode as encoding
    from vinymatic.lifecycle.places import index_store, work_folder

    store = index_store(settings)
    with bars() as progress:
        done = encoding.encode(
            store,
            work_folder(settings),
            part=chosen,
            parts=parts,
            dimensions=settings.sift_dimensions,
            progress=progress,
        )
    tell(asdict(done), index=store)
    click.echo(
        f"manifest {done.number}: {counted(done.encoded, 'segment')} encoded under epoch {done.epoch}, {done.lacking} left"
    )
