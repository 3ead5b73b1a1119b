"""The command line: `vinymatic`. Modules here parse, call the library and print; they decide nothing about the index."""

from vinymatic.cli.program import main

__all__ = ["main"]
