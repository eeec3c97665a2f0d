"""The street of a route: its line, extended beyond both ends, and what lies beside it.

Lines are float64 [n, Mark]; positions along the route may be negative or beyond its end.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint

Array = NDArray[np.float64]

BEHIND = 160.0  # [m] that a street goes on before its route
BEYOND = 500.0  # [m] and behind it
STOREY = 3.0  # [m]


class Mark(IntEnum):
    """Columns of a line of lane centres."""

    X = 0
    Y = 1
    Z = 2
    YAW = 3  # [rad]
    S = 4  # [m]
    WIDTH = 5
    LANE = 6
    LANE_S = 7


_POINT = [Point.X, Point.Y, Point.Z, Point.YAW, Point.S, Point.WIDTH]
_ROUTE = [
    RoutePoint.X,
    RoutePoint.Y,
    RoutePoint.Z,
    RoutePoint.YAW,
    RoutePoint.S,
    RoutePoint.WIDTH,
    RoutePoint.LANE,
    RoutePoint.LANE_S,
]


def wrap(angle: float) -> float:
    """An angle in [-pi, pi)."""
    return (angle + math.pi) % (2 * math.pi) - math.pi


def lane_line(network: RoadNetwork, lane: int) -> Array:
    """The centre of a whole lane, [n, Mark]."""
    points = network.lane_points(lane).astype(np.float64)
    own = np.full(len(points), float(lane))
    return np.column_stack([points[:, _POINT], own, points[:, Point.S]])


def straightest(network: RoadNetwork, lane: int, backward: bool = False) -> int:
    """The lane that leads on (or here) with the least turn; -1 where there is none."""
    start = network.predecessor_start if backward else network.successor_start
    list_of = network.predecessors if backward else network.successors
    best, least = -1, math.inf
    for other in list_of[start[lane] : start[lane + 1]].tolist():
        points = network.lane_points(other)
        turn = abs(float(points[-1, Point.YAW] - points[0, Point.YAW]))
        if turn < least:
            best, least = other, turn
    return best


def chain(network: RoadNetwork, lane: int, length: float, backward: bool = False) -> Array:
    """Lanes that follow (or precede) `lane` without turns, about `length` metres, [n, Mark].

    S counts from 0 at the first point, or ends at 0 where `backward`.
    """
    parts: list[Array] = []
    total, seen = 0.0, {lane}
    while total < length:
        lane = straightest(network, lane, backward)
        if lane < 0 or lane in seen:
            break
        seen.add(lane)
        line = lane_line(network, lane)
        here = float(network.lane_length[lane])
        line[:, Mark.S] += -total - here if backward else total
        parts.append(line)
        total += here
    if not parts:
        return np.zeros((0, len(Mark)))
    return np.concatenate(parts[::-1] if backward else parts)


def cut(line: Array, begin: float, end: float) -> Array:
    """The part of a line between two positions, with its ends interpolated."""
    s = line[:, Mark.S]
    begin, end = max(begin, float(s[0])), min(end, float(s[-1]))
    inner = line[(s > begin + 1e-3) & (s < end - 1e-3)]
    return np.concatenate([_between(line, begin)[None], inner, _between(line, end)[None]])


def _between(line: Array, at: float) -> Array:
    s = line[:, Mark.S]
    i = int(np.clip(np.searchsorted(s, at, side="right") - 1, 0, len(s) - 2))
    span = s[i + 1] - s[i]
    share = 0.0 if span <= 0 else float(np.clip((at - s[i]) / span, 0.0, 1.0))
    row: Array = line[i] + share * (line[i + 1] - line[i])
    row[Mark.YAW] = line[i, Mark.YAW] + share * wrap(line[i + 1, Mark.YAW] - line[i, Mark.YAW])
    row[Mark.LANE] = line[i, Mark.LANE]
    row[Mark.LANE_S] = line[i, Mark.LANE_S] + share * span
    row[Mark.S] = at
    return row


def shifted(line: Array, lateral: Array | float) -> Array:
    """A line moved to the right by `lateral` metres [n]; S keeps counting along the centre."""
    out = line.copy()
    out[:, Mark.X] -= np.sin(line[:, Mark.YAW]) * lateral
    out[:, Mark.Y] += np.cos(line[:, Mark.YAW]) * lateral
    return out


def ease(share: Array) -> Array:
    """A smooth way from 0 to 1: 3 x^2 - 2 x^3."""
    x = np.clip(share, 0.0, 1.0)
    result: Array = x * x * (3.0 - 2.0 * x)
    return result


class Street:
    """A route with what lies before, behind and beside it."""

    def __init__(self, network: RoadNetwork, route: Route) -> None:
        self.network, self.route = network, route
        own = route.points[:, _ROUTE].astype(np.float64)
        self.length = float(own[-1, Mark.S])
        first, last = int(own[0, Mark.LANE]), int(own[-1, Mark.LANE])
        parts = [own]
        if first >= 0:
            begin = float(own[0, Mark.LANE_S])
            rest = lane_line(network, first)
            rest = rest[rest[:, Mark.LANE_S] < begin - 0.2]
            rest[:, Mark.S] -= begin
            before = chain(network, first, BEHIND, backward=True)
            before[:, Mark.S] -= begin
            parts = [before, rest, *parts]
        if last >= 0:
            end = float(own[-1, Mark.LANE_S])
            rest = lane_line(network, last)
            rest = rest[rest[:, Mark.LANE_S] > end + 0.2]
            rest[:, Mark.S] += self.length - end
            beyond = chain(network, last, BEYOND)
            beyond[:, Mark.S] += self.length + float(network.lane_length[last]) - end
            parts += [rest, beyond]
        line = np.concatenate(parts)
        keep = np.concatenate([[True], np.diff(line[:, Mark.S]) > 0.02])
        self.line = line[keep]
        lanes = self.line[:, Mark.LANE].astype(int)
        self.in_junction = (lanes >= 0) & (network.lane_junction[lanes] >= 0)

    def at(self, s: float) -> Array:
        """The row of the line at a position, [Mark]."""
        return _between(self.line, s)

    def lane(self, s: float) -> int:
        """Lane at a position; -1 on none."""
        return int(self.at(s)[Mark.LANE])

    def junction_after(self, s: float) -> tuple[float, float] | None:
        """Where the next junction of the route that begins behind `s` begins and ends."""
        at = self.line[:, Mark.S]
        ahead = np.flatnonzero(self.in_junction & (at >= s) & (at <= self.length))
        if len(ahead) == 0 or ahead[0] == 0:
            return None
        i = int(ahead[0])
        if self.in_junction[i - 1]:  # `s` lies in a junction: the one after
            out = np.flatnonzero(~self.in_junction & (at > s))
            return self.junction_after(float(at[out[0]])) if len(out) else None
        left = np.flatnonzero(~self.in_junction & (at > at[i]))
        return float(at[i]), float(at[left[0]]) if len(left) else float(at[-1])

    def is_plain(self, begin: float, end: float) -> bool:
        """Whether no junction lies between two positions of the route."""
        at = self.line[:, Mark.S]
        inside = (at >= begin) & (at <= end)
        return bool(at[0] <= begin and at[-1] >= end and not self.in_junction[inside].any())

    def bend(self, begin: float, end: float) -> float:
        """How much the street turns between two positions [rad], positive to the right."""
        return wrap(float(self.at(end)[Mark.YAW] - self.at(begin)[Mark.YAW]))

    def beside(self, s: float, right: bool) -> int:
        """The neighbour lane of the same direction; -1 for none."""
        lane = self.lane(s)
        if lane < 0:
            return -1
        side = self.network.lane_right if right else self.network.lane_left
        other = int(side[lane])
        if other >= 0 and self.network.lane_type[other] == LaneType.DRIVING:
            return other
        return -1

    def oncoming(self, s: float) -> tuple[int, float] | None:
        """The lane of the other direction at the left: lane and position on it."""
        row = self.at(s)
        for step in (1.0, 1.4):
            found = self.nearest(
                row, -step * float(row[Mark.WIDTH]), opposite=True, reach=0.45 * row[Mark.WIDTH]
            )
            if found is not None:
                return found
        return None

    def nearest(
        self, row: Array, lateral: float, *, opposite: bool, reach: float
    ) -> tuple[int, float] | None:
        """The driving lane whose centre is within `reach` of the point beside a line's row."""
        x = row[Mark.X] - math.sin(row[Mark.YAW]) * lateral
        y = row[Mark.Y] + math.cos(row[Mark.YAW]) * lateral
        points = self.network.points
        near = np.flatnonzero(
            (np.abs(points[:, Point.X] - x) < reach + 1.0)
            & (np.abs(points[:, Point.Y] - y) < reach + 1.0)
            & (np.abs(points[:, Point.Z] - row[Mark.Z]) < STOREY)
        )
        near = near[self.network.lane_type[self.network.point_lane[near]] == LaneType.DRIVING]
        same = np.cos(points[near, Point.YAW] - row[Mark.YAW])
        near = near[same < -0.7] if opposite else near[same > 0.7]
        if len(near) == 0:
            return None
        distance = np.hypot(points[near, Point.X] - x, points[near, Point.Y] - y)
        best = int(near[distance.argmin()])
        if distance.min() > reach + 0.6:
            return None
        return int(self.network.point_lane[best]), float(points[best, Point.S])

    def roadside(self, s: float) -> tuple[float, LaneType | None]:
        """How far right of the route's centre a parked vehicle stands, and on what.

        A parking lane or a shoulder where there is one wide enough, else the kerb.
        """
        row = self.at(s)
        half = 0.5 * float(row[Mark.WIDTH])
        best: tuple[float, LaneType | None] = (half + 0.55, None)
        points, types = self.network.points, self.network.lane_type
        for kind in (LaneType.PARKING, LaneType.SHOULDER):
            of = np.flatnonzero(types == kind)
            if len(of) == 0:
                continue
            dx, dy = points[:, Point.X] - row[Mark.X], points[:, Point.Y] - row[Mark.Y]
            lateral = -np.sin(row[Mark.YAW]) * dx + np.cos(row[Mark.YAW]) * dy
            along = np.cos(row[Mark.YAW]) * dx + np.sin(row[Mark.YAW]) * dy
            near = (np.abs(along) < 1.5) & (lateral > half) & (lateral < half + 4.0)
            near &= (types[self.network.point_lane] == kind) & (points[:, Point.WIDTH] > 1.8)
            near &= np.abs(points[:, Point.Z] - row[Mark.Z]) < STOREY
            if near.any():
                return float(lateral[near].min()), kind
        return best
