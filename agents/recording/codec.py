"""Arrays over time in few bytes, lossless: differences from row to row, byte planes, deflate.

Each array has the time first. Its elements are taken as whole numbers of their own size (a float
by its bits), and what is stored is the first row, which elements change at all, and for those the
differences from row to row, byte plane by byte plane: slowly changing numbers leave planes of
zeros. Differences of a float's bits are small where the float changes little (Lindstrom and
Isenburg, "Fast and Efficient Compression of Floating-Point Data", 2006).
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.recording.container import RecordingError

Arrays = dict[str, NDArray[Any]]

MOST_BYTES = 1 << 25  # of all arrays of one chunk together; more is damage
_KINDS = ("<f4", "<f8", "<i4", "<i8", "<u8", "|u1", "|b1")
_MOST_ARRAYS = 64


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Pack arrays by name; `unpack` is the way back, to the byte."""
    table, parts = [], []
    for name, given in arrays.items():
        array = np.ascontiguousarray(given)
        kind = array.dtype.newbyteorder("<").str
        if kind not in _KINDS:
            raise TypeError(f"{name} is {array.dtype}; the codec takes {_KINDS}")
        table.append([name, kind, list(array.shape)])
        parts += _parts(array.astype(kind, copy=False))
    head = json.dumps(table).encode()
    body = b"".join([len(head).to_bytes(4, "little"), head, *parts])
    # Runs of zeros are what can be saved here: Z_RLE finds them in two thirds of the time that
    # level 1 takes, and its files are smaller.
    engine = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    return len(body).to_bytes(4, "little") + engine.compress(body) + engine.flush()


def unpack(data: bytes) -> Arrays:
    """Unpack what `pack` made; the data may be anything.

    Raises:
        RecordingError: it is damaged, or claims to hold more than MOST_BYTES.
    """
    try:
        body = _inflate(data)
        size = int.from_bytes(body[:4], "little")
        table = json.loads(body[4 : 4 + size])
        if not isinstance(table, list) or len(table) > _MOST_ARRAYS:
            raise ValueError("its table of arrays is none")
        at, total, arrays = 4 + size, 0, {}
        for name, kind, shape in table:
            if kind not in _KINDS or not isinstance(name, str) or not _is_shape(shape):
                raise ValueError("an array has a type or a shape that is none")
            count = 1
            for length in shape:
                count *= length
            total += count * np.dtype(kind).itemsize
            if total > MOST_BYTES:
                raise ValueError("its arrays are larger than a chunk's may be")
            arrays[name], at = _restore(body, at, kind, shape, count)
        return arrays
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error) as error:
        raise RecordingError(f"a chunk of the recording is damaged ({error})") from None


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and 1 <= len(shape) <= 4
        and all(type(n) is int and 0 <= n <= MOST_BYTES for n in shape)
    )


def _inflate(data: bytes) -> bytes:
    """Undo deflate with bounded memory, whatever the data claims."""
    wanted = int.from_bytes(data[:4], "little")
    if len(data) < 4 or wanted > 2 * MOST_BYTES:
        raise ValueError("its size is out of range")
    engine = zlib.decompressobj()
    body = engine.decompress(data[4:], wanted + 1)
    if len(body) != wanted or not engine.eof:
        raise ValueError("its size is not what it says")
    return body


def _words(array: NDArray[Any]) -> NDArray[Any]:
    """The array's elements as unsigned whole numbers, [T, elements]."""
    flat = array.reshape(len(array), -1)
    return flat.view(np.dtype(f"<u{array.dtype.itemsize}"))


def _parts(array: NDArray[Any]) -> list[bytes]:
    """First row, bits of what changes, and the planes of the changes."""
    if not array.size:
        return []
    words = _words(array)
    if len(words) == 1:
        return [words.tobytes()]
    changes = words[1:] - words[:-1]  # whole numbers wrap around, as the way back does
    moving = changes.any(0)
    rows = np.ascontiguousarray(changes[:, moving].T)  # [moving, T - 1]
    planes = np.ascontiguousarray(rows.view(np.uint8).reshape(-1, words.itemsize).T)
    return [words[0].tobytes(), np.packbits(moving).tobytes(), planes.tobytes()]


def _take(body: bytes, at: int, count: int) -> tuple[bytes, int]:
    if at + count > len(body):
        raise ValueError("it ends within an array")
    return body[at : at + count], at + count


def _restore(
    body: bytes, at: int, kind: str, shape: list[int], count: int
) -> tuple[NDArray[Any], int]:
    """Undo `_parts`; returns the array and where the next one begins."""
    dtype = np.dtype(kind)
    if count == 0:
        return np.zeros(shape, dtype), at
    rows, wide = shape[0], count // shape[0]
    word = np.dtype(f"<u{dtype.itemsize}")
    first, at = _take(body, at, wide * dtype.itemsize)
    words = np.empty((rows, wide), word)
    words[0] = np.frombuffer(first, word)
    if rows > 1:
        bits, at = _take(body, at, (wide + 7) // 8)
        moving = np.unpackbits(np.frombuffer(bits, np.uint8), count=wide).astype(np.bool_)
        number = int(moving.sum()) * (rows - 1)
        planes, at = _take(body, at, number * dtype.itemsize)
        grid = np.frombuffer(planes, np.uint8).reshape(dtype.itemsize, number)
        changes = np.ascontiguousarray(grid.T).view(word).reshape(-1, rows - 1)
        words[1:] = words[0]
        words[1:, moving] += np.cumsum(changes.T, axis=0, dtype=word)
    restored = words.view(dtype).reshape(shape)
    if kind == "|b1" and words.max(initial=0) > 1:
        raise ValueError("a truth value is neither 0 nor 1")
    return restored, at
