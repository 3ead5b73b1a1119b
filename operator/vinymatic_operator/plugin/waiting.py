"""`--wait`: looks again and again until what was asked for has ended."""

from __future__ import annotations

import time
from collections.abc import Callable

from vinymatic_operator.errors import KubeThrottledError, KubeUnavailableError
from vinymatic_operator.plugin.ends import Ended, Going

_PAUSE = 2.0


def wait_for(
    look: Callable[[], Going | Ended], *, timeout: float, tell: Callable[[str], None], pause: float = _PAUSE
) -> Ended:
    """`timeout` and `pause` in seconds; `tell` hears each new step once. An API server that is away is asked again: it may come back
    long before the end. Out of time is an end that is not good."""
    deadline = time.monotonic() + timeout
    told = None
    while True:
        try:
            seen = look()
        except (KubeUnavailableError, KubeThrottledError) as error:
            seen = Going(f"the API server does not answer: {error}")
        if isinstance(seen, Ended):
            return seen
        if seen.step != told:
            told = seen.step
            tell(told)
        if time.monotonic() + pause > deadline:
            return Ended(False, f"it has not ended in time and goes on ({told})")
        time.sleep(pause)
