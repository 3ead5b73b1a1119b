"""Writes what is made from the models and from what the operator uses: `python -m vinymatic_operator.crds --help`."""

from __future__ import annotations

from pathlib import Path

import click

from vinymatic_operator.crds.files import crd_files, rights_files
from vinymatic_operator.crds.reference import markdown


@click.command(help="Writes the CustomResourceDefinitions, their reference, and the operator's rights.")
@click.option("--write", "folder", type=click.Path(path_type=Path), help="The folder that gets one YAML file a kind.")
@click.option("--reference", type=click.Path(path_type=Path), help="The page that gets a table of every field.")
@click.option("--rights", type=click.Path(path_type=Path), help="The folder that gets the operator's rights.")
def main(folder: Path | None, reference: Path | None, rights: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in crd_files().items():
            (folder / name).write_text(text, "utf-8")
    if rights is not None:
        for name, text in rights_files().items():
            (rights / name).write_text(text, "utf-8")
    if reference is not None:
        reference.write_text(markdown(), "utf-8")


if __name__ == "__main__":
    main()
