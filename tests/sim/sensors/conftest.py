from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, MarkType, RoadNetwork, SignalKind
from roadworthy.sim.scenery.place import place_scenery
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Kind

FloatArray = NDArray[np.float32]


class Street:
    """One straight road along +x, and rows of actors to stand on it.

    Lane 0 drives +x at y = 1.75, lane 1 drives -x at y = -1.75; sidewalks at y = +-4.75. A light
    stands at x = 200, y = 4.25 and shines towards -x; the crosswalk lies at x = 195.
    """

    def __init__(self) -> None:
        network = straight_road()
        self.town = Town(network.name, network, place_scenery(network))
        self.red = np.zeros(1, np.uint8)
        self.green = np.full(1, 2, np.uint8)

    def actors(self, *rows: FloatArray, ego_x: float = 100.0) -> FloatArray:
        """An ego in lane 0 and further rows."""
        return np.stack([self.row(ego_x, 1.75), *rows])

    @staticmethod
    def row(
        x: float, y: float, kind: Kind = Kind.CAR, yaw: float = 0.0, *, brake: bool = False
    ) -> FloatArray:
        """One actor: 4 x 2 x 1.5 m, or a walker of 0.5 x 0.5 x 1.8 m."""
        row = np.zeros(len(Actor), np.float32)
        size = (0.5, 0.5, 1.8) if kind == Kind.WALKER else (4.0, 2.0, 1.5)
        row[[Actor.X, Actor.Y, Actor.YAW]] = x, y, yaw
        row[[Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT]] = size
        row[[Actor.KIND, Actor.ALIVE, Actor.BRAKE]] = kind, 1.0, brake
        return row

    @staticmethod
    def soup(actors: FloatArray) -> ActorSoup:
        """Triangles of all but the ego."""
        soup = ActorSoup(len(actors))
        soup.fill(actors, 1, float(actors[0, Actor.X]), float(actors[0, Actor.Y]))
        return soup


@pytest.fixture(scope="session")
def street() -> Street:
    return Street()


def straight_road(length: int = 300) -> RoadNetwork:
    """Make the network of `Street` by hand; the stop line of lane 0 is at x = 190."""
    rows = []
    s = np.arange(length + 1, dtype=np.float32)
    zero = np.zeros_like(s)
    for y, width, forward in ((1.75, 3.5, 1), (-1.75, 3.5, 0), (4.75, 2.5, 1), (-4.75, 2.5, 0)):
        x = s if forward else length - s
        yaw = zero if forward else zero + np.float32(math.pi)
        rows.append(np.stack([x, zero + y, zero, yaw, s, zero + width, zero, zero], 1))
    points = np.concatenate(rows).astype(np.float32)
    n = length + 1
    lanes = 4

    def ints(*values: int) -> np.ndarray:
        return np.array(values, np.int32)

    none = np.zeros(lanes + 1, np.int32)
    return RoadNetwork(
        name="Straight",
        points=points,
        lane_start=np.arange(lanes + 1, dtype=np.int32) * n,
        lane_length=np.full(lanes, length, np.float32),
        lane_type=ints(LaneType.DRIVING, LaneType.DRIVING, LaneType.SIDEWALK, LaneType.SIDEWALK),
        lane_speed_limit=np.full(lanes, 13.9, np.float32),
        lane_road=np.array([[1, 0, -1], [1, 0, 1], [1, 0, -2], [1, 0, 2]], np.int32),
        lane_junction=ints(-1, -1, -1, -1),
        lane_left=ints(-1, -1, -1, -1),
        lane_right=ints(-1, -1, -1, -1),
        lane_change_left=np.zeros(lanes, np.bool_),
        lane_change_right=np.zeros(lanes, np.bool_),
        lane_mark_left=ints(MarkType.BROKEN, MarkType.BROKEN, MarkType.NONE, MarkType.NONE),
        lane_mark_right=ints(MarkType.SOLID, MarkType.SOLID, MarkType.NONE, MarkType.NONE),
        lane_mark_yellow=np.array([[1, 0], [1, 0], [0, 0], [0, 0]], np.bool_),
        successor_start=none,
        successors=ints(),
        predecessor_start=none,
        predecessors=ints(),
        signals=np.array([[200.0, 4.0, 3.0, np.pi]], np.float32),
        signal_kind=ints(SignalKind.LIGHT),
        signal_value=np.zeros(1, np.float32),
        signal_group=ints(0),
        signal_phase=ints(0),
        signal_id=("1",),
        group_phases=ints(2),
        stop_start=ints(0, 1, 1, 1, 1),
        stop_s=np.array([190.0], np.float32),
        stop_signal=ints(0),
        conflict_start=none,
        conflict_lane=ints(),
        conflict_s=np.zeros((0, 4), np.float32),
        crossing_points=np.array([[195.0, -4.75, 195.0, 4.75]], np.float32),
        crossing_width=np.array([3.0], np.float32),
        crossing_z=np.zeros(1, np.float32),
        crosslane_start=ints(0, 1, 2, 2, 2),
        crosslane_crossing=ints(0, 0),
        crosslane_s=np.array([[193.5, 196.5], [103.5, 106.5]], np.float32),
        cell=16.0,
        grid_origin=np.zeros(2, np.float32),
        grid_shape=ints(1, 1),
        grid_start=ints(0, 2 * n),
        grid_point=np.arange(2 * n, dtype=np.int32),
        point_lane=np.repeat(np.arange(lanes), n).astype(np.int32),
        geo_reference=(42.0, 2.0),
        conflict_priority=np.zeros(0, np.int8),
        lane_turn=np.zeros(lanes, np.int8),
        lane_control=np.zeros(lanes, np.int8),
        lane_oncoming=np.full(lanes, -1, np.int32),
        lane_oncoming_mark=np.zeros(lanes, np.bool_),
    )
