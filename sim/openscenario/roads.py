"""Places on the roads of a town as OpenSCENARIO names them: road, lane, s, t.

Sides are CARLA's here: lateral distances and t are positive to the right (of the lane's way, and
of the direction in which the road's s grows).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import OpenScenarioError
from roadworthy.sim.openscenario.spans import Span, table_of_spans
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route_search import LaneGraph

HEADING_COST = 3.0  # [m] of distance that a radian between heading and lane is worth
REACH = 6.0  # [m] from the middle of a lane; who is farther away is on none
SLACK = 2.0  # [m] how much farther than the nearest lane others are looked at


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a body is, and how it stands."""

    x: float  # [m]
    y: float  # [m] to the right
    z: float  # [m] of the ground
    yaw: float  # [rad] positive to the right


@dataclass(frozen=True, slots=True)
class LanePlace:
    """A place on a lane."""

    lane: int
    s: float  # [m] along it
    lateral: float  # [m] to the right of its middle


def point_at(points: NDArray[np.float32], s: float) -> Pose:
    """The pose on a line of points [n, Point] at s [m], linear in between."""
    stations = points[:, Point.S]
    x, y, z, yaw = (
        float(np.interp(s, stations, points[:, column]))
        for column in (Point.X, Point.Y, Point.Z, Point.YAW)
    )
    return Pose(x, y, z, yaw)


def beside(pose: Pose, lateral: float) -> Pose:
    """The pose so many metres to the right."""
    return Pose(
        pose.x - math.sin(pose.yaw) * lateral,
        pose.y + math.cos(pose.yaw) * lateral,
        pose.z,
        pose.yaw,
    )


