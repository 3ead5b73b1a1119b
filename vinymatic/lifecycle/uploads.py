"""How long uploaded files may wait for the manifest that names them.

The collection deletes files that no manifest has named for its grace. Whoever has waited longer than half of that uploads anew, under
other names, rather than name files that may be gone.
"""

from __future__ import annotations

import time

GRACE_SECONDS = 24 * 3_600
GOOD_FOR_SECONDS = GRACE_SECONDS / 2


class UploadAge:
    """Counts from when it is made. By two clocks: one stands still while a machine sleeps, the other can be set back."""

    def __init__(self) -> None:
        self._wall, self._steady = time.time(), time.monotonic()

    @property
    def too_old(self) -> bool:
        return max(time.time() - self._wall, time.monotonic() - self._steady) > GOOD_FOR_SECONDS
