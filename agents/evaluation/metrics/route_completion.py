"""Route completion: which share of its route has the ego driven?

The leaderboard's RouteCompletionTest (scenario_runner, `atomic_criteria.py`, 0.9.16): the share of
the route's length up to the last waypoint that was passed. Over 99 % and within 10 m of the last
waypoint the route is done and counts as 100. The world judges that in each tick
(`sim/world/judge.py`), with the ego's projection on the route in place of the waypoint; of a route
under 100 m it lets the last metre be missing.
"""

from __future__ import annotations

DONE_PERCENT = 99.0
DONE_DISTANCE = 10.0  # [m]


class RouteCompletion:
    """Collects how far one drive came."""

    def __init__(self, length: float) -> None:
        """Begin a route of `length` metres."""
        self._length = max(length, 1e-3)
        self.progress = 0.0  # [m] the farthest
        self.finished = False

    def note(self, progress: float, finished: bool = False) -> None:
        """Take in one step: the place on the route [m], and whether the world calls it done."""
        self.progress = max(self.progress, progress)
        self.finished = self.finished or finished

    @property
    def percent(self) -> float:
        """Share of the route that was driven [%]."""
        if self.finished:
            return 100.0
        return min(max(100.0 * self.progress / self._length, 0.0), 100.0)
