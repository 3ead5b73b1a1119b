"""Progress bars on stderr; none where stderr is no terminal, so that logs stay clean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from tqdm import tqdm

from vinymatic.lifecycle.progress import Progress


@contextmanager
def bars() -> Iterator[Progress]:
    """A `Progress` that draws one bar for each step of the work."""
    drawn: dict[str, tqdm[NoReturn]] = {}

    def tell(step: str, done: int, total: int) -> None:
        bar = drawn.get(step)
        if bar is None:
            bar = drawn[step] = tqdm(total=total, desc=step, disable=None)
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield tell
    finally:
        for bar in drawn.values():
            bar.close()
