"""What is made, by its path in the repository."""

from __future__ import annotations

from monitoring.page import markdown


def files() -> dict[str, str]:
    return {"docs/metrics.md": markdown()}
