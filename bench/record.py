"""A measurement's JSON file: the figures, the setting they come from, the machine, versions and date. `bench.report` reads them."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypedDict

from vinymatic.threads import usable_cores

PACKAGES = ("vinymatic", "faiss-cpu", "opencv-python-headless", "numpy", "pillow")


class Record(TypedDict):
    """`setting`: the script's options. `load`: the machine's load average when it was started."""

    bench: str
    date: str
    machine: str
    load: float
    versions: dict[str, str]
    setting: dict[str, Any]
    figures: dict[str, Any]


def parser_for(about: str | None, *, data: bool = False) -> argparse.ArgumentParser:
    """A parser whose help is the module's docstring, with the options that all of them have."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure and its setting here")
    parser.add_argument(
        "--work",
        type=Path,
        metavar="FOLDER",
        help="keep what was built here, and take it from here the next time (as long as the code that builds it is the same)",
    )
    if data:
        about_data = (
            "folder with references/NNN.jpg, photos/NNN-PHONE.jpg (each shows reference NNN) and distractors/*.jpg"
        )
        parser.add_argument("--data", type=Path, metavar="FOLDER", help=about_data)
    return parser


def keep(arguments: argparse.Namespace, name: str, figures: Mapping[str, Any]) -> None:
    """Writes the record where `--json` says, if it does."""
    if arguments.json is None:
        return
    setting = {key: _plain(value) for key, value in vars(arguments).items() if key not in {"json", "work", "data"}}
    record: Record = {
        "bench": name,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{usable_cores()} cores ({_processor()})",
        "load": round(_LOAD_AT_START, 1),
        "versions": {"Python": platform.python_version()} | {package: version(package) for package in PACKAGES},
        "setting": setting,
        "figures": dict(figures),
    }
    arguments.json.write_text(json.dumps(record, indent=1) + "\n", "utf-8")


def load(path: Path) -> Record:
    record: Record = json.loads(path.read_text("utf-8"))
    return record


def facts(record: Record) -> str:
    """One line that says where the figures come from. The load is what others did on the machine before the run."""
    packages = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    return f"{record['machine']}, {packages}; load average at the start {record['load']}; {record['date']}."


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


_LOAD_AT_START = os.getloadavg()[0]
