"""Writes docs/metrics.md and the dashboards: `python -m monitoring`."""

from __future__ import annotations

from pathlib import Path

from monitoring.files import files

ROOT = Path(__file__).parents[1]

for path, text in files().items():
    (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
    (ROOT / path).write_text(text, "utf-8")
