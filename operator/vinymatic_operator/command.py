"""Coordinate VinylIndex resources on Kubernetes: the operator."""

from __future__ import annotations

import logging
import os

import click

from vinymatic.settings import OperatorSettings, load
from vinymatic.settings.describe import allowed_text, default_text


class OperateCommand(click.Command):
    """Its `--help` ends with its settings, from the one table."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        with formatter.section("Environment"):
            formatter.write_dl(
                [
                    (
                        name.upper(),
                        f"{field.description} Allowed: {allowed_text(field)}. Default: {default_text(field)}.",
                    )
                    for name, field in OperatorSettings.model_fields.items()
                ]
            )


@click.command(cls=OperateCommand)
def operate() -> None:
    """Watch VinylIndex resources and coordinate retraining, backup, restore and rolling reloads, until SIGTERM or Ctrl-C.

    Talks to the cluster that it runs in, or to the one of KUBECONFIG.
    """
    from vinymatic.logs import start_logging
    from vinymatic_operator.kube.client import connect
    from vinymatic_operator.kube.uses import permitted
    from vinymatic_operator.operating import Operator

    settings = load(OperatorSettings, os.environ)
    start_logging("vinymatic_operator", debug=settings.debug)
    # It tells of every event that it passes on.
    logging.getLogger("kopf").setLevel(logging.WARNING)
    Operator(settings, connect(permitted)).run()
