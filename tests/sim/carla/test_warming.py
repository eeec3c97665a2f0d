from __future__ import annotations

import gc

import pytest
from numba.core.dispatcher import Dispatcher

from roadworthy.sim.carla.server.maps import load_map
from roadworthy.sim.carla.server.sensing.senses import NUMBERS
from roadworthy.sim.carla.server.server import Server
from roadworthy.sim.carla.server.values import Description, Pose


class Nobody:
    """A reader that counts messages."""

    def __init__(self) -> None:
        self.count = 0

    def send(self, message: bytes) -> bool:
        self.count += 1
        return True

    def close(self) -> None:
        pass


def compiled() -> int:
    """How many signatures of kernels are ready."""
    return sum(len(d.signatures) for d in gc.get_objects() if isinstance(d, Dispatcher))


@pytest.mark.timeout(600)
def test_a_server_that_is_ready_has_nothing_left_to_compile_for_vehicles_and_sensors() -> None:
    server = Server(load_map("Rivertown"), port=0)
    episode, ready, reader = server.episode, compiled(), Nobody()
    assert ready > 10
    car = episode.spawn(Description(0, "vehicle.tesla.model3", {}), server.episode.map.spawns[0])
    walker = server.episode.map.spawns[9]
    episode.spawn(Description(0, "walker.pedestrian.0001", {}), walker._replace(z=walker.z + 1.0))
    small = dict.fromkeys(("image_size_x", "image_size_y"), (4, "16"))
    for name in NUMBERS:
        entry = episode.spawn(Description(0, name, small), Pose(0, 0, 2, 0, 0, 0), car.id)
        server.streams.subscribe(entry.stream, reader)
    server.advance(0.05)
    assert (
        reader.count >= len(NUMBERS) - 2
    )  # collisions and obstacles tell only when there are some
    assert compiled() == ready
    server.loop.stop()
    server.run()
