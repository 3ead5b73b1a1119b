"""`kubectl vinyl retrain`, `promote`, `rollback`: an annotation asks, the operator acts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import click

from vinymatic_operator.kube.resources import INDEXES
from vinymatic_operator.plugin.answer import Change, finish, refuse
from vinymatic_operator.plugin.changes import (
    annotated,
    paused_note,
    promotion_warning,
    refused_promotion,
    refused_repetition,
    refused_retraining,
    refused_rollback,
    refused_wait,
    stamp,
)
from vinymatic_operator.plugin.cluster import Cluster, connected
from vinymatic_operator.plugin.ends import Ended, Going, retraining_end, rollback_end
from vinymatic_operator.plugin.errors import RefusedError
from vinymatic_operator.plugin.options import Call, vinyl_command
from vinymatic_operator.plugin.reading import Index, read_index
from vinymatic_operator.resources.names import PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

Judge = Callable[[Index, Index, str], Going | Ended]


@vinyl_command(changes=True, waits=True)
def retrain(call: Call) -> None:
    """Ask for a retraining now: train, measure against the active epoch, and serve it if it is no worse."""
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    refuse(refused_retraining(index))
    _ask(call, cluster, index, RETRAIN_AT, "a retraining", retraining_end)


@vinyl_command(changes=True)
@click.option("--yes", is_flag=True, help="Really, whatever the gate said.")
def promote(call: Call, yes: bool) -> None:
    """Serve the candidate epoch, whatever its gate said."""
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    refuse(refused_promotion(index))
    if not yes and not call.dry_run:
        raise RefusedError(f"{promotion_warning(index)}; add --yes to do it")
    _ask(call, cluster, index, PROMOTE_AT, "a promotion of the candidate epoch", None)


@vinyl_command(changes=True, waits=True)
def rollback(call: Call) -> None:
    """Serve the epoch before the active one again."""
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    refuse(refused_rollback(index))
    _ask(call, cluster, index, ROLLBACK_AT, "a rollback to the previous epoch", rollback_end)


def _ask(call: Call, cluster: Cluster, index: Index, key: str, what: str, judge: Judge | None) -> None:
    refuse(refused_wait(index, what) if call.wait else None)
    asked = stamp(datetime.now(UTC))
    refuse(refused_repetition(index, key, asked))
    sent = annotated(key, asked)
    received = cluster.patch_index(index.name, sent, dry_run=call.dry_run)
    said = [f"asked for {what} of {index.namespace}/{index.name} ({key}: {asked})", *paused_note(index)]
    if index.status.retraining.phase is not None:
        said.append(f"the operator is busy now, at {index.status.retraining.phase}")
    change = Change(sent, received, said, f"kubectl vinyl status {index.name} -n {index.namespace}")

    def look() -> Going | Ended:
        assert judge is not None
        return judge(index, read_index(cluster.resource(INDEXES, index.name)), asked)

    finish(call, change, look if judge is not None else None)
