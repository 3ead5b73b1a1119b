"""What all commands on an index share: `--index-url`, `--debug`, settings from the environment, and a list of them in `--help`."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Concatenate, Generic, ParamSpec, TypeVar

import click

from vinymatic.cli.failures import DEBUGGING
from vinymatic.cli.outcome import failures_recorded, recorded
from vinymatic.settings import IndexAccess, load
from vinymatic.settings.describe import allowed_text, default_text

Parameters = ParamSpec("Parameters")
SettingsType = TypeVar("SettingsType", bound=IndexAccess)

# What any command needs to reach the index; a command names what it reads beyond these.
ACCESS = (
    "index_url",
    "backup_folder",
    "sift_dimensions",
    "s3_access_key_id",
    "s3_secret_access_key",
    "s3_region",
    "s3_endpoint_url",
    "debug",
    "result_file",
)
# What a command reads that takes photos as the API does, and judges them as it does.
LIKE_THE_API = (
    "similarity_threshold",
    "score_weights",
    "num_features",
    "nor_x",
    "nor_y",
    "max_pixels",
    "max_body_bytes",
)


class IndexCommand(click.Command, Generic[SettingsType]):
    """A command that reads settings of one kind; its `--help` ends with them, from the one table."""

    settings_kind: type[IndexAccess] = IndexAccess
    reads: tuple[str, ...] = ACCESS

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with failures_recorded(ctx):
            return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        fields = self.settings_kind.model_fields
        rows = []
        for name in self.reads:
            default = default_text(fields[name])
            stands = f" Default: {default}." if default else ""
            rows.append((name.upper(), f"{fields[name].description} Allowed: {allowed_text(fields[name])}.{stands}"))
        with formatter.section("Environment"):
            formatter.write_dl(rows)


def index_command(
    kind: type[SettingsType], *, reads: tuple[str, ...] = ()
) -> Callable[[Callable[Concatenate[SettingsType, Parameters], None]], click.Command]:
    """Makes a command of a function whose first parameter is the settings.

    `reads`: settings that the command reads beyond those that reach the index.
    """

    def decorate(function: Callable[Concatenate[SettingsType, Parameters], None]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            with recorded(click.get_current_context()):
                function(_settings(kind, kwargs), *args, **kwargs)

        command = click.command(cls=IndexCommand)(run)
        command.settings_kind = kind
        command.reads = (*reads, *ACCESS)
        command.params += [
            click.Option(
                ["--index-url"], help="The index, instead of INDEX_URL: s3://bucket/prefix or file:///folder."
            ),
            click.Option(["--debug"], is_flag=True, help="Debug logging, and tracebacks of errors."),
        ]
        return command

    return decorate


def _settings(kind: type[SettingsType], options: dict[str, object]) -> SettingsType:
    url, debug = options.pop("index_url"), options.pop("debug")
    environment = dict(os.environ)
    if isinstance(url, str):
        environment["INDEX_URL"] = url
    if debug:
        environment["DEBUG"] = "true"
    settings = load(kind, environment)
    ctx = click.get_current_context()
    ctx.meta[DEBUGGING] = settings.debug
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if settings.debug:
        # Ours alone: botocore's debug log is a flood and shows signatures.
        ours = logging.getLogger("vinymatic")
        ctx.call_on_close(partial(ours.setLevel, ours.level))
        ours.setLevel(logging.DEBUG)
    return settings
