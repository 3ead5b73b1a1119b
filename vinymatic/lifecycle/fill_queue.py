"""Tells the queue to look at many keys, so that any number of ingestors share the work."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vinymatic.errors import QueueUnavailableError
from vinymatic.lifecycle.patience import Patience
from vinymatic.queueing.events import encode_change
from vinymatic.queueing.port import Change, Queue

# Keys between two signs of life: ten requests of ten.
_AT_ONCE = 100


def fill_queue(
    queue: Queue, keys: Sequence[str], *, bucket: str, patience: Patience, advance: Callable[[int], object]
) -> None:
    """Sends a LOOK for each key; `advance` is told how many more are in.

    A message may be in twice after a lost answer, which changes nothing. Raises `QueueUnavailableError` when some could not be sent in
    time, `QueueDeniedError`; those that `advance` was told of stay in.
    """
    for start in range(0, len(keys), _AT_ONCE):
        waiting = [encode_change(Change(key, bucket=bucket)) for key in keys[start : start + _AT_ONCE]]

        def send() -> None:
            nonlocal waiting
            before = len(waiting)
            # What one attempt leaves over is all that the next one sends.
            waiting = queue.send_many(waiting)
            advance(before - len(waiting))
            if waiting:
                raise QueueUnavailableError(f"the queue did not take {len(waiting)} of {before} messages")

        patience.call(send)
