"""Writes what is made from `charts/schema`: `python -m charts`."""

from __future__ import annotations

from charts.files import ROOT, generated


def main() -> None:
    for path, text in generated().items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
