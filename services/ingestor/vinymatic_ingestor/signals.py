"""Ends the ingestor on SIGTERM and SIGINT."""

from __future__ import annotations

import logging
import os
import signal
from types import FrameType

from vinymatic_ingestor.service import Ingestor


def run_until_signalled(ingestor: Ingestor) -> None:
    """Runs it in the main thread. After the signal, what is in hand is committed and the rest returned to the queue."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a handler's signature
        ingestor.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if not ingestor.run():
        # A thread hangs in a request. Nothing of its work is acknowledged, so nobody has to wait for it; Python would.
        logging.shutdown()
        os._exit(0)
