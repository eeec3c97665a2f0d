"""Oracle: the true Scene of every world of a batch, for experts, labels and training."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.oracle_kernel import fill_scene, fill_scene_parallel
from roadworthy.perception.scene import Scene
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import RouteSet

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


class Oracle:
    """Reads true Scenes off a batch of worlds.

    The arrays of the Scene are allocated once and overwritten by each call.
    """

    def __init__(self, batch: WorldState) -> None:
        self._batch = batch
        self._scene = Scene.empty(len(batch.actors))
        self._fill = fill_scene_parallel if len(batch.actors) >= _PARALLEL_FROM else fill_scene

    def scene(self) -> Scene:
        """Return the Scene of all worlds (leading axis W) at this moment.

        The same arrays are returned, overwritten, by every call; copy what must last.
        """
        batch, out = self._batch, self._scene
        network, routes = batch.network, batch.routes
        self._fill(
            batch.actors,
            batch.ego,
            batch.lights,
            routes.points,
            routes.start,
            batch.route_index,
            network.lane_junction,
            network.stop_start,
            network.stop_s,
            network.stop_signal,
            network.signal_kind,
            out.users,
            out.valid,
            out.light,
            out.route,
            out.ego,
        )
        return out
