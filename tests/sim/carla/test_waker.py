"""The Traffic Manager that misses its call: made here, as the wheel's does so once in hours."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import msgpack
import pytest

from roadworthy.sim.carla.client.waker import Waker


class Missing:
    """The port of a Traffic Manager that has missed a call to begin, until it is called again."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.synchronous = True
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            unpacker = msgpack.Unpacker()
            while some := line.recv(4096):
                unpacker.feed(some)
                for _, number, method, arguments in unpacker:
                    assert method == "set_synchronous_mode"
                    if self.synchronous and not arguments[0]:
                        self.begun.set()
                    self.synchronous = arguments[0]
                    line.sendall(msgpack.packb([1, number, None, None]))

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def missing() -> Iterator[Missing]:
    manager = Missing()
    yield manager
    manager.close()


def test_a_traffic_manager_that_missed_its_call_is_called_again(missing: Missing) -> None:
    waker = Waker(missing.port, stall=0.05)
    for _ in range(2):
        missing.begun.clear()
        with waker.tick():
            assert missing.begun.wait(30.0)
    waker.close()
    assert waker.calls >= 2
    assert missing.synchronous


@pytest.mark.parametrize("ticks", [0, 20])
def test_nobody_is_called_between_ticks_that_end(missing: Missing, ticks: int) -> None:
    waker = Waker(missing.port, stall=5.0)
    for _ in range(ticks):
        with waker.tick():
            pass
    waker.close()
    assert waker.calls == 0
    assert not missing.begun.is_set()


def test_a_traffic_manager_that_is_gone_ends_nothing(missing: Missing) -> None:
    missing.close()
    waker = Waker(missing.port, stall=0.05)
    with waker.tick():
        threading.Event().wait(0.3)
    waker.close()
    assert waker.calls >= 1
