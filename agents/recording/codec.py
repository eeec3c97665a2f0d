"""Arrays over time in few bytes, lossless: differences from row to row, without their zero bytes.

Each array has the time first. Its elements are taken as whole numbers of their own size (a float
by its bits), and what is stored is the first row, which elements change at all, and for those the
differences from row to row: the sign folded into the lowest bit, and of each only the bytes that
are not zero, with bits that tell which are there. Differences of a float's bits are small where
the float changes little (Lindstrom and Isenburg, "Fast and Efficient Compression of
Floating-Point Data", 2006); folded signs and bytes as needed are Protocol Buffers' varints,
turned by planes so that NumPy does the work.

Arrays of as many rows and elements of one size go through this side by side, as one.

A chunk is two sections: what deflate makes smaller (the table, first rows and bits), and the
bytes, which it does not.
"""

from __future__ import annotations

import json
import struct
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
_SECTION = struct.Struct("<II?")


def pack(arrays: Mapping[str, NDArray[Any]], *, dense: bool = False) -> bytes:
    """Pack arrays by name; `unpack` is the way back, to the byte.

    Args:
        arrays: each with the time first.
        dense: take some ten times longer for a tenth fewer bytes.
    """
    table: list[Any] = []
    groups: dict[tuple[int, int], list[NDArray[Any]]] = {}
    bits: list[bytes] = []
    data: list[bytes] = []
    for name, given in arrays.items():
        array = np.ascontiguousarray(given)
        kind = array.dtype.newbyteorder("<").str
        if kind not in _KINDS:
            raise TypeError(f"{name} is {array.dtype}; the codec takes {_KINDS}")
        table.append([name, kind, list(array.shape)])
        if array.size:
            words = _words(array.astype(kind, copy=False))
            groups.setdefault((len(words), words.itemsize), []).append(words)
    for group in groups.values():
        _split(np.concatenate(group, axis=1), bits, data)
    head = json.dumps(table).encode()
    first = b"".join([len(head).to_bytes(4, "little"), head, *bits])
    return _section(first, True) + _section(b"".join(data), dense)


def _section(content: bytes, deflated: bool) -> bytes:
    """A section: its size, its size as stored, whether it is deflated, and what is stored."""
    stored = content
    if deflated:
        # Runs are what can be saved here: Z_RLE finds them in two thirds of the time that level 1
        # takes, and its files are smaller.
        engine = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
        stored = engine.compress(content) + engine.flush()
    return _SECTION.pack(len(content), len(stored), deflated) + stored


def unpack(data: bytes) -> Arrays:
    """Unpack what `pack` made; the data may be anything.

    Raises:
        RecordingError: it is damaged, or claims to hold more than MOST_BYTES.
    """
    try:
        body, at = _inflate(data, 0)
        bits, (rest, at) = _Bytes(body), _inflate(data, at)
        planes = _Bytes(rest)
        size = int.from_bytes(bits.take(4), "little")
        table = json.loads(bits.take(size))
        if not isinstance(table, list) or len(table) > _MOST_ARRAYS:
            raise ValueError("its table of arrays is none")
        total, widths = 0, []
        groups: dict[tuple[int, int], int] = {}
        for name, kind, shape in table:
            if kind not in _KINDS or not isinstance(name, str) or not _is_shape(shape):
                raise ValueError("an array has a type or a shape that is none")
            count = 1
            for length in shape:
                count *= length
            total += count * np.dtype(kind).itemsize
            if total > MOST_BYTES:
                raise ValueError("its arrays are larger than a chunk's may be")
            wide = count // shape[0] if count else 0
            if count:
                alike = shape[0], np.dtype(kind).itemsize
                groups[alike] = groups.get(alike, 0) + wide
            widths.append(wide)
        restored = {
            (rows, size): _restore(bits, planes, rows, wide, size)
            for (rows, size), wide in groups.items()
        }
        return _cut(table, widths, restored)
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error, struct.error) as error:
        raise RecordingError(f"a chunk of the recording is damaged ({error})") from None


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list)
        and 1 <= len(shape) <= 4
        and all(type(n) is int and 0 <= n <= MOST_BYTES for n in shape)
    )


