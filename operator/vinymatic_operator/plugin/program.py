"""The program: which commands there are."""

from __future__ import annotations

import click

from vinymatic import __version__
from vinymatic.cli.lazy import LazyGroup, Place

_HERE = "vinymatic_operator.plugin.commands"

COMMANDS = {
    "status": Place(f"{_HERE}.status", "status", "What an index is doing, how it is, and what happens next."),
    "retrain": Place(f"{_HERE}.epochs", "retrain", "Ask for a retraining now."),
    "promote": Place(f"{_HERE}.epochs", "promote", "Serve the candidate epoch, whatever its gate said."),
    "rollback": Place(f"{_HERE}.epochs", "rollback", "Serve the epoch before the active one again."),
    "backup": Place(f"{_HERE}.backup", "backup", "Ask for a backup now."),
    "backups": Place(f"{_HERE}.backups", "backups", "List the backups of an index."),
    "restore": Place(f"{_HERE}.restore", "restore", "Bring an index back from its backup."),
    "pause": Place(f"{_HERE}.pausing", "pause", "Let the operator only look and tell."),
    "resume": Place(f"{_HERE}.pausing", "resume", "Let the operator go on."),
}


@click.group(cls=LazyGroup, places=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kubectl vinyl")
def vinyl() -> None:
    """What Vinymatic's operator does with a VinylIndex, and what people ask of it.

    Runs as `kubectl vinyl` wherever `kubectl-vinyl` is on the PATH, and by that name too. The cluster is kubectl's: KUBECONFIG, or
    ~/.kube/config. An index's NAME may be left out where its namespace has one only.
    """


def main() -> None:
    """Entry of the console script. kubectl runs it under its file's name; people know it as `kubectl vinyl`."""
    vinyl(prog_name="kubectl vinyl")
