"""Waker: an end to the waits of the wheel's Traffic Manager, which has none of its own.

In synchronous mode a tick tells the Traffic Manager's thread to begin and waits until it has
ended. The call is set and notified without the lock (TrafficManagerLocal.cpp, carla #9172): now
and then it falls between the other thread's look and its wait, and both wait for ever. Leaving
the synchronous mode calls a second time. The wheel's own method for that waits for the tick, but
the Traffic Manager also listens at its port, for clients in other processes, and there it works.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import msgpack  # type: ignore[import-untyped]

STALL = 3.0  # [s] for one tick: the server may take longer, a call too many does no harm
PERIOD = 0.25  # [s] between two looks
PATIENCE = 5.0  # [s] for an answer of the Traffic Manager's port
REQUEST = 0  # of msgpack-rpc: [REQUEST, number, method, arguments]


class Waker:
    """Looks after the ticks of one client with a Traffic Manager.

    Attributes:
        calls: how often the Traffic Manager was called a second time.
    """

    def __init__(self, port: int, stall: float = STALL) -> None:
        """Look after ticks from now on, until `close`.

        Args:
            port: of a Traffic Manager of this process, in synchronous mode.
            stall: how long a tick may take before the manager is called again [s].
        """
        self._port, self._stall = port, stall
        self._begin: float | None = None  # of the tick that is under way
        self._closed = threading.Event()
        self.calls = 0
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._thread.start()

    @contextmanager
    def tick(self) -> Iterator[None]:
        """Around each tick."""
        self._begin = time.monotonic()
        try:
            yield
        finally:
            self._begin = None

    def close(self) -> None:
        """Look no longer; the manager may be shut down then."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        called = 0.0
        while not self._closed.wait(min(PERIOD, self._stall)):
            begin, now = self._begin, time.monotonic()
            if begin is not None and now - max(begin, called) > self._stall:
                called = now
                self.calls += 1
                with suppress(OSError):  # it is being shut down
                    self._call()

    def _call(self) -> None:
        """Leave the synchronous mode and enter it again, by msgpack-rpc."""
        unpacker = msgpack.Unpacker()
        with socket.create_connection(("127.0.0.1", self._port), PATIENCE) as line:
            for number, synchronous in enumerate((False, True)):
                line.sendall(
                    msgpack.packb([REQUEST, number, "set_synchronous_mode", [synchronous]])
                )
                answered = False
                while not answered:
                    some = line.recv(4096)
                    if not some:
                        return
                    unpacker.feed(some)
                    answered = any(True for _ in unpacker)
