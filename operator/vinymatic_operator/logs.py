"""Log lines of `key=value` pairs: for people, and for whatever collects them."""

from __future__ import annotations

import logging
import sys


def start_logging(*, debug: bool) -> None:
    """Logs to stderr. `debug` concerns our own loggers: kopf's would drown them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("kopf").setLevel(logging.WARNING)
    logging.getLogger("vinymatic_operator").setLevel(logging.DEBUG if debug else logging.INFO)
