"""Waker: an end to the waits of the wheel's Traffic Manager, which has none of its own.

In synchronous mode a tick tells the Traffic Manager's thread to begin and waits until it has
ended. The call is set and notified without the lock (TrafficManagerLocal.cpp, carla #9172): now
and then it falls between the other thread's look and its wait, and both wait for ever. Leaving
the synchronous mode calls a second time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STALL = 3.0  # [s] for one tick: the server may take longer, a call too many does no harm
PERIOD = 0.25  # [s] between two looks


class Waker:
    """Looks after the ticks of one client with a Traffic Manager.

    Attributes:
        calls: how often the Traffic Manager was called a second time.
    """

    def __init__(self, manager: Any, stall: float = STALL) -> None:
        """Look after ticks from now on, until `close`.

        Args:
            manager: `carla.TrafficManager` in synchronous mode.
            stall: how long a tick may take before the manager is called again [s].
        """
        self._manager, self._stall = manager, stall
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
                self._manager.set_synchronous_mode(False)
                self._manager.set_synchronous_mode(True)
