"""`vinymatic index build` and `vinymatic index add`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.words import counted
from vinymatic.settings import IngestorSettings

if TYPE_CHECKING:
    from vinymatic.cli.index.scans import Scan, Summary

_READS = ("num_features", "nor_x", "nor_y", "max_pixels", "max_object_bytes")


@index_command(IngestorSettings, reads=_READS)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def build(settings: IngestorSettings, folder: Path) -> None:
    """Index the scans in FOLDER and its folders: JPEG, PNG, WebP.

    A cover's ID is its path in FOLDER. The index is made where none is, else extended: an unchanged scan is skipped, a changed one replaces
    its cover, and covers whose scans are gone stay. Bad images are listed at the end with the reason.
    """
    from vinymatic.cli.index.scans import find_scans

    scans = find_scans(folder)
    if not scans:
        raise click.ClickException(f"no JPEG, PNG or WebP file in {folder}")
    summary = _index(settings, scans)
    if summary.in_index == 0:
        raise click.exceptions.Exit(1)


@index_command(IngestorSettings, reads=_READS)
@click.argument("files", type=click.Path(exists=True, dir_okay=False, path_type=Path), nargs=-1, required=True)
@click.option("--id", "cover_id", help="The cover's ID; without it, the file's name. For one file.")
def add(settings: IngestorSettings, files: tuple[Path, ...], cover_id: str | None) -> None:
    """Index single scans; exit code 1 when any of them is refused."""
    from vinymatic.cli.index.scans import Scan

    if cover_id is not None and len(files) > 1:
        raise click.UsageError("--id names one cover: give one file")
    if cover_id == "":
        raise click.UsageError("--id must not be empty")
    repeated = [name for name, times in Counter(file.name for file in files).items() if times > 1]
    if repeated:
        raise click.UsageError(f"several files are called {repeated[0]!r}, and an ID names one cover")
    summary = _index(settings, [Scan(cover_id or file.name, file) for file in files])
    if summary.refused:
        raise click.exceptions.Exit(1)


def _index(settings: IngestorSettings, scans: Sequence[Scan]) -> Summary:
    from tqdm import tqdm

    from vinymatic.cli.index.scans import Limits, index_scans
    from vinymatic.features import FeatureSpec
    from vinymatic.lifecycle.places import index_store, work_folder
    from vinymatic.lifecycle.writer import Writer

    store = index_store(settings)
    spec = FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)
    writer = Writer(store, work_folder(settings), spec, writer="cli")
    writer.open()
    limits = Limits(settings.max_pixels, settings.max_object_bytes)
    with tqdm(total=len(scans), desc="index", unit="scan", disable=None) as bar:
        summary = index_scans(writer, store, scans, spec, limits, advance=bar.update)
    _report(summary, store.url, writer.number)
    if 0 < settings.retraining_interval <= writer.images_since_training:
        waiting = counted(writer.images_since_training, "image")
        click.echo(f"{waiting} since the last training: `vinymatic train` keeps searches fast and exact")
    return summary


def _report(summary: Summary, url: str, number: int) -> None:
    for refused in summary.refused:
        click.echo(f"refused: {refused}", err=True)
    click.echo(
        f"{url}: {counted(summary.added, 'cover')} added, {summary.replaced} replaced, {summary.unchanged} unchanged,"
        f" {len(summary.refused)} refused; manifest {number}"
    )
