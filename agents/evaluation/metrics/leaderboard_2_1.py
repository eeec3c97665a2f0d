"""The infraction penalty of the CARLA leaderboard 2.1: events add up, so long routes keep a score.

    penalty = (1 - outside / 100) / (1 + sum(coefficient * count) + sum(0.4 * (1 - percent / 100)))

and driving score = max(route completion * penalty, 0). Events with a coefficient are those of 2.0.

Source: `carla-simulator/leaderboard`, branch `leaderboard-2.1`,
`leaderboard/utils/statistics_manager.py`, the only file that differs from 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.agents.evaluation.metrics.offences import Offences

VERSION = "2.1"
COEFFICIENTS: Mapping[str, float] = {
    "collisions_pedestrian": 1.00,
    "collisions_vehicle": 0.70,
    "collisions_layout": 0.60,
    "red_light": 0.40,
    "stop_infraction": 0.25,
    "scenario_timeouts": 0.40,
    "yield_emergency_vehicle_infractions": 0.40,
}
MIN_SPEED_COEFFICIENT = 0.40  # at 0 % of the traffic's speed


def penalty(offences: Offences) -> float:
    """Penalty in [0, 1]."""
    total = sum(c * offences.counts.get(name, 0) for name, c in COEFFICIENTS.items())
    total += sum(MIN_SPEED_COEFFICIENT * (1.0 - p / 100.0) for p in offences.min_speed_percents)
    return (1.0 - offences.outside_percent / 100.0) / (1.0 + total)
