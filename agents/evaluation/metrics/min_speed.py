"""Minimum speed: was the ego as fast as the traffic around it?

The leaderboard's MinimumSpeedRouteTest (scenario_runner, `atomic_criteria.py`, 0.9.16): four
checkpoints along the route; at each, the ego's mean speed since the last one as a percentage of
the mean speed of the background traffic. Below 100 it is an event.
"""

from __future__ import annotations

import math

CHECKPOINTS = 4
LAST_FROM = 0.95  # share of the route from which its end counts as the last checkpoint
_ENOUGH = 100.0  # [%]


class MinimumSpeed:
    """Collects the percentages of one drive."""

    def __init__(self, length: float) -> None:
        """Begin a route of `length` metres."""
        self._length = length
        self._passed = 0
        self._own = self._others = 0.0
        self._count = 0
        self.percents: list[float] = []  # of all checkpoints, above 100 as well

    def note(self, progress: float, speed: float, traffic: float) -> float | None:
        """Take in one step.

        Args:
            progress: on the route [m].
            speed: of the ego [m/s].
            traffic: mean of the background traffic [m/s]; NaN where there is none.

        Returns:
            The percentage where a checkpoint was passed in this step at less than 100, else None.
        """
        if math.isfinite(traffic):
            self._own += abs(speed)
            self._others += traffic
            self._count += 1
        if self._passed >= CHECKPOINTS - 1:
            return None  # the last one is the end of the route
        if progress < (self._passed + 1) * self._length / CHECKPOINTS:
            return None
        return self._check()

    def close(self, completion: float) -> float | None:
        """Count the last checkpoint where over 95 % of the route were driven; see `note`."""
        if completion < 100.0 * LAST_FROM or self._passed >= CHECKPOINTS:
            return None
        return self._check()

    def _check(self) -> float | None:
        self._passed += 1
        percent = 100.0
        if self._count > 0 and self._others > 0.0:
            percent = round(100.0 * self._own / self._others, 2)
        self._own = self._others = 0.0
        self._count = 0
        self.percents.append(percent)
        return percent if percent < _ENOUGH else None
