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
    finished = ingestor.run()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Python takes its handlers back when it ends, and a second signal in that moment would make a clean end look like a kill. What is
        # ignored stays ignored.
        signal.signal(number, signal.SIG_IGN)
    if not finished:
        # A thread hangs in a request. Nothing of its work is acknowledged, so nobody has to wait for it; Python would.
        logging.shutdown()
        os._exit(0)
