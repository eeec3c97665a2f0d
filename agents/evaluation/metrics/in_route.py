"""In route: has the ego left its route for good, or driven too much of it too far beside?

The leaderboard's InRouteTest (scenario_runner, `atomic_criteria.py`, 0.9.16): more than 30 m from
the route ends the drive at once (the world judges that, `WorldSettings.deviation`); and so does
more than 30 % of the route driven at over 15 m from it, which is counted here. Distances are
those to the projection on the route; the leaderboard takes the nearest of its next few waypoints.
"""

from __future__ import annotations

DEVIATION = 30.0  # [m] offroad_max; judged by the world
SAFE = 15.0  # [m] offroad_min, DISTANCE_THRESHOLD
MAX_ROUTE_PERCENTAGE = 30.0  # [%] of the route


class InRoute:
    """Collects how much of one route was driven far beside it."""

    def __init__(self, length: float) -> None:
        """Begin a route of `length` metres."""
        self._length = length
        self._last: float | None = None  # [m] along the route
        self.far = 0.0  # [m] of the route that were driven beyond SAFE

    @property
    def percent(self) -> float:
        """Share of the route driven beyond SAFE [%]."""
        return 100.0 * self.far / self._length

    def note(self, s: float, lateral: float) -> bool:
        """Take in one step.

        Args:
            s: of the projection on the route [m]; only ways forward count.
            lateral: distance to the route [m], to either side.

        Returns:
            Whether too much was driven beyond SAFE.
        """
        if self._last is None:
            self._last = s
        if s > self._last:
            if abs(lateral) > SAFE:
                self.far += s - self._last
            self._last = s
        return self.percent > MAX_ROUTE_PERCENTAGE
