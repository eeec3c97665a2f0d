"""The driving score of a route, as the CARLA leaderboard defines it.

Source of every coefficient: `carla-simulator/leaderboard`, branches `leaderboard-2.0` and
`leaderboard-2.1`, `leaderboard/utils/statistics_manager.py`.

    driving score = max(route completion * penalty, 0)

2.0: penalty = prod(coefficient ** count) * prod(percentage terms), one factor an event.
2.1: penalty = (1 - outside / 100) / (1 + sum(coefficient * count)): long routes do not collapse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from roadworthy.sim.errors import SettingsError

Version = Literal["2.0", "2.1"]
ROUND_DIGITS_SCORE = 6

# Infractions by the names of the leaderboard's result file.
INFRACTIONS = (
    "collisions_layout",
    "collisions_pedestrian",
    "collisions_vehicle",
    "red_light",
    "stop_infraction",
    "outside_route_lanes",
    "min_speed_infractions",
    "yield_emergency_vehicle_infractions",
    "scenario_timeouts",
    "route_dev",
    "vehicle_blocked",
    "route_timeout",
)

FACTORS_2_0: Mapping[str, float] = {
    "collisions_pedestrian": 0.50,
    "collisions_vehicle": 0.60,
    "collisions_layout": 0.65,
    "red_light": 0.70,
    "stop_infraction": 0.80,
    "scenario_timeouts": 0.70,
    "yield_emergency_vehicle_infractions": 0.70,
}
COEFFICIENTS_2_1: Mapping[str, float] = {
    "collisions_pedestrian": 1.00,
    "collisions_vehicle": 0.70,
    "collisions_layout": 0.60,
    "red_light": 0.40,
    "stop_infraction": 0.25,
    "scenario_timeouts": 0.40,
    "yield_emergency_vehicle_infractions": 0.40,
}
MIN_SPEED_FACTOR_2_0 = 0.70
MIN_SPEED_COEFFICIENT_2_1 = 0.40


@dataclass(frozen=True, slots=True)
class Score:
    """The three numbers of a route."""

    route: float  # [0, 100] share of the route that was driven
    penalty: float  # [0, 1]
    composed: float  # [0, 100] the driving score


@dataclass(frozen=True, slots=True)
class Offences:
    """What the penalty is made of."""

    counts: Mapping[str, int] = field(default_factory=dict)  # by names of INFRACTIONS
    outside_percent: float = 0.0  # [0, 100] of the driven distance outside of the route's lanes
    # Mean ego speed as a percentage of the traffic's, one for each checkpoint below 100 %.
    min_speed_percents: tuple[float, ...] = ()

    def validate(self) -> Offences:
        """Return self.

        Raises:
            SettingsError: an infraction is unknown, a count negative, a percentage out of range.
        """
        for name, count in self.counts.items():
            if name not in INFRACTIONS:
                raise SettingsError(f"unknown infraction {name!r}; known are {INFRACTIONS}")
            if count < 0:
                raise SettingsError(f"infraction {name!r} has the count {count}; it must be >= 0")
        for percent in (self.outside_percent, *self.min_speed_percents):
            if not 0.0 <= percent <= 100.0:
                raise SettingsError(f"a percentage is {percent}; it must be in [0, 100]")
        return self


def penalty(offences: Offences, version: Version = "2.0") -> float:
    """Penalty in [0, 1] by the rules of one leaderboard version."""
    outside = 1.0 - offences.outside_percent / 100.0
    if version == "2.0":
        product = outside
        for name, factor in FACTORS_2_0.items():
            product *= factor ** offences.counts.get(name, 0)
        for percent in offences.min_speed_percents:
            product *= 1.0 - (1.0 - MIN_SPEED_FACTOR_2_0) * (1.0 - percent / 100.0)
        return product
    total = sum(c * offences.counts.get(name, 0) for name, c in COEFFICIENTS_2_1.items())
    total += sum(MIN_SPEED_COEFFICIENT_2_1 * (1.0 - p / 100.0) for p in offences.min_speed_percents)
    return outside / (1.0 + total)


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
