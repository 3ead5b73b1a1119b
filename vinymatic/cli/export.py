"""`vinymatic export`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import BinaryIO

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.words import counted
from vinymatic.settings import IndexAccess


@index_command(IndexAccess)
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="csv", show_default=True)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file, written whole or not at all; without it, stdout.",
)
def export(settings: IndexAccess, form: str, output: Path | None) -> None:
    """Write ID, ETag, bytes, width, height, features, manifest and segment of every cover in the index."""
    from tqdm import tqdm

    from vinymatic.lifecycle.commit import require_newest
    from vinymatic.lifecycle.export import Format, live_covers, render
    from vinymatic.lifecycle.files import FileCache
    from vinymatic.lifecycle.places import index_store, work_folder
    from vinymatic.storage import disk

    store = index_store(settings)
    manifest = require_newest(store)
    total = manifest.covers
    covers = live_covers(manifest, FileCache(store, work_folder(settings)).resolve)

    def fill(file: BinaryIO) -> None:
        for line in render(tqdm(covers, total=total, desc="export", unit="cover", disable=None), Format(form)):
            file.write(line)

    if output is None:
        fill(sys.stdout.buffer)
        return
    with disk.written(output.parent, fill) as part:
        part.replace(output)
    click.echo(f"{output}: {counted(total, 'cover')} of manifest {manifest.number}")
