"""Arrays in files: safetensors (a JSON header, then aligned raw arrays; no code in it), read by mapping.

The header's metadata carries `format` and `version`; an older version opens, a newer one is refused with a clear line. Whoever opens a
file has compared its sha256 with the manifest before: a header that lies is then a bug, not an attack, and still raises no more than
`CorruptFileError`.
"""

from __future__ import annotations

import json
import math
import mmap
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from safetensors.numpy import save

from vinymatic.errors import CorruptFileError, UnsupportedFormatError

Array = NDArray[Any]  # arrays of several types live in one file; the callers know each one's type
_DTYPES = {"U8": "u1", "U16": "<u2", "U32": "<u4", "U64": "<u8", "I32": "<i4", "I64": "<i8", "F32": "<f4"}
_WIDTHS = ["U8", "U16", "I32", "U32", "F32", "I64", "U64"]
_LONGEST_HEADER = 1 << 20
# Touching a page maps those beside it too where the page cache has them, up to a huge page on either side.
_MAPPED_BESIDE = 1 << 21


def dump_arrays(
    arrays: Mapping[str, Array], *, kind: str, version: int, notes: Mapping[str, str] | None = None
) -> bytes:
    """The file's bytes, always the same for the same arguments. `kind` and `version` go into its header, `notes` beside them."""
    metadata = {"format": kind, "version": str(version), **(notes or {})}
    data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, metadata=metadata)
    # safetensors writes the metadata in an order that differs from run to run: an encoding that is made again under the same key would
    # then no longer have the sha256 that a manifest holds.
    start = 8 + int.from_bytes(data[:8], "little")
    return _pack_header(json.loads(data[8:start])) + data[start:]


def write_arrays(
    path: Path,
    shapes: Mapping[str, tuple[DTypeLike, tuple[int, ...]]],
    rows: Callable[[str], Iterable[Array]],
    *,
    kind: str,
    version: int,
) -> None:
    """Writes a file that may be larger than memory: the bytes of `dump_arrays`, array by array.

    `shapes`: type and shape of each array. `rows`: its contents, in any number of pieces along the first axis. Raises `ValueError` when
    they do not fill the shape.
    """
    kinds = {np.dtype(code): name for name, code in _DTYPES.items()}
    # As safetensors lays them out: wide types first, so that each begins where its type may begin.
    order = sorted(shapes, key=lambda name: (-_WIDTHS.index(kinds[np.dtype(shapes[name][0])]), name))
    header: dict[str, object] = {"__metadata__": {"format": kind, "version": str(version)}}
    end = 0
    for name in order:
        dtype, shape = np.dtype(shapes[name][0]), shapes[name][1]
        begin, end = end, end + math.prod(shape) * dtype.itemsize
        header[name] = {"data_offsets": [begin, end], "dtype": kinds[dtype], "shape": list(shape)}
    packed = _pack_header(header)
    with path.open("wb") as file:
        file.write(packed)
        for name in order:
            left = math.prod(shapes[name][1])
            for piece in rows(name):
                left -= piece.size
                file.write(np.ascontiguousarray(piece, shapes[name][0]).data)
            if left:
                raise ValueError(f"{name}: {abs(left)} values too {'few' if left > 0 else 'many'}")


def _pack_header(header: object) -> bytes:
    packed = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    packed += b" " * (-len(packed) % 8)
    return len(packed).to_bytes(8, "little") + packed


def map_arrays(path: Path, *, kind: str, newest: int) -> tuple[dict[str, Array], dict[str, str]]:
    """The arrays, read-only and mapped (nothing is read until it is used), and the metadata.

    Raises `CorruptFileError`, `UnsupportedFormatError` (a version over `newest`).
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header_size = int.from_bytes(file.read(8), "little")
            if not 2 <= header_size <= min(_LONGEST_HEADER, size - 8):
                raise CorruptFileError(f"{path.name}: no safetensors header")
            header = json.loads(file.read(header_size))
        metadata: dict[str, str] = header.pop("__metadata__", {})
        _check_version(path, metadata, kind, newest)
        start = 8 + header_size
        arrays = {name: _map_one(path, start, size, entry) for name, entry in header.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise CorruptFileError(f"{path.name}: cannot be read as arrays: {error}") from error
    return arrays, metadata


def expect_array(
    path: Path, arrays: Mapping[str, Array], name: str, dtype: DTypeLike, shape: tuple[int | None, ...]
) -> Array:
    """The array of this name, type and shape (None: any length). Raises `CorruptFileError` when the file has another or none."""
    array = arrays.get(name)
    if array is None:
        raise CorruptFileError(f"{path.name}: the array {name} is missing")
    fits = array.ndim == len(shape) and all(
        wanted in (None, side) for wanted, side in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        raise CorruptFileError(
            f"{path.name}: the array {name} is {array.dtype} {array.shape}, not {np.dtype(dtype)} {shape}"
        )
    return array


def read_rows(array: Array, begin: int, end: int) -> Array:
    """A copy of rows of a mapped array, of which nothing stays in the process: see `let_go`."""
    rows = np.array(array[begin:end])
    let_go(array, begin, end)
    return rows


def let_go(array: Array, begin: int = 0, end: int | None = None) -> None:
    """Rows of a mapped array leave this process's memory, in which all that was ever touched would gather. They stay in the page cache, and
    in the array: whoever reads them again has them mapped again. Nothing happens where the array is not mapped."""
    mapped: object = array.base
    if not isinstance(mapped, mmap.mmap):
        return
    first, row = len(mapped) - array.nbytes, array.strides[0]  # a map ends where its array ends
    start = max(0, first + begin * row - _MAPPED_BESIDE) // mmap.PAGESIZE * mmap.PAGESIZE
    stop = len(mapped) if end is None else min(len(mapped), first + end * row + _MAPPED_BESIDE)
    mapped.madvise(mmap.MADV_DONTNEED, start, stop - start)


def _check_version(path: Path, metadata: Mapping[str, str], kind: str, newest: int) -> None:
    if metadata.get("format") != kind:
        raise CorruptFileError(f"{path.name}: holds {metadata.get('format')!r}, not {kind!r}")
    version = int(metadata["version"])
    if version > newest:
        raise UnsupportedFormatError(
            f"{path.name}: format version {version} was written by a newer Vinymatic; this one reads up to {newest}"
        )


def _map_one(path: Path, start: int, size: int, entry: Mapping[str, Any]) -> Array:
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    shape = tuple(int(side) for side in entry["shape"])
    begin, end = (int(offset) for offset in entry["data_offsets"])
    if (
        min(shape, default=0) < 0
        or begin < 0
        or end - begin != int(np.prod(shape)) * dtype.itemsize
        or start + end > size
    ):
        raise CorruptFileError(f"{path.name}: an array reaches past the end of the file")
    if end == begin:
        return np.empty(shape, dtype)  # an empty range cannot be mapped
    return np.memmap(path, dtype, mode="r", offset=start + begin, shape=shape)
