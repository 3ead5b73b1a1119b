"""Interleavings that chance meets too seldom for a quick test, step by step; found by the soak, or thought out."""

from __future__ import annotations

from tests.model import operations as ops
from tests.model.driver import Step
from tests.model.scheduler import Fault

DAY = 25 * 3_600.0

# A collector stands before its first delete; a pin on what it will delete dies before its look, and is tried again.
PIN_TRIED_AGAIN: tuple[Step, ...] = (
    ("begin", {"seed": 1, "covers": 5, "trained": False}),
    ("pass_time", {"span": 2 * DAY}),
    ("collect", {"which": 0, "keep": 1}),
    ("stall", {"which": 0, "place": 4}),
    ("pin", {"which": 1, "name": "x", "back": 1, "out": False}),
    ("disturb_at", {"which": 0, "place": 0, "fault": Fault.DIES_AFTER}),
    ("again", {"which": 0}),
    ("finish", {"which": 0}),
    ("wake", {"which": 0}),
)

# A training dies after its first encoding is up; a day later one begun again encodes the same segment while a collector that has set
# its fence stands before its first delete.
ENCODED_AGAIN: tuple[Step, ...] = (
    ("begin", {"seed": 1, "covers": 1, "trained": False}),
    ("maintain", {"which": 0, "what": ops.Train}),
    ("disturb_at", {"which": 0, "place": 1, "fault": Fault.DIES_AFTER}),
    ("pass_time", {"span": DAY}),
    ("collect", {"which": 0, "keep": 1}),
    ("stall", {"which": 0, "place": 5}),
    ("maintain", {"which": 1, "what": ops.Train}),
    ("finish", {"which": 0}),
    ("wake", {"which": 0}),
)

# The same with a restore in the training's place: what it brings back lies there still, unnamed since its segment was merged.
RESTORED_AGAIN: tuple[Step, ...] = (
    ("begin", {"seed": 1, "covers": 5, "trained": False}),
    ("back_up", {"which": 0}),
    ("finish", {"which": 0}),
    ("compact", {"which": 0}),
    ("finish", {"which": 0}),
    ("put", {"cover": "a"}),
    ("ingest", {"which": 0, "most": 1}),
    ("finish", {"which": 0}),
    ("pass_time", {"span": 2 * DAY}),
    ("collect", {"which": 0, "keep": 1}),
    ("stall", {"which": 0, "place": 5}),
    ("restore", {"which": 1, "back": 0}),
    ("finish", {"which": 0}),
    ("wake", {"which": 0}),
)

SCHEDULES = {"pin": PIN_TRIED_AGAIN, "encoding": ENCODED_AGAIN, "restore": RESTORED_AGAIN}
