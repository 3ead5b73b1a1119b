"""What must hold, by name; and how a breach is told."""

from __future__ import annotations

from enum import StrEnum


class Invariant(StrEnum):
    """Each has its line in docs/model.md."""

    CONTENTS = "contents"
    ACKNOWLEDGED = "acknowledged"
    ONCE = "once"
    UNIQUE = "unique"
    WHOLE = "whole"
    ENCODED = "encoded"
    KEPT = "kept"
    NUMBERS = "numbers"
    EPOCHS = "epochs"
    FORWARD = "forward"
    SERVED = "served"
    ERRORS = "errors"
    FINISHED = "finished"


class Violation(AssertionError):  # noqa: N818 - a breach is found, nothing has gone wrong in the model
    def __init__(self, invariant: Invariant, text: str) -> None:
        super().__init__(f"{invariant}: {text}")
        self.invariant = invariant


def require(holds: object, invariant: Invariant, text: str) -> None:
    if not holds:
        raise Violation(invariant, text)
