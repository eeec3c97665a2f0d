"""Route time-out: was the ego so slow that the drive must end?

The leaderboard's RouteTimeoutBehavior (scenario_runner, `srunner/scenariomanager/timer.py`,
0.9.16): 300 s, and for each metre of the route that has been driven the time that it takes at
10 % of the speed limit there. So the limit grows as the ego advances.
"""

from __future__ import annotations

import numpy as np

from roadworthy.sim.road.route import Route, RoutePoint

BASE = 300.0  # [s] MIN_TIMEOUT
SHARE = 0.1  # of the speed limit, TIMEOUT_ROUTE_PERC
_SLOWEST = 1.0  # [m/s] a limit below is not believed


class RouteTimeout:
    """Knows how long one drive may have taken so far."""

    def __init__(self, route: Route, base: float = BASE, share: float = SHARE) -> None:
        """Begin a route; a `share` of 0 means that there is no limit."""
        s = route.points[:, RoutePoint.S].astype(np.float64)
        limits = np.maximum(route.points[:-1, RoutePoint.SPEED_LIMIT].astype(np.float64), _SLOWEST)
        spans = np.diff(s) / (share * limits) if share > 0.0 else np.full(len(s) - 1, np.inf)
        self._at = 1  # index of the next point
        self._s: list[float] = s.tolist()
        self._spans: list[float] = spans.tolist()
        self.limit = base if share > 0.0 else np.inf  # [s] now

    def note(self, time: float, progress: float) -> bool:
        """Whether the drive has taken longer than it may.

        Args:
            time: since the drive began [s].
            progress: farthest place on the route so far [m].
        """
        while self._at < len(self._s) and self._s[self._at] <= progress:
            self.limit += self._spans[self._at - 1]
            self._at += 1
        return time > self.limit
