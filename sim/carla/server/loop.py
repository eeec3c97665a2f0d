"""The sockets: one thread, non-blocking, everything bounded.

Calls of one connection are answered in order, and each connection has its turn; whatever one does,
the others notice nothing: see `connections`. When all places are taken, the oldest connection that
has not yet said anything sensible makes room.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable
from typing import Any

from roadworthy.sim.carla.server.connections import Caller, Peer, Subscriber
from roadworthy.sim.carla.server.streams import Streams
from roadworthy.sim.errors import WorldError

MOST_PEERS = 400  # below the 1024 files that a process may have open by default
SLOW = 0.002  # [s] between looks at calls that wait


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
        self.busy: dict[Caller, None] = {}
        self.stalled: set[Peer] = set()
        self.partial: dict[Caller, tuple[int, bool]] = {}
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
                for key, events in self._selector.select(0.0 if self.busy else wait):
                    self._serve(key, events)
                for caller in tuple(self.held):
                    caller.work()
                if self.busy:
                    next_ = next(iter(self.busy))
                    del self.busy[next_]
                    next_.work()
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

    def watch(self, peer: Peer, reading: bool, writing: bool) -> None:
        """Look out for something to read, and for room to write."""
        events = reading * selectors.EVENT_READ | writing * selectors.EVENT_WRITE
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(peer.sock)
        if events:
            self._selector.register(peer.sock, events, peer)

    def forget(self, peer: Peer) -> None:
        """Drop a connection that has ended."""
        self._peers.pop(peer, None)
        self.stalled.discard(peer)
        if isinstance(peer, Caller):
            self.held.discard(peer)
            self.busy.pop(peer, None)
            self.partial.pop(peer, None)
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
