"""What a run measured: printed at its end, and kept as JSON beside the artifacts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.load import Report


@dataclass
class Summary:
    """`seconds` and `facts` by what they are of, `loads` by scenario; in the order in which they came."""

    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    loads: dict[str, Report] = field(default_factory=dict)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Nothing is kept of what fails: it would be the time of a deadline."""
        begun = time.monotonic()
        yield
        self.seconds[what] = round(time.monotonic() - begun, 1)

    def lines(self) -> list[str]:
        times = [f"{seconds:7.1f} s  {what}" for what, seconds in self.seconds.items()]
        facts = [f"{what}: {fact}" for what, fact in self.facts.items()]
        return [*times, *facts, *(f"requests, {name}: {report}" for name, report in self.loads.items())]

    def write(self, folder: Path) -> None:
        loads = {
            name: {
                "sent": report.sent,
                "failed": report.failed,
                "failures": dict(report.failures),
                "median_seconds": round(report.median, 3),
                "slowest_seconds": round(report.slowest, 3),
                "longest_gap_seconds": round(report.longest_gap, 3),
                "answers_by_manifest": report.manifests,
            }
            for name, report in self.loads.items()
        }
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"seconds": self.seconds, "facts": self.facts, "requests": loads}, indent=1)
        (folder / "summary.json").write_text(text + "\n", "utf-8")
