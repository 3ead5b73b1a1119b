"""What working on one key can come to."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.rejects import Reject
from vinymatic.queueing.port import ChangeKind


@dataclass(frozen=True)
class Ready:
    """A cover to add or replace. `seen`: the ETag that the index held, as far as known, before the object was looked at; None: none."""

    cover: PreparedCover
    seen: str | None = None


@dataclass(frozen=True)
class Gone:
    """A cover to take out, if it is in. `seen`: as in `Ready`. `asked`: by what kind of request."""

    seen: str | None = None
    asked: ChangeKind = ChangeKind.LOOK


@dataclass(frozen=True)
class Same:
    """The bucket holds the very version that is indexed."""

    etag: str


@dataclass(frozen=True)
class Ignored:
    """Not a cover at all."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """At fault itself; its reject record is written."""

    reject: Reject


Outcome = Ready | Gone | Same | Ignored | Refused
