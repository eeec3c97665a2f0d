"""Tracks: the line that an entity follows, lane after lane, or along a route."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.openscenario.roads import LanePlace, Pose, RoadFrame, beside, point_at
from roadworthy.sim.road.network import Point
from roadworthy.sim.road.route import Route, RoutePoint

_MOST_PIECES = 64  # that are looked through ahead at once


class Track:
    """A line that goes on for as long as there are lanes.

    Attributes:
        s: [m] where on the line its user is, from its beginning.
        ended: the line has no more.
    """

    def __init__(self, roads: RoadFrame) -> None:
        self._roads = roads
        # Piece after piece: where it begins on the line, its points [n, Point], its lane.
        self._pieces: list[tuple[float, NDArray[np.float32], int]] = []
        self._end = 0.0
        self._tail = -1  # the lane whose followers come next; -1 where the line ends
        self._at = 0
        self.s = 0.0
        self.ended = False

    @classmethod
    def along(cls, roads: RoadFrame, place: LanePlace) -> Track:
        """Follow the lanes straight on from a place."""
        track = cls(roads)
        track._add(roads.network.lane_points(place.lane), place.lane)
        track.s, track._tail = place.s, place.lane
        return track

    @classmethod
    def of_route(cls, roads: RoadFrame, route: Route) -> Track:
        """Follow a route, and go straight on at its end."""
        track = cls(roads)
        points = np.zeros((len(route.points), len(Point)), np.float32)
        pairs = (
            (Point.X, RoutePoint.X),
            (Point.Y, RoutePoint.Y),
            (Point.Z, RoutePoint.Z),
            (Point.YAW, RoutePoint.YAW),
            (Point.S, RoutePoint.S),
        )
        for target, origin in pairs:
            points[:, target] = route.points[:, origin]
        track._add(points, -1)
        track._tail = int(route.points[-1, RoutePoint.LANE])
        track._add_rest(float(route.points[-1, RoutePoint.LANE_S]))
        return track

    @classmethod
    def of_line(cls, roads: RoadFrame, poses: Sequence[Pose]) -> Track:
        """Follow a line through given places, and stop at its end."""
        track = cls(roads)
        xyz = np.array([(pose.x, pose.y, pose.z) for pose in poses])
        steps = np.hypot(*np.diff(xyz[:, :2], axis=0).T)
        points = np.zeros((len(poses), len(Point)), np.float32)
        points[:, :3] = xyz
        points[1:, Point.S] = np.cumsum(steps)
        ways = np.arctan2(np.diff(xyz[:, 1]), np.diff(xyz[:, 0]))
        points[:, Point.YAW] = np.unwrap(np.append(ways, ways[-1]))
        track._add(points, -1)
        return track

    def advance(self, way: float) -> None:
        """Move its user on by so many metres; not beyond the end."""
        self.s = max(self.s + way, 0.0)
        while self.s > self._end and self._extend():
            pass
        if self.s >= self._end:
            self.s, self.ended = self._end, True
        while self._at + 1 < len(self._pieces) and self._pieces[self._at + 1][0] <= self.s:
            self._at += 1
        while self._at > 0 and self._pieces[self._at][0] > self.s:
            self._at -= 1

    def pose(self, lateral: float = 0.0, ahead: float = 0.0) -> Pose:
        """The pose beside the line at its user, or so many metres ahead of them."""
        s, at = self.s + ahead, self._at
        while s > self._end and self._extend():
            pass
        while at + 1 < len(self._pieces) and self._pieces[at + 1][0] <= s:
            at += 1
        begin, points, _ = self._pieces[at]
        return beside(point_at(points, s - begin), lateral)

    def lanes_ahead(self, way: float) -> list[tuple[float, int]]:
        """The lanes of the next metres, each with the way to its beginning [m]."""
        while self._end < self.s + way and self._extend():
            pass
        return [
            (begin - self.s, lane)
            for begin, _, lane in self._pieces[self._at : self._at + _MOST_PIECES]
            if begin - self.s < way and lane >= 0
        ]

    def way_to(self, x: float, y: float, reach: float = 400.0) -> tuple[float, float]:
        """How far ahead on the line the nearest place to (x, y) is, and how far beside [m]."""
        while self._end < self.s + reach and self._extend():
            pass
        best, beside_it = 0.0, math.inf
        for begin, points, _ in self._pieces[self._at :]:
            away = np.hypot(points[:, Point.X] - x, points[:, Point.Y] - y)
            near = int(np.argmin(away))
            if float(away[near]) < beside_it:
                pose = points[near]
                yaw = float(pose[Point.YAW])
                on = math.cos(yaw) * (x - float(pose[Point.X])) + math.sin(yaw) * (
                    y - float(pose[Point.Y])
                )
                best = begin + float(pose[Point.S]) + on - self.s
                beside_it = float(away[near])
        return best, beside_it

    def _add(self, points: NDArray[np.float32], lane: int) -> None:
        self._pieces.append((self._end, points, lane))
        self._end += float(points[-1, Point.S])

    def _add_rest(self, s: float) -> None:
        """Go on to the end of the last lane from a place on it."""
        points = self._roads.network.lane_points(self._tail)
        rest = points[points[:, Point.S] > s + 0.5].copy()
        if len(rest) >= 2:
            rest[:, Point.S] -= s
            here = self._pieces[-1][1][-1].copy()
            here[Point.S] = 0.0
            self._add(np.vstack([here[None], rest]), self._tail)

    def _extend(self) -> bool:
        follower = self._roads.next_lane(self._tail) if self._tail >= 0 else None
        if follower is None:
            return False
        self._add(self._roads.network.lane_points(follower), follower)
        self._tail = follower
        return True
