"""Many short texts as one array of bytes: a Python string for each would take several times the memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from vinymatic.index.tensors import Array


def pack_texts(texts: Iterable[str]) -> tuple[NDArray[np.uint8], NDArray[np.uint64]]:
    """All bytes in UTF-8, one text after the other, and where each text ends."""
    encoded = [text.encode("utf-8") for text in texts]
    ends = np.cumsum([len(part) for part in encoded], dtype=np.uint64)
    return np.frombuffer(b"".join(encoded), np.uint8), ends


class Texts(Sequence[str]):
    """What `pack_texts` packed. Raises `ValueError` when it is not that."""

    def __init__(self, packed: Array, ends: Array) -> None:
        self._bytes = packed.tobytes()
        self._bounds = np.concatenate([np.zeros(1, np.int64), ends.astype(np.int64)])
        if np.any(np.diff(self._bounds) < 0) or int(self._bounds[-1]) != len(packed):
            raise ValueError("the texts do not end where it says")
        self._bytes.decode("utf-8")
        begins = self._bounds[self._bounds < len(packed)]
        if np.any(packed[begins] & 0xC0 == 0x80):
            raise ValueError("a text begins within a character")

    def __len__(self) -> int:
        return len(self._bounds) - 1

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> list[str]: ...
    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        return self.raw(range(len(self))[place]).decode("utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self.raw(place).decode("utf-8") for place in range(len(self)))

    def raw(self, place: int) -> bytes:
        """The text in UTF-8, whose order is that of the texts."""
        return self._bytes[self._bounds[place] : self._bounds[place + 1]]

    @cached_property
    def order(self) -> NDArray[np.uint32]:
        """uint32 [n]: the places of the texts in their order, equal ones by place."""
        return np.array(sorted(range(len(self)), key=self.raw), np.uint32)

    def rank(self, text: str) -> int:
        """Where in `order` the texts begin that are not before `text`."""
        return bisect_left(self.order, text.encode("utf-8", "surrogatepass"), key=self.raw)

    def places(self, text: str) -> Iterator[int]:
        """The places that hold `text`, ascending."""
        wanted = text.encode("utf-8", "surrogatepass")
        for place in self.order[self.rank(text) :]:
            if self.raw(int(place)) != wanted:
                return
            yield int(place)
