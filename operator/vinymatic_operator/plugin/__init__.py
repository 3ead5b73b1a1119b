"""`kubectl vinyl`: what a VinylIndex is doing and why, on one page, and the few things that people ask of it.

Pure modules say what is true (`facts`), how it reads (`page`, `words`), what is sent (`changes`) and when something has ended (`ends`);
the commands in `commands/` look, ask and print.
"""

from vinymatic_operator.plugin.program import main

__all__ = ["main"]
