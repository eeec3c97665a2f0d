"""Traffic of a drive on a server: vehicles under CARLA's Traffic Manager, near the route.

The Traffic Manager runs in this process (it is part of the wheel); the server sees commands only.
Vehicles of the role `background` count as traffic for the minimum speed, as in the leaderboard.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from roadworthy.sim.carla.client.link import Link
from roadworthy.sim.carla.client.waker import Waker
from roadworthy.sim.road.route import Route, RoutePoint

ROLE = "background"
APART = 15.0  # [m] from the beginning of the route nobody appears
FOUR_WHEELS = 4


class Background:
    """The vehicles that were let in for one drive."""

    def __init__(self, link: Link, world: Any, route: Route, vehicles: int, seed: int) -> None:
        """Let them appear at the map's spawn points that are nearest to the route, and drive.

        Fewer appear where the map has fewer free points.

        Raises:
            CarlaError: the server does not answer.
        """
        self._link, self._world = link, world
        self._ids: list[int] = []
        self._manager: Any = None
        self._waker: Waker | None = None
        self.count = 0
        if vehicles <= 0:
            return
        carla, draw = link.carla, np.random.default_rng([seed, 0xCA41A])
        with link.waiting("the Traffic Manager"):
            self._manager = link.client.get_trafficmanager(free_port())
            self._manager.set_synchronous_mode(True)
            self._manager.set_random_device_seed(seed % 2**31)
        self._waker = Waker(self._manager.get_port())
        with link.waiting("spawn points and blueprints"):
            points = near(world.get_map().get_spawn_points(), route)[: 2 * vehicles]
            library = [
                blueprint
                for blueprint in world.get_blueprint_library().filter("vehicle.*")
                if int(blueprint.get_attribute("number_of_wheels")) == FOUR_WHEELS
            ]
        library.sort(key=lambda blueprint: str(blueprint.id))
        batch = []
        for k in draw.permutation(len(points))[:vehicles]:
            blueprint = library[int(draw.integers(len(library)))]
            blueprint.set_attribute("role_name", ROLE)
            spawn = carla.command.SpawnActor(blueprint, points[int(k)])
            batch.append(
                spawn.then(
                    carla.command.SetAutopilot(
                        carla.command.FutureActor, True, self._manager.get_port()
                    )
                )
            )
        with link.waiting("the traffic to appear"):
            answers = link.client.apply_batch_sync(batch, False)
        self._ids = [int(answer.actor_id) for answer in answers if not answer.error]
        self.count = len(self._ids)

    @contextmanager
    def tick(self) -> Iterator[None]:
        """Around each tick of the world: the Traffic Manager takes part in it."""
        if self._waker is None:
            yield
            return
        with self._waker.tick():
            yield

    def close(self) -> None:
        """Take the vehicles away."""
        if self._waker is not None:
            self._waker.close()
        manager, self._manager = self._manager, None
        if manager is None or self._link.lost:  # it hangs, or ends the process, without a server
            return
        destroy = self._link.carla.command.DestroyActor
        try:
            manager.set_synchronous_mode(False)
            # One that lives on when the town is loaded anew aborts the process.
            manager.shut_down()
            self._link.client.apply_batch_sync([destroy(n) for n in self._ids], False)
        except RuntimeError:
            pass  # the server is gone, and they with it
        self._ids = []


def near(poses: Any, route: Route) -> list[Any]:
    """Poses by their distance to a route, nearest first, without those where it begins."""
    line = route.points[:, [RoutePoint.X, RoutePoint.Y]].astype(float)
    found = []
    for n, pose in enumerate(poses):
        at = np.array([pose.location.x, pose.location.y])
        if np.hypot(*(line[0] - at)) > APART:
            found.append((float(np.hypot(*(line - at).T).min()), n, pose))
    return [pose for _, _, pose in sorted(found, key=lambda each: each[:2])]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