class RoadFrame:
    """The roads of one town in OpenDRIVE's coordinates.

    Args:
        network: the town's roads.
        read_spans: how long its roads are; called when a position names a road.
    """

    def __init__(self, network: RoadNetwork, read_spans: Callable[[], Mapping[int, Span]]) -> None:
        self.network = network
        self.graph = LaneGraph(network)
        self._read_spans = read_spans
        self._known: Mapping[int, Span] | None = None
        self._profiles: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._lanes = {tuple(key): lane for lane, key in enumerate(network.lane_road.tolist())}

    def locate(self, x: float, y: float, z: float, yaw: float = math.nan) -> LanePlace | None:
        """The driving lane that somebody is on; None where none is near.

        With a heading, lanes that go that way are preferred.
        """
        xyz = np.array([x, y, z])
        best: LanePlace | None = None
        least = math.inf
        for place in self.graph.places(xyz, yaw, SLACK):
            pose = point_at(self.network.lane_points(place.lane), place.s)
            turn = 0.0 if math.isnan(yaw) else abs(math.remainder(yaw - pose.yaw, math.tau))
            lateral = math.cos(pose.yaw) * (y - pose.y) - math.sin(pose.yaw) * (x - pose.x)
            away = math.hypot(x - pose.x, y - pose.y)
            if away <= REACH and away + HEADING_COST * turn < least:
                best, least = LanePlace(place.lane, place.s, lateral), away + HEADING_COST * turn
        return best

    def on_lane(self, place: LanePlace) -> Pose:
        """The pose of a place on a lane."""
        return beside(point_at(self.network.lane_points(place.lane), place.s), place.lateral)

    def lane_at(self, road: int, lane: int, s: float) -> LanePlace:
        """The place in the middle of a lane by OpenDRIVE's ids.

        Raises:
            OpenScenarioError: there is no such road or lane, or it does not reach so far.
        """
        section, share = self._section(road, s)
        found = self._lanes.get((road, section, lane))
        if found is None:
            ids = sorted(key[2] for key in self._lanes if key[:2] == (road, section))
            raise OpenScenarioError(
                f"road {road} of {self.network.name} has no lane {lane} at s={s:g}; it has {ids}"
            )
        return LanePlace(found, self._lane_s(found, share), 0.0)

    def on_road(self, road: int, s: float, t: float) -> Pose:
        """The pose at s along a road and t to the right of its middle, the way its s grows.

        Raises:
            OpenScenarioError: there is no such road, or it is not so long.
        """
        middle = self._middle(road, s)
        return beside(middle, t)

    def road_place(self, x: float, y: float, z: float, yaw: float) -> tuple[int, float, float]:
        """Road, s and t (to the right of the road's middle) of the lane that somebody is on.

        Raises:
            OpenScenarioError: they are on no lane.
        """
        place = self.locate(x, y, z, yaw)
        if place is None:
            raise OpenScenarioError(
                f"nothing is driven on at x={x:.1f}, y={y:.1f} in {self.network.name}"
            )
        road, section, _ = (int(part) for part in self.network.lane_road[place.lane])
        begin, end = self._bounds(road, section)
        s = begin + self._share(place.lane, place.s) * (end - begin)
        middle = self._middle(road, s)
        t = math.cos(middle.yaw) * (y - middle.y) - math.sin(middle.yaw) * (x - middle.x)
        return road, s, t

    def _with_road(self, lane: int) -> bool:
        """Whether a lane goes the way in which its road's s grows (right-hand traffic)."""
        return int(self.network.lane_road[lane, 2]) < 0

    def _lane_s(self, lane: int, share: float) -> float:
        """How far along a lane it is to a share of its section [m]."""
        stations, shares = self._profile(lane)
        way = share if self._with_road(lane) else 1.0 - share
        return float(np.interp(way, shares, stations))

    def _share(self, lane: int, s: float) -> float:
        """Share of its section that lies before a place on a lane."""
        stations, shares = self._profile(lane)
        way = float(np.interp(s, stations, shares))
        return way if self._with_road(lane) else 1.0 - way

    def _profile(self, lane: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Stations of a lane [m] and the share of the road's middle that lies before each.

        The middle is t to the left of a lane, whichever way that goes, so where the lane bends
        to the right by k, a metre of it is 1 + t k metres of the middle.
        """
        if lane not in self._profiles:
            points = self.network.lane_points(lane).astype(np.float64)
            road, section, number = (int(part) for part in self.network.lane_road[lane])
            inner = [
                float(self.network.lane_points(other)[:, Point.WIDTH].mean())
                for key, other in self._lanes.items()
                if key[:2] == (road, section) and 0 < key[2] * np.sign(number) < abs(number)
            ]
            t = sum(inner) + 0.5 * points[:, Point.WIDTH]
            rate = np.maximum(1.0 + t * points[:, Point.CURVATURE], 0.05)
            steps = 0.5 * (rate[1:] + rate[:-1]) * np.diff(points[:, Point.S])
            ways = np.concatenate([[0.0], np.cumsum(steps)])
            self._profiles[lane] = points[:, Point.S], ways / max(float(ways[-1]), 1e-6)
        return self._profiles[lane]

    def _middle(self, road: int, s: float) -> Pose:
        """The border between the two directions of a road, the way its s grows."""
        section, share = self._section(road, s)
        inner = [key[2] for key in self._lanes if key[:2] == (road, section)]
        if not inner:
            raise OpenScenarioError(f"road {road} of {self.network.name} has no lanes at s={s:g}")
        lane = self._lanes[road, section, min(inner, key=lambda number: (abs(number), number))]
        points = self.network.lane_points(lane)
        with_road = self._with_road(lane)
        along = self._lane_s(lane, share)
        pose = point_at(points, along)
        width = float(np.interp(along, points[:, Point.S], points[:, Point.WIDTH]))
        edge = beside(pose, -0.5 * width)  # the inner edge lies to the left of either direction
        return edge if with_road else Pose(edge.x, edge.y, edge.z, edge.yaw + math.pi)

    def _section(self, road: int, s: float) -> tuple[int, float]:
        """Section of a road at s, and the share of it that lies before."""
        found = self._spans().get(road)
        if found is None:
            raise OpenScenarioError(f"{self.network.name} has no road {road}")
        if not -0.5 <= s <= found.length + 0.5:
            raise OpenScenarioError(
                f"s={s:g} is not on road {road} of {self.network.name}, which is "
                f"{found.length:.1f} m long"
            )
        s = min(max(s, 0.0), found.length)
        section = max(k for k, begin in enumerate(found.begins) if k == 0 or begin <= s)
        begin, end = self._bounds(road, section)
        share = (s - begin) / max(end - begin, 1e-6)
        return section, min(max(share, 0.0), 1.0)

    def _bounds(self, road: int, section: int) -> tuple[float, float]:
        found = self._spans()[road]
        ends = (*found.begins[1:], found.length)
        return found.begins[section], ends[section]

    def _spans(self) -> Mapping[int, Span]:
        if self._known is None:
            self._known = self._read_spans()
        return self._known

    def table(self) -> str:
        """The lengths of all roads, see `spans_of_table`; empty where nobody asked."""
        if self._known is None:
            return ""
        return table_of_spans(self._known)

    def s_on(self, lane: int, x: float, y: float) -> float:
        """How far along a lane the point nearest to (x, y) is [m]."""
        points = self.network.lane_points(lane)
        near = int(np.argmin(np.hypot(points[:, Point.X] - x, points[:, Point.Y] - y)))
        yaw = float(points[near, Point.YAW])
        on = math.cos(yaw) * (x - float(points[near, Point.X]))
        on += math.sin(yaw) * (y - float(points[near, Point.Y]))
        s = float(points[near, Point.S]) + on
        return min(max(s, 0.0), float(self.network.lane_length[lane]))

    def ground(self, x: float, y: float, z: float) -> float:
        """Height of the road near (x, y) [m]; `z` where there is none."""
        network = self.network
        found = self.graph.places(np.array([x, y, z]), math.nan, 0.0, 1)
        if not found or found[0].distance > 3.0 * REACH:
            return z
        return point_at(network.lane_points(found[0].lane), found[0].s).z

    def lane_beside(self, lane: int, steps: int) -> int | None:
        """The driving lane so many lanes to the left (negative: right); None where there is none.

        It may be one of the other direction.
        """
        for _ in range(abs(steps)):
            network = self.network
            side = network.lane_left if steps > 0 else network.lane_right
            if side[lane] >= 0:
                lane = int(side[lane])
            elif steps > 0 and network.lane_oncoming[lane] >= 0:
                lane = int(network.lane_oncoming[lane])
            else:
                return None
        return lane

    def lane_of_id(self, lane: int, number: int) -> int | None:
        """The lane of the same section with another OpenDRIVE id."""
        road, section, _ = (int(part) for part in self.network.lane_road[lane])
        found = self._lanes.get((road, section, number))
        driving = found is not None and self.network.lane_type[found] == LaneType.DRIVING
        return found if driving else None

    def next_lane(self, lane: int) -> int | None:
        """The lane that goes on most straight; None where the road ends."""
        network = self.network
        first, last = network.successor_start[lane], network.successor_start[lane + 1]
        end = float(network.lane_points(lane)[-1, Point.YAW])
        best, least = None, math.inf
        for follower in network.successors[first:last].tolist():
            points = network.lane_points(follower)
            if network.lane_type[follower] != LaneType.DRIVING:
                continue
            turn = abs(math.remainder(float(points[-1, Point.YAW]) - end, math.tau))
            if turn < least - 1e-3:
                best, least = int(follower), turn
        return best
