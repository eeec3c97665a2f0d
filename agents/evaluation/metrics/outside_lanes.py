"""Outside route lanes: which share of what was driven was beside the lanes of the right direction?

The leaderboard's OutsideRouteLanesTest (scenario_runner, `atomic_criteria.py`, 0.9.16). The world
judges each tick (`sim/world/judge.py`): the ego is outside where its middle is more than 0.5 m
beside every driving lane (and 0.5 m for the spacing of the lanes' points), or where it heads
against its lane by more than 120 degrees outside of junctions. Metres so driven as a share of all
metres driven so far enter the penalty; one infraction tells of them at the end.
"""

from __future__ import annotations

_LEAST = 1.0  # [m] driven, below which there is no share


class OutsideLanes:
    """Collects the metres of one drive."""

    def __init__(self) -> None:
        self.outside = 0.0  # [m]
        self.driven = 0.0  # [m]

    def note(self, driven: float, outside: float) -> None:
        """Take in one step: metres driven in it, and metres outside since the drive began."""
        self.driven += driven
        self.outside = outside

    @property
    def percent(self) -> float:
        """Share of what was driven that was outside [%]."""
        if self.driven <= _LEAST:
            return 0.0
        return min(max(100.0 * self.outside / self.driven, 0.0), 100.0)
