"""How a changing command ends: says what was asked, waits where told to, prints what was sent and came back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import click

from vinymatic_operator.plugin.ends import Ended, Going
from vinymatic_operator.plugin.errors import NotEndedError, RefusedError
from vinymatic_operator.plugin.options import Call
from vinymatic_operator.plugin.waiting import wait_for
from vinymatic_operator.resources.base import Json


@dataclass(frozen=True)
class Change:
    """`said`: sentences for people. `follow`: the command that shows how it goes on."""

    sent: Json
    received: Json
    said: list[str]
    follow: str | None = None


def refuse(why: str | None) -> None:
    """Raises `RefusedError` where there is a reason."""
    if why is not None:
        raise RefusedError(why)


def finish(call: Call, change: Change, look: Callable[[], Going | Ended] | None = None) -> None:
    """`look`: how to see whether it has ended. Raises `NotEndedError` where it did not end well."""
    remark = " (dry run: nothing is changed)" if call.dry_run else ""
    # With -o json, stdout is for the one object.
    for sentence in change.said:
        click.echo(f"{sentence}{remark}", err=call.as_json)
    end = None
    if call.wait and look is not None:
        end = wait_for(look, timeout=call.timeout, tell=lambda step: click.echo(f"waiting: {step}", err=True))
    elif change.follow is not None and not call.dry_run:
        click.echo(f"follow it with: {change.follow}", err=call.as_json)
    if call.as_json:
        click.echo(json.dumps(answer_json(change, end, dry_run=call.dry_run), indent=2))
    if end is None:
        return
    if not end.good:
        raise NotEndedError(end.message)
    click.echo(f"done: {end.message}", err=call.as_json)


def answer_json(change: Change, end: Ended | None, *, dry_run: bool) -> Json:
    """The object of `-o json`; `end` is null where nothing was waited for."""
    metadata = change.received.get("metadata")
    received = dict(change.received)
    if isinstance(metadata, dict):
        received["metadata"] = {key: value for key, value in metadata.items() if key != "managedFields"}
    ended: Json | None = None if end is None else {"good": end.good, "message": end.message}
    return {"dryRun": dry_run, "sent": change.sent, "received": received, "end": ended}
