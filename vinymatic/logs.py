"""Log lines of `key=value` pairs: for people, and for whatever collects them. A user's key cannot break out of its value."""

from __future__ import annotations

import json
import logging
import re
import sys

_PLAIN = re.compile(r"[\w./:@%+,-]+", re.ASCII)


def line(event: str, **fields: object) -> str:
    """`event=commit manifest=12 key="Blue Note/1.jpg"`; fields that are None are left out."""
    pairs = {"event": event, **fields}
    return " ".join(f"{name}={_value(value)}" for name, value in pairs.items() if value is not None)


def start_logging(*ours: str, debug: bool) -> None:
    """Logs to stderr. `debug` concerns `ours`, the names of our own loggers: those of others would drown them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        logging.Formatter("time=%(asctime)s level=%(levelname)s logger=%(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for name in ours:
        logging.getLogger(name).setLevel(logging.DEBUG if debug else logging.INFO)


def _value(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    # Beyond ASCII there are more line breaks, and characters that turn the rest of a line around.
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=not text.isprintable())
