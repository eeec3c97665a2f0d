"""A thousand drives on a server leave nothing behind, in the client or in the server."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from carla_client import Served

from roadworthy.sim.carla.client.link import Address, Link
from roadworthy.sim.carla.client.world import CarlaWorld
from roadworthy.sim.frame import Control
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.world.settings import WorldSettings

pytest.importorskip("carla", reason="the carla wheel is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks memory up in /proc")

RIG = SensorRig(cameras=(CameraSpec(width=64, height=32),))


@dataclass(frozen=True)
class Held:
    """What a process holds."""

    memory: float  # [MB]
    threads: int
    files: int

    @classmethod
    def of(cls, process: int | str) -> Held:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        said = dict(line.split(":", 1) for line in lines if ":" in line)
        memory, threads = (int(said[name].split()[0]) for name in ("VmRSS", "Threads"))
        return cls(memory / 1024.0, threads, len(os.listdir(f"/proc/{process}/fd")))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("begin", "end", "anew"),
    [
        (5, 15, False),
        pytest.param(100, 1000, False, marks=pytest.mark.slow),
        pytest.param(30, 200, True, marks=pytest.mark.slow),  # each loads the town anew
    ],
)
def test_drives_leave_nothing_behind(begin: int, end: int, anew: bool) -> None:
    server = Served("--map", "Rivertown")
    town = load_town("Rivertown")
    route = random_routes(town.network, 1, 5, min_length=120.0, max_length=250.0)[0]
    scenario = Scenario(route, WorldSettings(vehicles=0, walkers=0))
    link = Link(Address("127.0.0.1", server.port))
    held: list[tuple[Held, Held]] = []
    try:
        for number in range(1, end + 1):
            world = CarlaWorld(link, scenario, town, number, anew=anew)
            read = world.attach(RIG, number)
            for _ in range(3):
                world.step(Control(throttle=0.5))
                read()
            world.close()
            if number in (begin, end):
                gc.collect()
                held.append((Held.of("self"), Held.of(server.process.pid)))
        left = [actor.type_id for actor in link.client.get_world().get_actors()]
        assert not [name for name in left if name.startswith(("vehicle.", "sensor."))]
    finally:
        link.close()
        server.end()
    for before, after in zip(*held, strict=True):
        assert after.threads <= before.threads
        assert after.files <= before.files
        # About 9 kB a drive stay, 3 of them Python's; a picture, a sweep or a scene kept would
        # be ten times as much.
        assert after.memory - before.memory < 2.0 + 0.02 * (end - begin)
