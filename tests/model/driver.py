"""Drives the machine by weighted chance instead of Hypothesis: many times faster, and every run has a seed of its own that replays it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from tests.model import machine
from tests.model.invariants import Invariant, Violation
from tests.model.machine import IndexMachine
from tests.model.scheduler import Fault
from tests.model.world import World

# One step of a run: a rule of the machine and its arguments.
Step = tuple[str, dict[str, object]]
Arguments = Callable[[random.Random], dict[str, object]]


def _which(chance: random.Random) -> dict[str, object]:
    return {"which": chance.randrange(8)}


def _one(name: str, values: Sequence[object]) -> Arguments:
    return lambda chance: {name: chance.choice(values)}


def _all(*parts: Arguments) -> Arguments:
    return lambda chance: {name: value for part in parts for name, value in part(chance).items()}


# Rule → how often, and with what. A stretch of a run has few of the operations, so that they meet each other.
OPERATIONS: dict[str, tuple[float, Arguments]] = {
    "ingest": (8, _all(_which, _one("most", (1, 2, 3)))),
    "read": (3, _which),
    "maintain": (5, _all(_which, _one("what", machine.MAINTENANCE))),
    "compact": (4, _which),
    "collect": (6, _all(_which, _one("keep", (1, 1, 2)))),
    "back_up": (3, _which),
    "restore": (3, _all(_which, _one("back", (0, 1, 2)))),
    "pin": (4, _all(_which, _one("name", machine.PINS), _one("back", (0, 1, 2, 3)), _one("out", (True, False, False)))),
}
REST: dict[str, tuple[float, Arguments]] = {
    "put": (7, _one("cover", machine.COVERS)),
    "remove": (3, _one("cover", machine.COVERS)),
    "redeliver": (1, _which),
    "pass_time": (5, _one("span", machine.SPANS)),
    "set_clock": (0.5, _all(_which, _one("ahead", (-30, -3, 0, 3, 30)))),
    "sleep": (1, _all(_which, _one("span", machine.SPANS))),
    "again": (3, _which),
    "run": (10, _all(_which, _one("calls", (1, 2, 3, 5, 8)))),
    "disturb": (5, _all(_which, _one("calls", (0, 0, 1, 2, 4, 8)), _one("fault", machine.FAULTS))),
    "disturb_at": (6, _all(_which, _one("place", range(8)), _one("fault", machine.FAULTS))),
    "stall": (9, _all(_which, _one("place", range(8)))),
    "wake": (6, _which),
    "finish": (10, _which),
}
STRETCH = 50
# What else happens in a stretch happens more or less often, or not at all.
_SWARM = (0.0, 0.5, 1.0, 1.0, 2.0)


def draw(seed: int, length: int, operations: Sequence[str] = ()) -> list[Step]:
    """The steps of the run with this seed. `operations`: nothing but these begin, all of them in every stretch."""
    chance = random.Random(seed)
    begin: dict[str, object] = {
        "seed": seed,
        "covers": chance.choice((0, 1, 3, 5, 5)),
        "trained": chance.random() < 0.5,
    }
    steps: list[Step] = [("begin", begin)]
    while len(steps) <= length:
        steps += _stretch(chance, min(STRETCH, length + 1 - len(steps)), operations)
    return steps


def _stretch(chance: random.Random, length: int, operations: Sequence[str]) -> Iterator[Step]:
    names = [*OPERATIONS]
    drawn = chance.choices(names, [weight for weight, _ in OPERATIONS.values()], k=chance.choice((2, 3, 4)))
    chosen = operations or drawn
    rules = {name: (20 / len(chosen), OPERATIONS[name][1]) for name in chosen}
    rules |= {name: (weight * chance.choice(_SWARM), arguments) for name, (weight, arguments) in REST.items()}
    for name in chance.choices([*rules], [weight for weight, _ in rules.values()], k=length):
        yield name, rules[name][1](chance)


def replay(steps: Iterable[Step], ended: Callable[[World], None] = lambda world: None) -> None:
    """Runs `steps` and settles. Raises `Violation`. `ended`: told of the world, whatever became of it."""
    run = IndexMachine()
    try:
        for name, arguments in steps:
            getattr(run, name)(**arguments)
        run.world.settle()
    finally:
        run.close()
        ended(run.world)


def breach(steps: Iterable[Step]) -> Violation | None:
    """What `steps` bring to light, if anything."""
    try:
        replay(steps)
    except Violation as violation:
        return violation
    return None


def shrink(steps: Sequence[Step], invariant: Invariant, tries: int = 300) -> list[Step]:
    """Fewer steps that breach the same invariant: in halves, quarters and so on, until `tries` runs are used up."""
    taken: list[Step] = []
    breach(_noted(steps, taken))
    kept, size = taken, len(taken) // 2
    while size >= 1:
        place = 1
        while place < len(kept) and tries > 0:
            tries -= 1
            fewer = [*kept[:place], *kept[place + size :]]
            taken = []
            found = breach(_noted(fewer, taken))
            if found is not None and found.invariant is invariant:
                kept = taken
            else:
                place += size
        size //= 2
    return kept


def _noted(steps: Iterable[Step], taken: list[Step]) -> Iterator[Step]:
    """`steps`, each put into `taken` as it is begun: what comes after the breach is never needed."""
    for step in steps:
        taken.append(step)
        yield step


def told(steps: Sequence[Step]) -> str:
    """The steps as lines of Python, to paste into `replay`."""
    lines = []
    for name, arguments in steps:
        words = ", ".join(f'"{key}": {_word(value)}' for key, value in arguments.items())
        lines.append(f'("{name}", {{{words}}}),')
    return "\n".join(lines)


def _word(value: object) -> str:
    if isinstance(value, type):
        return f"ops.{value.__name__}"
    if isinstance(value, Fault):
        return f"Fault.{value.name}"
    return repr(value)
