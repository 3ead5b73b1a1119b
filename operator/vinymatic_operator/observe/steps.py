"""The steps that run as Jobs: one subcommand of `vinymatic` each."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """The value is a part of the Job's name and its label."""

    TRAIN = "train"
    ENCODE = "encode"
    GATE = "gate"
    PROMOTE = "promote"
    DISCARD = "discard"
    ROLLBACK = "rollback"
    RETIRE = "retire"
    COMPACT = "compact"
    COLLECT = "collect"
    BACKUP = "backup"
    PRUNE = "prune"
    DRILL = "drill"
    RESTORE = "restore"
    ERASE = "erase"


# One Job of a lane at a time.
EPOCH_LANE = frozenset({Step.TRAIN, Step.ENCODE, Step.GATE, Step.PROMOTE, Step.DISCARD, Step.ROLLBACK, Step.RETIRE})
UPKEEP_LANE = frozenset({Step.COMPACT, Step.COLLECT})
BACKUP_LANE = frozenset({Step.BACKUP, Step.PRUNE, Step.DRILL})
