"""Writes what is made from the models: `python -m vinymatic_operator.crds --write k8s/crds --reference docs/resources.md`."""

from __future__ import annotations

from pathlib import Path

import click

from vinymatic_operator.crds.files import crd_files
from vinymatic_operator.crds.reference import markdown


@click.command(help="Writes the CustomResourceDefinitions and their reference.")
@click.option("--write", "folder", type=click.Path(path_type=Path), help="The folder that gets one YAML file a kind.")
@click.option("--reference", type=click.Path(path_type=Path), help="The page that gets a table of every field.")
def main(folder: Path | None, reference: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in crd_files().items():
            (folder / name).write_text(text, "utf-8")
    if reference is not None:
        reference.write_text(markdown(), "utf-8")


if __name__ == "__main__":
    main()
