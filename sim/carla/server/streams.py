"""Streams: what the server sends without being asked, and who reads it.

A stream has a number; a client connects, sends that number and then reads messages for ever:
`u32 size`, then the message. Source: CARLA_PROTOCOL notes; LibCarla, streaming/detail/tcp.
"""

from __future__ import annotations

import struct
from typing import Protocol

EPISODE = 1  # the number of the stream that carries the state of all actors
_HEADER = struct.Struct("<QQd6f")
_TOKEN = struct.Struct("<IHBB16s")
TCP = 1
_SIZE = struct.Struct("<I")


class Reading(Protocol):
    """A connection that reads a stream."""

    def send(self, message: bytes) -> bool:
        """Queue a whole message; False where its backlog is full, and the message is left out."""
        ...

    def close(self) -> None:
        """End it."""
        ...


def header(
    kind: int, frame: int, time: float, pose: tuple[float, float, float, float, float, float]
) -> bytes:
    """What each message of a sensor begins with; pose is x, y, z, pitch, yaw, roll [m, degrees]."""
    return _HEADER.pack(kind, frame, time, *pose)


class Streams:
    """All streams of a server.

    Attributes:
        port: TCP port of the streams.
        awaited: streams whose tokens were asked for, and nobody has connected since.
    """

    def __init__(self) -> None:
        self.port = 0
        self._readers: dict[int, list[Reading]] = {EPISODE: []}
        self._next = EPISODE + 1
        self.awaited: set[int] = set()

    def open(self) -> int:
        """Make a stream; its number is never used again."""
        number = self._next
        self._next += 1
        self._readers[number] = []
        return number

    def close(self, number: int) -> None:
        """End a stream and its connections."""
        self.awaited.discard(number)
        for reader in self._readers.pop(number, []):
            reader.close()

    def known(self, number: int) -> bool:
        """Whether there is such a stream."""
        return number in self._readers

    def token(self, number: int) -> bytes:
        """The 24 bytes that tell a client where to connect: at the host that it has called."""
        return _TOKEN.pack(number, self.port, TCP, 0, bytes(16))

    def expect(self, number: int) -> None:
        """Note that somebody will connect to a stream; its next message waits for that."""
        if number in self._readers:
            self.awaited.add(number)

    def subscribe(self, number: int, reader: Reading) -> bool:
        """Let a connection read a stream; False where there is none of this number."""
        self.awaited.discard(number)
        if number not in self._readers:
            return False
        self._readers[number].append(reader)
        return True

    def leave(self, number: int, reader: Reading) -> None:
        """Forget a connection."""
        readers = self._readers.get(number, [])
        if reader in readers:
            readers.remove(reader)

    def wanted(self, number: int) -> bool:
        """Whether anybody reads a stream."""
        return bool(self._readers.get(number))

    def publish(self, number: int, message: bytes) -> None:
        """Send a message to all who read a stream."""
        readers = self._readers.get(number)
        if readers:
            whole = _SIZE.pack(len(message)) + message
            for reader in tuple(readers):
                reader.send(whole)
