"""Guide: what map, route and pose say about the way ahead and about the next light.

This is knowledge that a vehicle has without looking: it needs the town's road network, the
route, and where the ego is (as localised, not as it truly is). Of the network it reads:

- along the route: its points, lane width, speed limit and slope (they are part of the Route), and
  which of its lanes lie in a junction;
- of traffic lights: which one governs the route's lane, its stop line, and the place of its lamps;
- of stop signs: where their lines are; the guide remembers at which of them the ego has stood.

It does not know the colour of a light, nor anything about who else is on the road.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.perception.oracle import lines_of_routes
from roadworthy.perception.oracle_kernel import fill_route
from roadworthy.perception.scene import LIGHT_RANGE, ROUTE_DISTANCES, RouteCol
from roadworthy.perception.signature import HintCol
from roadworthy.perception.stop_lines import RouteLine, is_standing_at, next_line
from roadworthy.sim.road.network import RoadNetwork, SignalKind
from roadworthy.sim.road.route import Route, RoutePoint

_BACK, _AHEAD = 8, 25  # route points looked at around the last projection
_LOST = 12.0  # [m] from the route, beyond which all of it is searched
_X, _Y, _S = int(RoutePoint.X), int(RoutePoint.Y), int(RoutePoint.S)


@njit(cache=True, nogil=True, error_model="numpy")
def _project(points, first, last, x, y):  # type: ignore[no-untyped-def]
    """Return index, share of the segment and squared distance of the nearest place."""
    best, best_t, best_square = first, 0.0, np.inf
    for i in range(first, last - 1):
        ax, ay = points[i, _X], points[i, _Y]
        dx, dy = points[i + 1, _X] - ax, points[i + 1, _Y] - ay
        t = ((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-9)
        t = min(max(t, 0.0), 1.0)
        square = (ax + t * dx - x) ** 2 + (ay + t * dy - y) ** 2
        if square < best_square:
            best, best_t, best_square = i, t, square
    return best, best_t, best_square


class Guide:
    """Follows the ego along its route."""

    def __init__(self, network: RoadNetwork, route: Route, *, ego_length: float) -> None:
        """Begin at the route's start.

        Args:
            network: the town's roads.
            route: what the ego drives.
            ego_length: [m]; distances to stop lines count from the ego's front.
        """
        self._network, self._points = network, np.ascontiguousarray(route.points, np.float32)
        self._half = 0.5 * ego_length
        self.index = 0  # of the route point behind
        self.s = 0.0  # [m] along the route
        self.lateral = 0.0  # [m] to the right of the route
        self.heading = 0.0  # [rad] ego's minus the route's
        self.pitch = 0.0  # [rad] of the road, positive uphill
        self.route = np.zeros((len(ROUTE_DISTANCES), len(RouteCol)), np.float32)
        self.hint = np.zeros(len(HintCol), np.float32)
        # [m] from the ego's front to the line of a stop sign where it has not stood yet.
        self.stop = LIGHT_RANGE
        self._stood = -1.0  # [m] along the route, the last such line that it stood at
        ends = np.array([0, len(self._points)], np.int32)
        self._lines, _ = lines_of_routes(network, self._points, ends)

    @property
    def remaining(self) -> float:
        """Length of the route that is left [m]."""
        return max(float(self._points[-1, _S]) - self.s, 0.0)

    @property
    def speed_limit(self) -> float:
        """Limit here [m/s]."""
        return float(self._points[self.index, RoutePoint.SPEED_LIMIT])

    def update(self, x: float, y: float, yaw: float, speed: float = 1.0) -> None:
        """Take in a pose and a speed [m/s]; the attributes then hold what lies ahead of it."""
        points, n = self._points, len(self._points)
        first, last = max(self.index - _BACK, 0), min(self.index + _AHEAD, n)
        at, t, square = _project(points, first, last, x, y)
        if square > _LOST**2 or (at == last - 2 and last < n):
            at, t, square = _project(points, 0, n, x, y)
        self.index = at
        a, b = points[at], points[at + 1]
        self.s = float(a[_S] + t * (b[_S] - a[_S]))
        rise = float(b[RoutePoint.Z] - a[RoutePoint.Z])
        self.pitch = math.atan2(rise, max(float(b[_S] - a[_S]), 0.1))
        route_yaw = float(a[RoutePoint.YAW] + t * (b[RoutePoint.YAW] - a[RoutePoint.YAW]))
        dx = x - float(a[_X] + t * (b[_X] - a[_X]))
        dy = y - float(a[_Y] + t * (b[_Y] - a[_Y]))
        self.lateral = -math.sin(route_yaw) * dx + math.cos(route_yaw) * dy
        self.heading = (yaw - route_yaw + math.pi) % (2.0 * math.pi) - math.pi
        network = self._network
        fill_route(points, 0, n, at, self.s, x, y, yaw, network.lane_junction, self.route)
        self._find_light(x, y, yaw)
        self._find_stop(speed)

    def _next(self, kind: SignalKind) -> tuple[int, float]:
        here, front = self._points[self.index, _S], np.float32(self.s + self._half)
        row, distance = next_line(self._lines, 0, len(self._lines), int(kind), here, front)
        return int(row), float(distance)

    def _find_stop(self, speed: float) -> None:
        """Fill `stop`."""
        row, distance = self._next(SignalKind.STOP)
        self.stop = LIGHT_RANGE
        if row < 0 or self._lines[row, RouteLine.S] == self._stood:
            return
        if is_standing_at(distance, speed):
            self._stood = float(self._lines[row, RouteLine.S])
        else:
            self.stop = distance

    def _find_light(self, x: float, y: float, yaw: float) -> None:
        """Fill `hint`."""
        network, points = self._network, self._points
        row, distance = self._next(SignalKind.LIGHT)
        self.hint[:] = 0.0
        if row < 0:
            return
        signal = int(self._lines[row, RouteLine.SIGNAL])
        head: NDArray[np.float32] = network.signals[signal]
        dx, dy = float(head[0]) - x, float(head[1]) - y
        c, s = math.cos(yaw), math.sin(yaw)
        ground = float(points[self.index, RoutePoint.Z])
        self.hint[:] = (
            1.0,
            distance,
            c * dx + s * dy,
            c * dy - s * dx,
            float(head[2]) - ground,
        )
