"""`kubectl vinyl pause` and `resume`."""

from __future__ import annotations

from vinymatic_operator.plugin.answer import Change, finish
from vinymatic_operator.plugin.changes import paused
from vinymatic_operator.plugin.cluster import connected
from vinymatic_operator.plugin.options import Call, vinyl_command


@vinyl_command(changes=True)
def pause(call: Call) -> None:
    """Let the operator only look and tell: it starts nothing until resumed. Jobs that run go on to their end."""
    _set(call, True)


@vinyl_command(changes=True)
def resume(call: Call) -> None:
    """Let the operator go on."""
    _set(call, False)


def _set(call: Call, value: bool) -> None:
    cluster = connected(call.namespace, call.context)
    index = cluster.index(call.name)
    sent = paused(value)
    received = cluster.patch_index(index.name, sent, dry_run=call.dry_run)
    already = " already" if index.spec.paused == value else ""
    state = "paused" if value else "not paused"
    finish(call, Change(sent, received, [f"{index.namespace}/{index.name} is {state}{already}"]))
