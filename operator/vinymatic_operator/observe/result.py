"""What a Job's command said of itself: the JSON object that it wrote to RESULT_FILE, Kubernetes' termination message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from vinymatic.lifecycle.summary import IndexSummary


@dataclass(frozen=True)
class CommandResult:
    """`outcome`: what it did, None when it failed; then `error_code` and `error` say why. `index`: the index as it left it."""

    outcome: Mapping[str, JsonValue] | None = None
    index: IndexSummary | None = None
    error_code: str = ""
    error: str = ""

    def number(self, name: str) -> int | None:
        """A whole number of the outcome."""
        found = (self.outcome or {}).get(name)
        return found if isinstance(found, int) and not isinstance(found, bool) else None

    def flag(self, name: str) -> bool:
        return (self.outcome or {}).get(name) is True

    def texts(self, name: str) -> list[str]:
        found = (self.outcome or {}).get(name)
        return [str(text) for text in found] if isinstance(found, list) else []

    def numbers(self, name: str) -> list[int]:
        found = (self.outcome or {}).get(name)
        return [n for n in found if isinstance(n, int)] if isinstance(found, list) else []


def parse_result(text: str) -> CommandResult:
    """Never raises: what is no result of ours is shown as it is, as an error."""
    try:
        # NaN and its like are not JSON: the API server would refuse a status that holds one.
        found = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return CommandResult(error_code="no_result", error=text.strip()[-1_000:] or "it ended without a word")
    if not isinstance(found, dict):
        return CommandResult(error_code="no_result", error=text.strip()[-1_000:])
    outcome, error = found.get("outcome"), found.get("error")
    if isinstance(error, dict):
        return CommandResult(error_code=str(error.get("code", "error")), error=str(error.get("message", "")))
    if not isinstance(outcome, dict):
        return CommandResult(error_code="no_result", error="its result says neither what it did nor why it failed")
    return CommandResult(outcome=outcome, index=_summary(found.get("index")))


def failure_text(code: str, message: str) -> str:
    """A result as `parse_result` reads it, for a Job that left none."""
    return json.dumps({"error": {"code": code, "message": message}}, ensure_ascii=False)


def _summary(found: JsonValue) -> IndexSummary | None:
    try:
        return None if found is None else IndexSummary.model_validate(found)
    except ValidationError:  # of an image that is older or newer than this operator by too much
        return None
