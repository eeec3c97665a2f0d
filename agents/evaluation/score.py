"""The driving score of a route, as the CARLA leaderboard defines it.

    driving score = max(route completion * penalty, 0)

The penalty of each version is a file of its own: `metrics/leaderboard_2_0.py` and
`metrics/leaderboard_2_1.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from roadworthy.agents.evaluation.metrics import leaderboard_2_0, leaderboard_2_1
from roadworthy.agents.evaluation.metrics.offences import INFRACTIONS, Offences
from roadworthy.sim.errors import SettingsError

__all__ = ["INFRACTIONS", "PENALTIES", "Offences", "Score", "Version", "penalty", "score_route"]

Version = Literal["2.0", "2.1"]
ROUND_DIGITS_SCORE = 6
PENALTIES: Mapping[Version, Callable[[Offences], float]] = {
    "2.0": leaderboard_2_0.penalty,
    "2.1": leaderboard_2_1.penalty,
}


@dataclass(frozen=True, slots=True)
class Score:
    """The three numbers of a route."""

    route: float  # [0, 100] share of the route that was driven
    penalty: float  # [0, 1]
    composed: float  # [0, 100] the driving score


def penalty(offences: Offences, version: Version = "2.0") -> float:
    """Penalty in [0, 1] by the rules of one leaderboard version."""
    return PENALTIES[version](offences)


def score_route(completion: float, offences: Offences, version: Version = "2.0") -> Score:
    """Score one route.

    Args:
        completion: share of the route that was driven, [0, 100].
        offences: what the agent did wrong on it.
        version: rules to score by.

    Returns:
        The score, rounded to 6 digits as the leaderboard stores it.

    Raises:
        SettingsError: `completion` or `offences` are out of range.
    """
    if not 0.0 <= completion <= 100.0:
        raise SettingsError(f"route completion is {completion}; it must be in [0, 100]")
    factor = penalty(offences.validate(), version)
    return Score(
        round(completion, ROUND_DIGITS_SCORE),
        round(factor, ROUND_DIGITS_SCORE),
        round(max(completion * factor, 0.0), ROUND_DIGITS_SCORE),
    )
