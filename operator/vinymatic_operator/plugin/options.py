"""What all commands share: NAME, `--namespace`, `--context`, `-o json`; and what those that change something share."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec

import click

Parameters = ParamSpec("Parameters")

_UNITS = {"s": 1, "m": 60, "h": 3_600}


@dataclass(frozen=True)
class Call:
    """What was asked on the command line. `timeout` in seconds."""

    name: str | None
    namespace: str | None
    context: str | None
    as_json: bool
    dry_run: bool = False
    wait: bool = False
    timeout: float = 0.0


def vinyl_command(
    *, changes: bool = False, waits: bool = False
) -> Callable[[Callable[Concatenate[Call, Parameters], None]], click.Command]:
    """Makes a command of a function whose first parameter is the `Call`. `changes`: it takes `--dry-run`; `waits`: `--wait` too."""

    def decorate(function: Callable[Concatenate[Call, Parameters], None]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            function(_call(kwargs), *args, **kwargs)

        command = click.command()(run)
        # click gathers parameters of decorators from the last to the first; these come after the command's own.
        command.params = [click.Argument(["name"], required=False), *command.params, *_SHARED]
        if changes:
            command.params.append(_DRY_RUN)
        if waits:
            command.params += _WAITING
        return command

    return decorate


def seconds(ctx: click.Context, parameter: click.Parameter, value: str) -> float:
    """`90s`, `30m`, `1h30m`, as in kubectl; a bare number is seconds."""
    if re.fullmatch(r"\d+", value):
        return float(value)
    parts = re.findall(r"(\d+)([smh])", value)
    if not parts or "".join(f"{count}{unit}" for count, unit in parts) != value:
        raise click.BadParameter(f"{value!r} is no duration such as 90s, 30m or 1h30m", ctx=ctx, param=parameter)
    return float(sum(int(count) * _UNITS[unit] for count, unit in parts))


_SHARED: tuple[click.Parameter, ...] = (
    click.Option(["-n", "--namespace"], help="The namespace; without it, that of the kubeconfig's context."),
    click.Option(["--context"], help="The kubeconfig's context; without it, the current one."),
    click.Option(["-o", "--output"], type=click.Choice(["json"]), help="As one JSON object, for programs."),
)
_DRY_RUN = click.Option(
    ["--dry-run"], is_flag=True, help="The API server checks it and answers as if; nothing is changed."
)
_WAITING = (
    click.Option(["--wait"], is_flag=True, help="Wait until it has ended; exit code 1 where it did not end well."),
    click.Option(["--timeout"], default="1h", show_default=True, callback=seconds, help="How long to wait at most."),
)


def _call(options: dict[str, object]) -> Call:
    def text(key: str) -> str | None:
        value = options.pop(key)
        return value if isinstance(value, str) else None

    dry_run, wait, timeout = options.pop("dry_run", False), options.pop("wait", False), options.pop("timeout", 0.0)
    if dry_run and wait:
        raise click.UsageError("--dry-run and --wait exclude each other")
    return Call(
        name=text("name"),
        namespace=text("namespace"),
        context=text("context"),
        as_json=options.pop("output") == "json",
        dry_run=bool(dry_run),
        wait=bool(wait),
        timeout=timeout if isinstance(timeout, float) else 0.0,
    )
