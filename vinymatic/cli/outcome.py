"""What a command came to, as one JSON object in RESULT_FILE: for whoever started it and reads no text, such as the operator.

`{"command", "outcome", "index"}` of one that came to its end, `{"command", "error": {"code", "message"}}` of one that did not. It fits
Kubernetes' termination message: 4,096 bytes at most, in ASCII, whatever names and texts there are; long ones are cut.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from vinymatic.errors import VinymaticError

if TYPE_CHECKING:
    from vinymatic.storage.port import ObjectStore

MOST_BYTES = 4_096
# Tried in turn: longest text and longest list that may stand in an outcome.
_CUTS = ((1_024, 200), (256, 50), (128, 20), (64, 8), (16, 2))
_TOLD = "vinymatic.told"

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def tell(outcome: Mapping[str, object], *, index: ObjectStore | None = None) -> None:
    """Notes what the running command came to; called again, it adds. `index`: the one whose newest manifest the result shall sum up."""
    told: _Told = click.get_current_context().meta.setdefault(_TOLD, _Told())
    told.outcome.update(outcome)
    told.index = index or told.index


@contextmanager
def failures_recorded(ctx: click.Context) -> Iterator[None]:
    """Writes what the block ends with to RESULT_FILE, when that is an error. The exit of a command is none."""
    try:
        yield
    except click.exceptions.Exit:
        raise
    except Exception as error:
        _write(ctx, {"error": error_of(error)})
        raise


@contextmanager
def recorded(ctx: click.Context) -> Iterator[None]:
    """Writes what became of the command, which is the block, to RESULT_FILE. An exit code other than 0 has not `passed`."""
    ctx.meta[_TOLD] = told = _Told()
    with failures_recorded(ctx):
        # A run that is killed must not leave the result of an earlier one.
        _write(ctx, None)
        try:
            yield
        except click.exceptions.Exit as done:
            if done.exit_code:
                told.outcome.setdefault("passed", False)
            _write(ctx, told.result())
            raise
        _write(ctx, told.result())


def error_of(error: Exception) -> dict[str, str]:
    """`code`: a stable word; `message`: a sentence."""
    if isinstance(error, VinymaticError):
        code = error.code
    elif isinstance(error, click.UsageError):
        code = "usage"
    elif isinstance(error, click.ClickException):
        code = "refused"
    elif isinstance(error, OSError):
        code = "os_error"
    else:
        return {"code": "unexpected", "message": f"{type(error).__name__}: {error}"}
    text = error.format_message() if isinstance(error, click.ClickException) else str(error)
    return {"code": code, "message": " ".join(text.split()) or code}


def to_json(command: str, result: Mapping[str, object]) -> bytes:
    """The whole object. Only `outcome` and `error` are ever cut."""
    named: dict[str, object] = {"command": command, **result}
    data = _dumped(named)
    for text, items in _CUTS:
        if len(data) <= MOST_BYTES:
            return data
        cut = {key: _plain(value, text, items) if key != "index" else value for key, value in named.items()}
        data = _dumped(cut)
    return data if len(data) <= MOST_BYTES else _dumped({"command": command[:100], "outcome": {}})


class _Told:
    def __init__(self) -> None:
        self.outcome: dict[str, object] = {}
        self.index: ObjectStore | None = None

    def result(self) -> dict[str, object]:
        result: dict[str, object] = {"outcome": self.outcome}
        if self.index is not None and _path() is not None:
            summary = _summary(self.index)
            if summary is not None:
                result["index"] = summary
        return result


def _summary(store: ObjectStore) -> dict[str, object] | None:
    """None where it cannot be read: the command has done its work all the same."""
    from vinymatic.lifecycle.commit import read_newest
    from vinymatic.lifecycle.summary import summarize

    try:
        newest = read_newest(store)
    except VinymaticError as error:
        click.echo(f"the result is without the index: {error}", err=True)
        return None
    return None if newest is None else summarize(newest).model_dump()


def _path() -> Path | None:
    # From the environment, for the settings may be what is wrong.
    name = os.environ.get("RESULT_FILE", "")
    return Path(name) if name else None


def _write(ctx: click.Context, result: Mapping[str, object] | None) -> None:
    """In place and not renamed: /dev/termination-log is a mount. None: empties what is there."""
    path = _path()
    if path is None or (result is None and not path.exists()):
        return
    command = ctx.command_path.partition(" ")[2] or ctx.command_path
    try:
        path.write_bytes(b"" if result is None else to_json(command, result) + b"\n")
    except OSError as error:
        # What the command has done is done.
        with suppress(OSError):
            click.echo(f"the result cannot be written to RESULT_FILE: {error}", err=True)


def _dumped(value: object) -> bytes:
    return json.dumps(_plain(value), separators=(",", ":"), allow_nan=False).encode("ascii")


def _plain(value: object, text: int | None = None, items: int | None = None) -> Json:
    """`value` as JSON knows it: texts and lists no longer than said, no number that JSON lacks."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key)[:100]: _plain(part, text, items) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part, text, items) for part in list(value)[:items]]
    words = str(value)
    return words if text is None or len(words) <= text else words[: text - 1] + "…"
