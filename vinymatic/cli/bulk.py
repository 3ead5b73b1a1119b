"""What commands that index many scans share: the writer, the limits, and the words at the end."""

from __future__ import annotations

import click

from vinymatic.cli.outcome import tell
from vinymatic.cli.words import counted
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.bulk import Limits, Summary
from vinymatic.lifecycle.places import work_folder
from vinymatic.lifecycle.writer import Writer
from vinymatic.settings import IngestorSettings
from vinymatic.storage.port import ObjectStore


def spec_of(settings: IngestorSettings) -> FeatureSpec:
    return FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)


def limits_of(settings: IngestorSettings) -> Limits:
    return Limits(settings.max_pixels, settings.max_object_bytes)


def open_cli_writer(settings: IngestorSettings, store: ObjectStore) -> Writer:
    """An open writer; makes the index where none is."""
    writer = Writer(store, work_folder(settings), spec_of(settings), writer="cli")
    writer.open()
    tell({}, index=store)
    return writer


def report(summary: Summary, url: str, number: int) -> None:
    """The refused one by one on stderr, and what the run came to."""
    for refused in summary.refused:
        click.echo(f"refused: {refused}", err=True)
    tell(
        {
            "added": summary.added,
            "replaced": summary.replaced,
            "unchanged": summary.unchanged,
            "missing": summary.missing,
            "refused": len(summary.refused),
            "number": number,
        }
    )
    missing = f", {summary.missing} no longer there" if summary.missing else ""
    click.echo(
        f"{url}: {counted(summary.added, 'cover')} added, {summary.replaced} replaced, {summary.unchanged} unchanged,"
        f" {len(summary.refused)} refused{missing}; manifest {number}"
    )


def advise_training(settings: IngestorSettings, writer: Writer) -> None:
    if 0 < settings.retraining_interval <= writer.images_since_training:
        waiting = counted(writer.images_since_training, "image")
        click.echo(f"{waiting} since the last training: `vinymatic train` keeps searches fast and exact")
