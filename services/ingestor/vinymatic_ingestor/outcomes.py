"""What working on one key can come to."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.rejects import Reject


@dataclass(frozen=True)
class Ready:
    """A cover to add or replace."""

    cover: PreparedCover


@dataclass(frozen=True)
class Gone:
    """A cover to take out, if it is in."""


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
