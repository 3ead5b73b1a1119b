"""`vinymatic promote`, `rollback`, `retire` and `discard`: what becomes of an epoch, one commit each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.settings import IndexAccess

if TYPE_CHECKING:
    from vinymatic.index.manifest import Manifest
    from vinymatic.lifecycle.commit import Commit
    from vinymatic.storage.port import ObjectStore


@index_command(IndexAccess)
@click.option("--ungated", is_flag=True, help="Whatever the gate said, or without asking it.")
def promote(settings: IndexAccess, *, ungated: bool) -> None:
    """Make the candidate epoch active, when its gate has passed.

    The epoch that was active stays beside it: `vinymatic rollback` goes back.
    """
    from vinymatic.lifecycle import promotion
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    done = _told(store, promotion.promote(store, ungated=ungated))
    click.echo(f"manifest {done.number}: epoch {done.active_epoch} is active")


@index_command(IndexAccess)
@click.option("--epoch", type=int, help="Only back to this epoch: nothing happens where it is active already.")
def rollback(settings: IndexAccess, *, epoch: int | None) -> None:
    """Make the previous epoch active again."""
    from vinymatic.lifecycle import promotion
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    done = _told(store, promotion.roll_back(store, epoch))
    click.echo(f"manifest {done.number}: epoch {done.active_epoch} is active again")


@index_command(IndexAccess)
def retire(settings: IndexAccess) -> None:
    """Drop the previous epoch: ingestors stop writing it, and there is no way back to it any more."""
    from vinymatic.lifecycle import promotion
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    done = promotion.retire_previous(store)
    _told(store, done)
    said = "the previous epoch is retired" if done.changed else "there is no previous epoch"
    click.echo(f"manifest {done.manifest.number}: {said}")


@index_command(IndexAccess)
def discard(settings: IndexAccess) -> None:
    """Drop the candidate epoch; the active one is not touched."""
    from vinymatic.lifecycle import promotion
    from vinymatic.lifecycle.places import index_store

    store = index_store(settings)
    done = promotion.discard_candidate(store)
    _told(store, done)
    said = "the candidate is discarded" if done.changed else "there is no candidate"
    click.echo(f"manifest {done.manifest.number}: {said}")


def _told(store: ObjectStore, done: Commit) -> Manifest:
    newest = done.manifest
    tell({"changed": done.changed, "number": newest.number, "active_epoch": newest.active_epoch}, index=store)
    return newest
