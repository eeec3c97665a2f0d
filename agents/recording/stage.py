"""Stage: a world that shows recorded states, for everything that looks at worlds.

Sensors and the Oracle read a Stage as they read a World; nothing moves on it but from one
recorded moment to the next.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.recording.container import RecordingError
from roadworthy.agents.recording.head import town_digest
from roadworthy.agents.recording.recording import RecordedMoment, Recording
from roadworthy.perception.oracle import Oracle
from roadworthy.perception.scene import Scene
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint, RouteSet
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Ego, Kind, Light

_FARTHEST = 1e6  # [m] from the origin, no actor is
_LANES = [int(c) for c in (Actor.LANE, Actor.NEXT_LANE, Actor.OTHER_LANE, Actor.GOAL)]
_SIZES = [int(c) for c in (Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT)]
_POSE = [int(c) for c in (Actor.X, Actor.Y, Actor.Z)]


class Stage:
    """Recorded states of one world.

    Attributes:
        actors: float32 [1, A, Actor]; ego: float32 [1, Ego]; lights: uint8 [1, K]; route_index:
            int32 [1]: as a BatchWorld of one world has them.
        moment: what is shown now.
    """

    def __init__(self, recording: Recording, town: Town) -> None:
        """Show the first moment.

        Args:
            recording: the drive.
            town: where it was; another version of it will do where only that can be had.

        Raises:
            RecordingError: the route or the states cannot be of this town, or are none.
        """
        self.recording, self.town = recording, town
        head = recording.head
        self.same_town = town_digest(town) == head.network
        points = recording.points.copy()
        lanes = points[:, RoutePoint.LANE]
        if (lanes < 0).any() or (lanes >= town.network.n_lanes).any():
            raise RecordingError(
                f"recording {recording.path}: its route runs over lanes that {town.name} does not "
                "have; give the town that it was recorded in with --map-dir"
            )
        if head.signals != len(town.network.signals):
            raise RecordingError(
                f"recording {recording.path}: it has {head.signals} signals, and {town.name} has "
                f"{len(town.network.signals)}; give the town that it was recorded in with --map-dir"
            )
        self.route = Route(head.route, town.name, points)
        self._routes = RouteSet.of([self.route])
        first = recording[0]
        self.actors = np.zeros((1, *first.actors.shape), np.float32)
        self.ego = np.zeros((1, *first.ego.shape), np.float32)
        self.lights = np.zeros((1, *first.lights.shape), np.uint8)
        self.route_index = np.zeros(1, np.int32)
        self._key = np.uint64(head.key)
        self.show(first)

    @property
    def network(self) -> RoadNetwork:
        """The town's roads."""
        return self.town.network

    @property
    def routes(self) -> RouteSet:
        """The route."""
        return self._routes

    def show(self, moment: RecordedMoment) -> None:
        """Let this moment be the present.

        Raises:
            RecordingError: its state is none that a world can have.
        """
        self.moment = moment
        self.actors[0], self.ego[0], self.lights[0] = moment.actors, moment.ego, moment.lights
        self._make_safe()

    def _make_safe(self) -> None:
        """What comes from a file must not lead a kernel out of its arrays."""
        rows, ego = self.actors[0], self.ego[0]
        good = (
            bool(np.isfinite(rows).all() and np.isfinite(ego).all())
            and bool((np.abs(rows[:, _POSE]) < _FARTHEST).all())
            and bool(((rows[:, _SIZES] >= 0.0) & (rows[:, _SIZES] < 200.0)).all())
            and bool((self.lights <= max(Light)).all())
        )
        kinds = rows[:, Actor.KIND]
        if not good or (kinds < 0).any() or (kinds > max(Kind)).any():
            raise RecordingError(
                f"recording {self.recording.path}: the state at {self.moment.time:.2f} s is none "
                "that a world can have; the file is damaged"
            )
        lanes = rows[:, _LANES]
        known = (lanes >= 0) & (lanes < self.network.n_lanes) if self.same_town else lanes < -1
        rows[:, _LANES] = np.where(known, lanes, -1.0)
        small = np.abs(rows) < 1e9  # whole numbers in the other columns stay within 32 bits
        rows[:] = np.where(small, rows, 0.0)
        last = len(self.route.points) - 1
        ego[Ego.ROUTE_INDEX] = min(max(float(ego[Ego.ROUTE_INDEX]), 0.0), last - 1)

    def sense(self, suite: SensorSuite, *, ego: bool = False) -> Frame:
        """What sensors on the ego see now; those that it had give the same bytes as then.

        Args:
            suite: the sensors.
            ego: let them see the vehicle that carries them; for cameras that look at it from
                outside.
        """
        moment, actors = self.moment, self.actors[0]
        if ego:  # who carries sensors is not drawn, so a double of it is
            actors = np.concatenate([actors[:1], actors])
        return suite.sense(
            actors,
            self.ego[0],
            self.lights[0],
            moment.frame,
            moment.time,
            self._key,
            moment.weather,
            moment.hits,
            moment.events,
            self.recording.head.noise,
        )


class Truth:
    """The true Scenes of a recording, one moment after the other."""

    def __init__(self, stage: Stage, *, far: bool = False) -> None:
        self._stage = stage
        self._oracle = Oracle(stage, far=far)
        self._next = 0

    def scene(self, index: int) -> Scene:
        """The true Scene at a moment; the stage shows that moment afterwards.

        The Oracle remembers who stood at a stop line, so it sees all moments before, too; a
        moment that lies before the last one asked for begins anew.
        """
        if index < self._next:
            self._oracle = Oracle(self._stage)
            self._next = 0
        scene = None
        while self._next <= index:
            self._stage.show(self._stage.recording[self._next])
            scene = self._oracle.scene()
            self._next += 1
        assert scene is not None
        return scene.of_world(0)


def ego_pose(rows: NDArray[np.float32]) -> tuple[float, float, float, float]:
    """x, y, z [m] and yaw [rad] of the ego in rows [A, Actor]."""
    row = rows[0]
    return float(row[Actor.X]), float(row[Actor.Y]), float(row[Actor.Z]), float(row[Actor.YAW])
