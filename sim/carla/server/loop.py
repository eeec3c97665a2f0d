"""The sockets: one thread, non-blocking, everything bounded.

Calls of one connection are answered in order; whatever a connection does, the others notice
nothing: what it sends is read in bounded pieces, what it does not read is bounded, and what
cannot be parsed closes it. When all places are taken, the oldest connection that has not yet said
anything sensible makes room.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import msgpack  # type: ignore[import-untyped]

from roadworthy.sim.carla.server.methods import Hold
from roadworthy.sim.carla.server.streams import Streams
from roadworthy.sim.errors import WorldError

MOST_PEERS = 400  # below the 1024 files that a process may have open by default
MOST_REQUEST = 96 << 20  # [bytes] of one request; OpenDRIVE files travel in one
MOST_BACKLOG = 16 << 20  # [bytes] that one connection may leave unread
MOST_WAITING = 10_000  # requests of one connection that wait for their turn
PIECE = 1 << 18  # [bytes] read at once
PATIENCE = 0.1  # [s] a tick waits at most for a reader that was announced
SLOW = 0.002  # [s] between looks at calls that wait
_REQUEST = 0

Answer = Callable[[str, Any], tuple[str | None, Any]]


class Peer:
    """One connection."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop, self.sock = loop, sock
        self._out: deque[memoryview] = deque()
        self._backlog = 0
        self.proven = False  # it has said something sensible
        self.open = True

    def send(self, message: bytes) -> bool:
        """Send a message, or queue it; False where the queue is full and it was left out."""
        if not self.open:
            return False
        if self._out:
            if self._backlog + len(message) > MOST_BACKLOG:
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
            self._loop.watch(self, True)
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
        self._loop.watch(self, False)

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
    """A connection that calls methods (msgpack-rpc)."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        super().__init__(loop, sock)
        self._unpacker = msgpack.Unpacker(
            raw=False, unicode_errors="replace", strict_map_key=False, max_buffer_size=MOST_REQUEST
        )
        self._requests: deque[list[Any]] = deque()
        self.held_since: float | None = None

    def take(self, data: bytes) -> None:
        """Parse requests and answer them."""
        try:
            self._unpacker.feed(data)
            for message in self._unpacker:
                if (
                    not isinstance(message, list)
                    or len(message) < 4
                    or message[0] != _REQUEST
                    or isinstance(message[1], bool)
                    or not isinstance(message[1], int)
                    or not isinstance(message[2], str)
                    or len(self._requests) >= MOST_WAITING
                ):
                    self.close()
                    return
                self._requests.append(message)
        except Exception:  # whatever msgpack makes of garbage, the connection is of no more use
            self.close()
            return
        self.work()

    def work(self) -> None:
        """Answer what waits, until something has to wait longer."""
        while self._requests and self.open:
            _, number, name, params = self._requests[0][:4]
            late = self.held_since is not None and time.monotonic() - self.held_since > PATIENCE
            try:
                error, result = self._loop.answer(name, params, late)
            except Hold:
                if self.held_since is None:
                    self.held_since = time.monotonic()
                self._loop.held.add(self)
                return
            self.held_since = None
            self._requests.popleft()
            self.proven = self.proven or error is None
            if not self.send(msgpack.packb([1, number, error, result])):
                self.close()  # it does not read its answers
        self._loop.held.discard(self)


class Subscriber(Peer):
    """A connection that reads a stream."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        super().__init__(loop, sock)
        self._asked = b""
        self._number: int | None = None

    def take(self, data: bytes) -> None:
        """Read the stream's number; anything further is nobody's business."""
        if self._number is not None:
            return
        self._asked += data
        if len(self._asked) >= 4:
            self._number = struct.unpack_from("<I", self._asked)[0]
            # A client comes back once after its stream was closed: it may stay, and reads nothing.
            self.proven = self._loop.streams.subscribe(self._number, self)

    def close(self) -> None:
        """End the connection."""
        if self._number is not None:
            self._loop.streams.leave(self._number, self)
        super().close()


class Loop:
    """Accepts connections and lets them speak."""

    def __init__(
        self,
        host: str,
        port: int,
        streams: Streams,
        answer: Callable[[str, Any, bool], tuple[str | None, Any]],
    ) -> None:
        """Listen.

        Args:
            host: address to listen at.
            port: of the calls; that of the streams is the next one where it is free. 0: any.
            streams: of the server.
            answer: calls a method: name, params, whether it has waited long enough.

        Raises:
            WorldError: the address or the port cannot be had.
        """
        self.streams, self.answer = streams, answer
        self._selector = selectors.DefaultSelector()
        self._peers: dict[Peer, None] = {}  # oldest first
        self.held: set[Caller] = set()
        self._stopped = False
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._calls = _listen(host, port)
        self.port = int(self._calls.getsockname()[1])
        try:
            self._reads = _listen(host, self.port + 1 if port else 0)
        except WorldError:
            self._reads = _listen(host, 0)
        streams.port = int(self._reads.getsockname()[1])
        self._selector.register(self._calls, selectors.EVENT_READ, Caller)
        self._selector.register(self._reads, selectors.EVENT_READ, Subscriber)

    def stop(self) -> None:
        """End `run` soon; may be called from a signal handler or another thread."""
        self._stopped = True
        with contextlib.suppress(OSError):
            self._wake.send(b"x")

    def run(self, idle: Callable[[], float]) -> None:
        """Serve until `stop`.

        Args:
            idle: called between events; returns in how many seconds it wants to be called again.
        """
        try:
            while not self._stopped:
                wait = idle()
                if self.held:
                    wait = min(wait, SLOW)
                for key, events in self._selector.select(wait):
                    self._serve(key, events)
                for caller in tuple(self.held):
                    caller.work()
        finally:
            self._end()

    def _serve(self, key: selectors.SelectorKey, events: int) -> None:
        if isinstance(key.data, Peer):
            if events & selectors.EVENT_WRITE and key.data.open:
                key.data.flush()
            if events & selectors.EVENT_READ and key.data.open:
                key.data.readable()
        elif key.data is not None:
            self._accept(key.fileobj, key.data)

    def _accept(self, listener: Any, kind: type[Caller] | type[Subscriber]) -> None:
        for _ in range(64):
            try:
                sock, _address = listener.accept()
            except OSError:  # nobody is left, or no file descriptor is
                return
            if len(self._peers) >= MOST_PEERS and not self._make_room():
                sock.close()
                continue
            try:
                peer = kind(self, sock)
                self._selector.register(sock, selectors.EVENT_READ, peer)
            except OSError:
                sock.close()
                continue
            self._peers[peer] = None

    def _make_room(self) -> bool:
        for peer in self._peers:
            if not peer.proven:
                peer.close()
                return True
        return False

    def watch(self, peer: Peer, writing: bool) -> None:
        """Look out for room to write."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.modify(peer.sock, events, peer)

    def forget(self, peer: Peer) -> None:
        """Drop a connection that has ended."""
        self._peers.pop(peer, None)
        if isinstance(peer, Caller):
            self.held.discard(peer)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(peer.sock)

    def _end(self) -> None:
        for peer in tuple(self._peers):
            peer.close()
        for sock in (self._calls, self._reads, self._wake, self._woken):
            sock.close()
        self._selector.close()


def _listen(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(1024)
    except (OSError, OverflowError) as error:
        sock.close()
        raise WorldError(
            f"cannot listen at {host}:{port} ({getattr(error, 'strerror', None) or error}); "
            "choose another --port or --host, or end the server that is there"
        ) from None
    sock.setblocking(False)
    return sock
