"""One connection: what it sends is read in bounded pieces, what it does not read is bounded.

What all connections together can make the server hold is bounded as well, so that many that
behave badly cost no more than one.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import time
from collections import deque
from typing import Any, Protocol

import msgpack  # type: ignore[import-untyped]

from roadworthy.sim.carla.server.methods import Hold
from roadworthy.sim.carla.server.streams import Streams

MOST_TEXT = 96 << 20  # [bytes] of a request that is one text: OpenDRIVE files travel so
MOST_REQUEST = 4 << 20  # [bytes] of any other; lists are some 60 times as large as their msgpack
MOST_TEXTS, MOST_REQUESTS = 2 * MOST_TEXT, 2 * MOST_REQUEST  # [bytes] of all together
MOST_BACKLOG = 16 << 20  # [bytes] that one connection may leave unread
MOST_BACKLOGS = 512 << 20  # [bytes] that all together may; each of them has its share
PIECE = 1 << 18  # [bytes] read at once
PATIENCE = 0.1  # [s] a tick waits at most for a reader that was announced
TURN = 0.01  # [s] after which a connection's calls wait until the others have had their turn
_REQUEST = 0
_HEAD = 64  # [bytes] that tell which call a request is
# copy_opendrive_to_file up to its text: [0, number, name, [[asynchronous], "...
_TEXT = re.compile(rb"\x94\x00.{2,10}copy_opendrive_to_file[\x92-\x9f]\x91[\xc2\xc3]\xdb", re.S)


class Host(Protocol):
    """What connections need of the loop.

    Attributes:
        held: connections whose next call waits for something.
        busy: connections with more calls than fit into their turn, next first.
        stalled: connections that have not read what was sent to them.
        partial: bytes that connections' requests take up, and whether the last is a text.
    """

    streams: Streams
    held: set[Caller]
    busy: dict[Caller, None]
    stalled: set[Peer]
    partial: dict[Caller, tuple[int, bool]]

    def answer(self, name: str, params: Any, late: bool, /) -> tuple[str | None, Any]:
        """Call a method."""
        ...

    def watch(self, peer: Peer, reading: bool, writing: bool) -> None:
        """Look out for something to read, and for room to write."""
        ...

    def forget(self, peer: Peer) -> None:
        """Drop a connection that has ended."""
        ...


class Peer:
    """One connection."""

    def __init__(self, loop: Host, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop, self.sock = loop, sock
        self._out: deque[memoryview] = deque()
        self._backlog = 0
        self._reading = True
        self.proven = False  # it has said something sensible
        self.open = True

    def send(self, message: bytes) -> bool:
        """Send a message, or queue it; False where the queue is full and it was left out."""
        if not self.open:
            return False
        if self._out:
            share = min(MOST_BACKLOG, MOST_BACKLOGS // len(self._loop.stalled))
            if self._backlog + len(message) > share:
                return False
            self._queue(memoryview(message))
            return True
        try:
            sent = self.sock.send(message)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return False
        if sent < len(message):
            self._queue(memoryview(message)[sent:])
            self._loop.stalled.add(self)
            self._watch()
        return True

    def _queue(self, rest: memoryview) -> None:
        self._out.append(rest)
        self._backlog += len(rest)

    def flush(self) -> None:
        """Send what is queued, as far as it goes."""
        while self._out:
            head = self._out[0]
            try:
                sent = self.sock.send(head)
            except BlockingIOError:
                return
            except OSError:
                self.close()
                return
            self._backlog -= sent
            if sent < len(head):
                self._out[0] = head[sent:]
                return
            self._out.popleft()
        self._loop.stalled.discard(self)
        self._watch()

    def _watch(self) -> None:
        self._loop.watch(self, self._reading, bool(self._out))

    def readable(self) -> None:
        """Read what has come."""
        try:
            data = self.sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self.take(data)
        else:
            self.close()

    def take(self, data: bytes) -> None:
        """Do something about bytes that have come."""
        raise NotImplementedError

    def close(self) -> None:
        """End the connection."""
        if self.open:
            self.open = False
            self._out.clear()
            self._backlog = 0
            self._loop.forget(self)
            with contextlib.suppress(OSError):
                self.sock.close()


class Caller(Peer):
    """A connection that calls methods (msgpack-rpc).

    Requests are kept as the bytes that came until their turn: what they would unpack to is up to
    60 times as large, and the sizes that half a request promises are nothing to trust.
    """

    def __init__(self, loop: Host, sock: socket.socket) -> None:
        super().__init__(loop, sock)
        self._data = bytearray()  # what came from `_base` on, counted from the first byte
        self._base = self._next = 0  # `_next`: where the next request begins
        self._ends: deque[int] = deque()  # of the requests that are whole
        self._scan()
        self.held_since: float | None = None

    def _scan(self) -> None:
        """Look for requests from here on; a scanner that had a large one keeps its buffer."""
        self._scanner = msgpack.Unpacker(max_buffer_size=MOST_TEXT + PIECE)
        self._scanned = self._base + len(self._data)

    def take(self, data: bytes) -> None:
        """Find the requests in what came, and answer them."""
        self._data += data
        try:
            self._scanner.feed(data)
            while True:
                self._scanner.skip()
                self._ends.append(self._scanned + self._scanner.tell())
        except msgpack.OutOfData:
            self._bound()
            self.work()
        except Exception:  # whatever msgpack makes of garbage, the connection is of no more use
            self.close()

    def _bound(self) -> None:
        """Close who lets the server hold too much."""
        begun = (self._ends[-1] if self._ends else self._next) - self._base
        rest, all_ = len(self._data) - begun, self._loop.partial
        is_text = _TEXT.match(self._data[begun : begun + _HEAD]) is not None
        all_[self] = len(self._data), is_text
        if rest > (MOST_TEXT if is_text else MOST_REQUEST):
            self.close()
        alike = {peer: size for peer, (size, text) in all_.items() if text == is_text}
        if sum(alike.values()) > (MOST_TEXTS if is_text else MOST_REQUESTS):
            max(alike, key=lambda peer: alike[peer]).close()

    def work(self) -> None:
        """Answer what waits, until something has to wait longer or the turn is over."""
        until = time.monotonic() + TURN
        while self._ends and self.open:
            request = self._request()
            if request is None:
                self.close()
                return
            number, name, params = request
            late = self.held_since is not None and time.monotonic() - self.held_since > PATIENCE
            try:
                error, result = self._loop.answer(name, params, late)
            except Hold:
                if self.held_since is None:
                    self.held_since = time.monotonic()
                self._loop.held.add(self)
                self._read_on(False)
                return
            self.held_since = None
            self._next = self._ends.popleft()
            self.proven = self.proven or error is None
            if not self.send(msgpack.packb([1, number, error, result])):
                self.close()  # it does not read its answers
            if self._ends and time.monotonic() > until:
                break
        self._loop.held.discard(self)
        if self.open:
            self._read_on(not self._ends)
            if self._ends:
                self._loop.busy[self] = None
            else:
                self._forget_answered()

    def _request(self) -> tuple[int, str, Any] | None:
        """Number, name and arguments of the next request; None where it is none."""
        data = self._data[self._next - self._base : self._ends[0] - self._base]
        try:
            message = msgpack.unpackb(
                data, raw=False, unicode_errors="replace", strict_map_key=False
            )
        except Exception:  # see `take`
            return None
        if (
            not isinstance(message, list)
            or len(message) < 4
            or message[0] != _REQUEST
            or isinstance(message[1], bool)
            or not isinstance(message[1], int)
            or not isinstance(message[2], str)
        ):
            return None
        return message[1], message[2], message[3]

    def _forget_answered(self) -> None:
        large = len(self._data) > MOST_REQUEST
        del self._data[: self._next - self._base]
        self._base = self._next
        if not self._data:
            self._loop.partial.pop(self, None)
            if large:
                self._scan()

    def _read_on(self, wanted: bool) -> None:
        """Read further requests only when those that came are answered."""
        if wanted != self._reading:
            self._reading = wanted
            self._watch()


class Subscriber(Peer):
    """A connection that reads a stream."""

    def __init__(self, loop: Host, sock: socket.socket) -> None:
        super().__init__(loop, sock)
        self._asked = b""
        self._number: int | None = None

    def take(self, data: bytes) -> None:
        """Read the stream's number; anything further is nobody's business."""
        if self._number is not None:
            return
        self._asked += data[:4]
        if len(self._asked) >= 4:
            self._number = struct.unpack_from("<I", self._asked)[0]
            # A client comes back once after its stream was closed: it may stay, and reads nothing.
            self.proven = self._loop.streams.subscribe(self._number, self)

    def close(self) -> None:
        """End the connection."""
        if self._number is not None:
            self._loop.streams.leave(self._number, self)
        super().close()