def _inflate(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a section with bounded memory, whatever it claims; also returns where the next is."""
    wanted, stored, deflated = _SECTION.unpack_from(data, at)
    at += _SECTION.size
    if wanted > 2 * MOST_BYTES or at + stored > len(data):
        raise ValueError("its size is out of range")
    content = data[at : at + stored]
    if deflated:
        engine = zlib.decompressobj()
        content = engine.decompress(content, wanted + 1)
        if not engine.eof:
            raise ValueError("its size is not what it says")
    if len(content) != wanted:
        raise ValueError("its size is not what it says")
    return content, at + stored


class _Bytes:
    """Bytes, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        end = self._at + count
        if end > len(self._data):
            raise ValueError("it ends within an array")
        taken, self._at = self._data[self._at : end], end
        return taken

    def mask(self, count: int) -> NDArray[np.bool_]:
        """The next `count` bits."""
        data = np.frombuffer(self.take((count + 7) // 8), np.uint8)
        return np.unpackbits(data, count=count).view(np.bool_)


def _words(array: NDArray[Any]) -> NDArray[Any]:
    """The array's elements as unsigned whole numbers, [T, elements]."""
    flat = array.reshape(len(array), -1)
    return flat.view(np.dtype(f"<u{array.dtype.itemsize}"))


def _split(words: NDArray[Any], bits: list[bytes], data: list[bytes]) -> None:
    """Add the first row and the bits of words [T, N] to one section, and their bytes to another."""
    bits.append(words[0].tobytes())
    if len(words) == 1:
        return
    changes = words[1:] - words[:-1]  # whole numbers wrap around, as the way back does
    moving = changes.any(0)
    bits.append(np.packbits(moving).tobytes())
    left = np.ascontiguousarray(changes[:, moving].T).reshape(-1)  # element by element
    signed, size = left.view(f"<i{words.itemsize}"), words.itemsize
    left = ((signed << 1) ^ (signed >> (8 * size - 1))).view(left.dtype)
    while len(left):
        there = left != 0
        bits.append(np.packbits(there).tobytes())
        left = left[there]
        data.append(left.astype(np.uint8).tobytes())  # the lowest byte
        left = left >> 8


def _restore(bits: _Bytes, planes: _Bytes, rows: int, wide: int, size: int) -> NDArray[Any]:
    """Undo `_split`: words [rows, wide]."""
    word = np.dtype(f"<u{size}")
    words = np.empty((rows, wide), word)
    words[0] = np.frombuffer(bits.take(wide * size), word)
    if rows == 1:
        return words
    moving = bits.mask(wide)
    folded = np.zeros(int(moving.sum()) * (rows - 1), word)
    at = np.arange(len(folded))
    for byte in range(size + 1):
        if not len(at):
            break
        at = at[bits.mask(len(at))]
        if byte == size and len(at):
            raise ValueError("an element has more bytes than its type")
        plane = np.frombuffer(planes.take(len(at)), np.uint8)
        folded[at] |= plane.astype(word) << word.type(8 * byte)
    changes = (folded >> word.type(1)) ^ (~(folded & word.type(1)) + word.type(1))
    words[1:] = words[0]
    words[1:, moving] += np.cumsum(changes.reshape(-1, rows - 1).T, axis=0, dtype=word)
    return words


def _cut(
    table: list[Any], widths: list[int], restored: dict[tuple[int, int], NDArray[Any]]
) -> Arrays:
    """Cut the arrays of a table out of the words that they share."""
    arrays: Arrays = {}
    used = dict.fromkeys(restored, 0)
    for (name, kind, shape), wide in zip(table, widths, strict=True):
        dtype = np.dtype(kind)
        if not wide:
            arrays[name] = np.zeros(shape, dtype)
            continue
        group = shape[0], dtype.itemsize
        first, used[group] = used[group], used[group] + wide
        words = np.ascontiguousarray(restored[group][:, first : first + wide])
        if kind == "|b1" and words.max(initial=0) > 1:
            raise ValueError("a truth value is neither 0 nor 1")
        arrays[name] = words.view(dtype).reshape(shape)
    return arrays
