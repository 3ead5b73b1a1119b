"""`vinymatic index build` and `vinymatic index add`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import index_command
from vinymatic.settings import IngestorSettings

if TYPE_CHECKING:
    from vinymatic.cli.index.scans import Scan
    from vinymatic.lifecycle.bulk import Summary

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

    from vinymatic.cli.bulk import advise_training, limits_of, open_cli_writer, report, spec_of
    from vinymatic.cli.index.scans import index_scans
    from vinymatic.lifecycle.bulk import Summary
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    writer = open_cli_writer(settings, store)
    summary = Summary()
    with tqdm(total=len(scans), desc="index", unit="scan", disable=None) as bar:
        index_scans(writer, store, scans, spec_of(settings), limits_of(settings), summary=summary, advance=bar.update)
    report(summary, store.url, writer.number)
    advise_training(settings, writer)
    return summary
