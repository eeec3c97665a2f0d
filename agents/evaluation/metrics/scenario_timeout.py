"""Scenario time-out: did the ego take more than 4 minutes over one event of its route?

The leaderboard's ScenarioTimeout and ScenarioTimeoutTest (scenario_runner, `atomic_behaviors.py`
and `atomic_criteria.py`, 0.9.16): a scenario that is not cleared 240 s of game time after it
began counts as one infraction. An event of ours begins when the ego comes to its trigger and is
cleared when the ego is so far beyond that its actors go. Different from the leaderboard: it takes
a timed-out scenario's actors away, here they stay.
"""

from __future__ import annotations

from collections.abc import Sequence

LIMIT = 240.0  # [s] of the world


class ScenarioTimeouts:
    """Collects the time-outs of one drive."""

    def __init__(self, events: int) -> None:
        """Begin a drive with so many events."""
        self._told = [False] * events

    def note(self, clocks: Sequence[float]) -> list[int]:
        """Take in one step.

        Args:
            clocks: seconds that each event has been on stage, 0 where it has not begun.

        Returns:
            The events that timed out in this step; each is told once.
        """
        late = [
            e
            for e, (clock, told) in enumerate(zip(clocks, self._told, strict=False))
            if clock > LIMIT and not told
        ]
        for e in late:
            self._told[e] = True
        return late
