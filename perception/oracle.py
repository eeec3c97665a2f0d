"""Oracle: the true Scene of every world of a batch, for experts, labels and training."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from roadworthy.perception.oracle_kernel import fill_scene, fill_scene_parallel
from roadworthy.perception.outlook import look_out, room_of_routes
from roadworthy.perception.scene import FAR_RANGE, MAX_USERS, USER_RANGE, Outlook, Scene
from roadworthy.perception.stop_lines import RouteLine, route_lines
from roadworthy.sim.road.network import RoadNetwork, SignalKind
from roadworthy.sim.road.route import RouteSet

LIGHT = float(SignalKind.LIGHT)
_PARALLEL_FROM = 64  # worlds; below, one thread is faster than waking several


class WorldState(Protocol):
    """What the Oracle reads of a batch of worlds; `BatchWorld` has it."""

    @property
    def actors(self) -> NDArray[np.float32]:
        """[W, A, Actor]."""

    @property
    def ego(self) -> NDArray[np.float32]:
        """[W, Ego]."""

    @property
    def lights(self) -> NDArray[np.uint8]:
        """[W, K] Light states."""

    @property
    def route_index(self) -> NDArray[np.int32]:
        """[W] the route that each world drives."""

    @property
    def network(self) -> RoadNetwork:
        """The town's roads."""

    @property
    def routes(self) -> RouteSet:
        """The routes that `route_index` counts."""


def lines_of_routes(
    network: RoadNetwork,
    points: NDArray[np.float32],
    start: NDArray[np.int32],
    *,
    signs: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """List the stop lines on each of several routes.

    Args:
        network: the town's roads.
        points: of all routes, one after the other, [., RoutePoint].
        start: [R + 1] row pointer.
        signs: list those of stop signs, too, and not of lights alone.

    Returns:
        Lines [., RouteLine] and their row pointer [R + 1].
    """
    found: list[NDArray[np.float32]] = []
    table = network.stop_start, network.stop_s, network.stop_signal, network.signal_kind
    for first, last in pairwise(start.tolist()):
        rows = np.zeros((16, len(RouteLine)), np.float32)
        count = route_lines(points, first, last, *table, rows)
        if count > len(rows):
            rows = np.zeros((count, len(RouteLine)), np.float32)
            route_lines(points, first, last, *table, rows)
        keep = np.ones(count, np.bool_) if signs else rows[:count, RouteLine.KIND] == LIGHT
        found.append(rows[:count][keep])
    counts = np.cumsum([0, *(len(rows) for rows in found)]).astype(np.int32)
    return np.concatenate(found), counts


class Oracle:
    """Reads true Scenes off a batch of worlds.

    The arrays of the Scene are allocated once and overwritten by each call.
    """

    def __init__(self, batch: WorldState, *, far: bool = False, signs: bool = True) -> None:
        """Prepare.

        Args:
            batch: the worlds.
            far: see FAR_RANGE metres instead of USER_RANGE, and add an Outlook to the Scene.
            signs: show a stop sign as a red light, which goes out once the ego has stood there.
        """
        self._batch, self._far = batch, far
        n = len(batch.actors)
        self._scene = Scene.empty(n)
        if far:
            self._scene = replace(self._scene, outlook=Outlook.empty(n))
        self._many = n >= _PARALLEL_FROM
        self._everyone = np.ones(n, np.bool_)
        self._routes = batch.routes
        self._lines, self._line_start = lines_of_routes(
            batch.network, batch.routes.points, batch.routes.start, signs=signs
        )
        self._nearest = np.zeros((n, MAX_USERS), np.int32)
        self._near = np.zeros(batch.actors.shape[:2], np.int64)
        self._stood = np.full((n, 2), -1.0)
        self._standing = np.zeros(batch.actors.shape[:2] if far else (0, 0), np.float32)
        self._room = room_of_routes(batch.network, batch.routes.points) if far else None

    def scene(self, mask: NDArray[np.bool_] | None = None) -> Scene:
        """Return the Scene of all worlds (leading axis W) at this moment.

        The same arrays are returned, overwritten, by every call; copy what must last.

        Args:
            mask: bool [W], the worlds to look at; the rows of the others stay as they were.
        """
        batch, out = self._batch, self._scene
        network, routes = batch.network, batch.routes
        which = self._everyone if mask is None else mask
        many = self._many and get_num_threads() > 1
        fill = fill_scene_parallel if many else fill_scene
        fill(
            which,
            batch.actors,
            batch.ego,
            batch.lights,
            routes.points,
            routes.start,
            batch.route_index,
            network.lane_junction,
            self._lines,
            self._line_start,
            self._stood,
            FAR_RANGE if self._far else USER_RANGE,
            self._nearest,
            self._near,
            out.users,
            out.valid,
            out.light,
            out.route,
            out.ego,
        )
        if out.outlook is not None:
            look_out(which, batch, self._room, self._nearest, self._standing, out)
        return out
