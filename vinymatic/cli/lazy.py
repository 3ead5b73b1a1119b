"""A group whose commands are imported when they run: `--help` stays fast, and a missing extra stops only its own command."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import click

from vinymatic.cli.failures import translated


@dataclass(frozen=True)
class Place:
    """Where a command is: `attribute` of `module`; `help` is its line in the list, given here so that the list imports nothing."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """`places`: our own commands. `entry_points`: the name of a group of entry points that bring further ones."""

    def __init__(
        self,
        name: str | None = None,
        *,
        places: Mapping[str, Place],
        entry_points: str | None = None,
        **options: object,
    ) -> None:
        super().__init__(name, **options)  # type: ignore[arg-type]  # click's own keywords, passed through
        self._places = dict(places)
        self._entry_points = entry_points

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*self._places, *sorted(self._brought())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        place = self._places.get(cmd_name)
        if place is not None:
            return _command(getattr(importlib.import_module(place.module), place.attribute), cmd_name)
        entry = self._brought().get(cmd_name)
        return None if entry is None else _brought_command(entry)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        rows = [(name, place.help) for name, place in self._places.items()]
        rows += [(name, _summary(entry)) for name, entry in sorted(self._brought().items())]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        with translated(ctx):
            return super().invoke(ctx)

    def _brought(self) -> dict[str, EntryPoint]:
        if self._entry_points is None:
            return {}
        return {entry.name: entry for entry in entry_points(group=self._entry_points) if entry.name not in self._places}


def _command(found: object, name: str) -> click.Command:
    if not isinstance(found, click.Command):
        raise click.ClickException(f"{name} is broken: it is no command")
    return found


def _brought_command(entry: EntryPoint) -> click.Command:
    try:
        found = entry.load()
    except ImportError as error:
        missing = f" ({error.name} is missing)" if error.name else f" ({error})"
        raise click.ClickException(
            f"{entry.name} is not installed{missing}: pip install 'vinymatic[{_extra(entry)}]'"
        ) from error
    except Exception as error:
        raise click.ClickException(f"{entry.name} is broken: {type(error).__name__}: {error}") from error
    return _command(found, entry.name)


def _extra(entry: EntryPoint) -> str:
    """`vinymatic_api.command` comes with the extra `api`."""
    return entry.module.partition(".")[0].removeprefix("vinymatic_")


def _summary(entry: EntryPoint) -> str:
    """The first line of the module's docstring, read from its source: importing a whole service to list it would take a second."""
    try:
        spec = importlib.util.find_spec(entry.module)
        if spec is None or spec.origin is None:
            return "(not installed)"
        text = ast.get_docstring(ast.parse(Path(spec.origin).read_text("utf-8")))
    except (ImportError, OSError, SyntaxError):
        return "(not installed)"
    return (text or "").partition("\n")[0]
