"""`vinymatic index remove`."""

from __future__ import annotations

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import counted
from vinymatic.settings import IngestorSettings


@index_command(IngestorSettings)
@click.argument("ids", nargs=-1, required=True)
def remove(settings: IngestorSettings, ids: tuple[str, ...]) -> None:
    """Take covers out of the index; exit code 1 when one of them is not in it."""
    from vinymatic.errors import NoIndexError
    from vinymatic.features import FeatureSpec
    from vinymatic.lifecycle.commit import newest_manifest_at
    from vinymatic.lifecycle.places import index_store, work_folder
    from vinymatic.lifecycle.writer import Batch, Writer

    store = index_store(settings)
    if newest_manifest_at(store) is None:  # opening a writer would make an index
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    spec = FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)
    writer = Writer(store, work_folder(settings), spec, writer="cli")
    writer.open()
    unknown = [cover_id for cover_id in dict.fromkeys(ids) if writer.entry(cover_id) is None]
    report = writer.commit(Batch(deletes=tuple(dict.fromkeys(ids))))
    tell({"deleted": report.deleted, "unknown": len(unknown), "number": report.number}, index=store)
    for cover_id in unknown:
        click.echo(f"not in the catalogue: {cover_id}", err=True)
    click.echo(f"{counted(report.deleted, 'cover')} removed; manifest {report.number}")
    if unknown:
        raise click.exceptions.Exit(1)
