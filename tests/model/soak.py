"""The long run: `python -m tests.model.soak --steps 100000 --seed 1 --minutes 20`.

Ends with 0 when so many calls to stores were made, or so many minutes have passed, without a breach; with 1 and the shortened steps of
the run that found one. The run with that seed alone is repeated by `--seed THAT --steps 1`.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections import Counter

from tests.model.driver import OPERATIONS, draw, replay, shrink, told
from tests.model.invariants import Violation
from tests.model.scheduler import Fault
from tests.model.world import World

LENGTH = 250


class Totals:
    """What all runs together came to."""

    def __init__(self) -> None:
        self.runs = self.steps = self.manifests = self.collected = 0
        self.faults: Counter[str] = Counter()
        self.operations: Counter[str] = Counter()

    def add(self, world: World) -> None:
        self.runs += 1
        self.steps += world.steps
        self.manifests += len(world.history.records)
        self.collected += world.history.boundary
        self.faults.update(world.faults)
        self.operations.update(world.ended)

    def lines(self) -> list[str]:
        calm = self.faults[Fault.NONE]
        return [
            f"runs={self.runs} steps={self.steps} manifests={self.manifests} under a boundary={self.collected}",
            f"faults={sum(self.faults.values()) - calm}: " + _counted(self.faults),
            "operations: " + _counted(self.operations),
        ]


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100_000, help="calls to stores (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; each next one has one more")
    parser.add_argument("--minutes", type=float, default=20.0, help="at most (default: %(default)s)")
    parser.add_argument("--length", type=int, default=LENGTH, help="rules of a run (default: %(default)s)")
    parser.add_argument(
        "--operations", nargs="*", default=(), choices=[*OPERATIONS], help="nothing but these (default: few by turns)"
    )
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    totals, seed, began = Totals(), given.seed, time.monotonic()
    failed = False
    while not failed and totals.steps < given.steps and time.monotonic() - began < given.minutes * 60:
        steps = draw(seed, given.length, given.operations)
        try:
            replay(steps, totals.add)
        except Violation as violation:
            failed = True
            say(f"run {seed} breaks: {violation}", "shortened:")
            say(told(shrink(steps, violation.invariant)))
        seed += 1
    seconds = time.monotonic() - began
    say(
        *totals.lines(),
        f"seeds {given.seed} to {seed - 1}, {seconds:.0f} s, {totals.steps / seconds:.0f} steps a second",
    )
    return int(failed)


def say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
