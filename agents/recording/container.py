"""The file below a recording: a signature, then chunks that each tell their length and a CRC.

Layout, little-endian: 8 bytes MAGIC, uint16 version, 6 bytes of zeros; then for each chunk a
4-letter kind, uint32 length of the content, uint32 CRC-32 of kind, length and content, and the
content. What is written stays readable whenever the writer dies: a reader takes the chunks up to
the first one that is not whole. The layout is PNG's idea (RFC 2083, section 3), with the CRC
before the content so that a chunk is written with one call.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from roadworthy.sim.errors import InputError, StorageError
from roadworthy.sim.files import refuse_special

MAGIC = b"\x89RWR\r\n\x1a\n"  # as PNG's: text-mode copies and cut bits show at once
VERSION = 2
LARGEST = 1 << 24  # bytes of one chunk's content; a longer one is damage
_HEAD = struct.Struct("<8sH6x")
_CHUNK = struct.Struct("<4sII")


class RecordingError(InputError):
    """A recording cannot be read, or does not fit what is asked of it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one chunk of a file stands."""

    kind: str
    start: int  # of the content, bytes from the file's beginning
    length: int  # bytes of the content


class ChunkWriter:
    """Writes chunks into `FILE.part`, which becomes FILE when it is closed."""

    def __init__(self, path: Path) -> None:
        """Begin the file.

        Raises:
            StorageError: it cannot be written.
        """
        self.path, self.part = path, path.with_name(f"{path.name}.part")
        self._file: BinaryIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            refuse_special(path)
            refuse_special(self.part)
            self._file = self.part.open("wb", buffering=0)
            self._file.write(_HEAD.pack(MAGIC, VERSION))
        except OSError as error:
            self._fail(error)

    def add(self, kind: str, content: bytes) -> None:
        """Append one chunk; it is the system's when this returns, so SIGKILL does not lose it.

        Raises:
            StorageError: the disk is full; what was written before can be read.
        """
        if self._file is None:
            raise StorageError(f"recording {self.path}: it is closed already")
        code = kind.encode("ascii")
        crc = zlib.crc32(content, zlib.crc32(code + struct.pack("<I", len(content))))
        data = _CHUNK.pack(code, len(content), crc) + content
        try:
            written = self._file.write(data)
            while written < len(data):  # a disk that fills up takes a part, then says why
                written += self._file.write(data[written:])
        except OSError as error:
            self._fail(error)

    def close(self) -> None:
        """Finish: the file appears under its name.

        Raises:
            StorageError: it cannot be written.
        """
        if self._file is None:
            return
        file, self._file = self._file, None
        try:
            os.fsync(file.fileno())
            file.close()
            os.replace(self.part, self.path)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
        kept = f"; what was recorded before is in {self.part}" if self.part.is_file() else ""
        raise StorageError(
            f"recording {self.path}: cannot write ({error.strerror or error}){kept}; free some "
            "space or choose another folder"
        ) from error


def list_chunks(path: Path) -> tuple[list[Chunk], str]:
    """List the whole chunks of a file; reads it once, holding one chunk at a time.

    Returns:
        The chunks up to the first that is damaged or cut, and what is wrong there in words, ""
        where nothing is.

    Raises:
        RecordingError: the file cannot be read, or is no recording of this format.
    """
    try:
        with path.open("rb") as file:
            _check_head(path, file.read(_HEAD.size))
            size = os.fstat(file.fileno()).st_size
            chunks: list[Chunk] = []
            for chunk, damage in _walk(file, size):
                if damage:
                    return chunks, damage
                chunks.append(chunk)
            return chunks, ""
    except OSError as error:
        beside = path.with_name(f"{path.name}.part")
        hint = f"; a drive that was broken off left {beside}" if beside.is_file() else ""
        raise RecordingError(
            f"recording {path}: cannot be read ({error.strerror or error}){hint}"
        ) from None


def read_chunk(path: Path, chunk: Chunk) -> bytes:
    """Read one chunk's content.

    Raises:
        RecordingError: the file is gone or has become shorter.
    """
    try:
        with path.open("rb") as file:
            file.seek(chunk.start)
            content = file.read(chunk.length)
    except OSError as error:
        raise RecordingError(
            f"recording {path}: cannot be read any more ({error.strerror or error})"
        ) from None
    if len(content) != chunk.length:
        raise RecordingError(f"recording {path}: it has become shorter while it was read")
    return content


def _check_head(path: Path, head: bytes) -> None:
    if len(head) < _HEAD.size or not head.startswith(MAGIC):
        raise RecordingError(
            f"recording {path}: this is no recording of a drive; `roadworthy drive --record FILE` "
            "writes one"
        )
    version = _HEAD.unpack(head)[1]
    if version != VERSION:
        raise RecordingError(
            f"recording {path}: it has format {version}, and this version of Roadworthy reads "
            f"format {VERSION}; replay it with the version that recorded it"
        )


def _walk(file: BinaryIO, size: int) -> Iterator[tuple[Chunk, str]]:
    """Go through the chunks: each with what is wrong with it, "" where nothing is."""
    at = _HEAD.size
    while at < size:
        head = file.read(_CHUNK.size)
        here = Chunk("", at, 0)
        if len(head) < _CHUNK.size:
            yield here, f"the file ends in the middle of a chunk at byte {at}"
            return
        code, length, crc = _CHUNK.unpack(head)
        at += _CHUNK.size
        if length > LARGEST:
            yield here, f"the chunk at byte {here.start} claims {length} bytes"
            return
        if at + length > size:
            yield here, f"the file ends in the middle of a chunk at byte {here.start}"
            return
        content = file.read(length)
        if zlib.crc32(content, zlib.crc32(head[:8])) != crc:
            yield here, f"the chunk at byte {here.start} is damaged (its CRC does not fit)"
            return
        yield Chunk(code.decode("ascii", "replace"), at, length), ""
        at += length
