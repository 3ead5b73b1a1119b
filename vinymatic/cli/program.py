"""The program: which commands there are, and how an error becomes one line and an exit code."""

from __future__ import annotations

import os
import signal

import click

from vinymatic import __version__
from vinymatic.cli.lazy import LazyGroup, Place

COMMANDS = {
    "index": Place("vinymatic.cli.index", "index", "Build, change, look into and search the index."),
    "import": Place(
        "vinymatic.cli.import_", "import_", "Bring an existing catalogue: a folder, a bucket, an inventory."
    ),
    "export": Place("vinymatic.cli.export", "export", "Write the covers' IDs and metadata as CSV or JSON lines."),
    "train": Place("vinymatic.cli.train", "train", "Train a candidate codebook on the index's covers."),
    "encode": Place("vinymatic.cli.train", "encode", "Encode segments under the candidate, in parts if need be."),
    "gate": Place("vinymatic.cli.gate", "gate", "Measure the candidate epoch against the active one."),
    "calibrate": Place("vinymatic.cli.calibrate", "calibrate", "Fit the score's weights on your own labelled photos."),
    "retrain": Place("vinymatic.cli.retrain", "retrain", "Train, measure and promote, or discard."),
    "promote": Place("vinymatic.cli.epochs", "promote", "Make the candidate epoch active."),
    "rollback": Place("vinymatic.cli.epochs", "rollback", "Make the previous epoch active again."),
    "retire": Place("vinymatic.cli.epochs", "retire", "Drop the previous epoch."),
    "discard": Place("vinymatic.cli.epochs", "discard", "Drop the candidate epoch."),
    "compact": Place("vinymatic.cli.upkeep", "compact", "Merge small segments and drop dead covers."),
    "collect": Place("vinymatic.cli.upkeep", "collect", "Delete old manifests and files that none names."),
    "backup": Place("vinymatic.cli.backup", "backup", "Copy the index to its backup; list and prune backups."),
    "restore": Place("vinymatic.cli.restore", "restore", "Bring the index back from its backup."),
    "drill": Place("vinymatic.cli.drill", "drill", "Prove that a backup answers as it did when it was made."),
    "erase": Place("vinymatic.cli.erase", "erase", "Delete the whole index."),
    "settings": Place("vinymatic.cli.settings", "settings", "Every environment variable, its meaning and default."),
    "version": Place("vinymatic.cli.version", "version", "The version of this program."),
}


@click.group(cls=LazyGroup, places=COMMANDS, entry_points="vinymatic.commands")
@click.version_option(__version__, prog_name="vinymatic")
def vinymatic() -> None:
    """Says which release a photographed record sleeve is, or honestly that it is not in the catalogue.

    Settings are environment variables: see `vinymatic settings`, and `--help` of each command for those that it reads.
    """


def main() -> None:
    """Entry of the console script and of `python -m vinymatic`."""
    if os.getpid() == 1:
        # The kernel gives a container's first process no default action: a SIGTERM that comes before a service has its own handler, in the
        # seconds of its imports, would be lost, and its pod live on for all of its grace period. Elsewhere it ends the process as it is.
        signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    # Before numpy, OpenCV or faiss is imported: their pools are sized when they load.
    from vinymatic.threads import preset_native_threads

    preset_native_threads()
    vinymatic(prog_name="vinymatic")
