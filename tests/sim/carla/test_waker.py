"""The Traffic Manager that misses its call: made here, as the wheel's does so once in an hour."""

from __future__ import annotations

import threading

import pytest

from roadworthy.sim.carla.client.waker import Waker


class Missing:
    """A Traffic Manager that has missed the call to begin, until it is called again."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.synchronous = True

    def set_synchronous_mode(self, synchronous: bool) -> None:
        if self.synchronous and not synchronous:
            self.begun.set()
        self.synchronous = synchronous


def test_a_traffic_manager_that_missed_its_call_is_called_again() -> None:
    manager = Missing()
    waker = Waker(manager, stall=0.05)
    for _ in range(2):
        manager.begun.clear()
        with waker.tick():
            assert manager.begun.wait(30.0)
    waker.close()
    assert waker.calls >= 2
    assert manager.synchronous


@pytest.mark.parametrize("ticks", [0, 20])
def test_nobody_is_called_between_ticks_that_end(ticks: int) -> None:
    manager = Missing()
    waker = Waker(manager, stall=5.0)
    for _ in range(ticks):
        with waker.tick():
            pass
    waker.close()
    assert waker.calls == 0
    assert not manager.begun.is_set()
