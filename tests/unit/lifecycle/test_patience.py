"""Patience: passing failures are waited out, others not; an outage is waited for once."""

from __future__ import annotations

import pytest

from vinymatic.errors import ContentionError, QueueUnavailableError, StorageDeniedError, StorageUnavailableError
from vinymatic.lifecycle.patience import PAUSES, Patience

pytestmark = pytest.mark.unit


class Failing:
    """Raises the errors in turn, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def test_passing_failures_are_tried_again_with_growing_pauses() -> None:
    waited: list[float] = []
    action = Failing(StorageUnavailableError("503"), QueueUnavailableError("503"), ContentionError("lost"))
    assert Patience((1, 2, 4, 8), waited.append).call(action) == "done"
    assert waited == [1, 2, 4]
    assert list(PAUSES) == sorted(PAUSES)


def test_what_does_not_pass_is_not_tried_again() -> None:
    action = Failing(StorageDeniedError("403"))
    with pytest.raises(StorageDeniedError):
        Patience((1,), lambda _: None).call(action)
    assert action.calls == 1


def test_after_the_last_pause_the_error_is_raised_and_nobody_waits_any_more() -> None:
    waited: list[float] = []
    patience = Patience((1, 2), waited.append)
    with pytest.raises(StorageUnavailableError, match="third"):
        patience.call(Failing(*(StorageUnavailableError(name) for name in ("first", "second", "third"))))
    other = Failing(*[StorageUnavailableError("x")] * 9)
    with pytest.raises(StorageUnavailableError):
        patience.call(other)
    assert other.calls == 1
    assert waited == [1, 2]


def test_who_waits_goes_on_when_the_patience_ends() -> None:
    patience = Patience((3_600,))
    patience.end()
    with pytest.raises(StorageUnavailableError):
        patience.call(Failing(*[StorageUnavailableError("x")] * 3))
