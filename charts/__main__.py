"""Writes what is made from `charts/schema`, then what the chart makes of `k8s/values`: `python -m charts`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from charts.files import ROOT, generated
from charts.render import renders


def main() -> None:
    _write(generated())
    _write(renders())


def _write(files: Mapping[Path, str]) -> None:
    for path, text in files.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
