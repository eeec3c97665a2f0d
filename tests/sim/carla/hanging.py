"""A drive on a server (its port and process are given) that hangs; prints what it is told."""

from __future__ import annotations

import os
import signal
import sys

from roadworthy.sim.carla.client.link import Address, Link
from roadworthy.sim.carla.client.world import CarlaWorld
from roadworthy.sim.errors import LostServerError
from roadworthy.sim.frame import Control
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.settings import WorldSettings


def step(world: CarlaWorld) -> None:
    try:
        world.step(Control())
    except LostServerError as error:
        print(error, flush=True)


def main() -> None:
    port, process = int(sys.argv[1]), int(sys.argv[2])
    town = load_town("Rivertown")
    route = random_routes(town.network, 1, 5, min_length=60.0, max_length=120.0)[0]
    link = Link(Address("127.0.0.1", port), timeout=2.0)
    world = CarlaWorld(link, Scenario(route, WorldSettings(vehicles=0, walkers=0)), town)
    os.kill(process, signal.SIGSTOP)
    step(world)
    world.close()
    step(world)
    os._exit(0)  # the wheel would wait for the server


if __name__ == "__main__":
    main()
