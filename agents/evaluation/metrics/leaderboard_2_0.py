"""The infraction penalty of the CARLA leaderboard 2.0: one factor for each event.

    penalty = (1 - outside / 100) * prod(factor ** count) * prod(1 - 0.3 * (1 - percent / 100))

and driving score = max(route completion * penalty, 0). A route deviation, a blocked vehicle and a
route time-out end the route and have no factor.

Source: `carla-simulator/leaderboard`, branch `leaderboard-2.0`,
`leaderboard/utils/statistics_manager.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from roadworthy.agents.evaluation.metrics.offences import Offences

VERSION = "2.0"
FACTORS: Mapping[str, float] = {
    "collisions_pedestrian": 0.50,
    "collisions_vehicle": 0.60,
    "collisions_layout": 0.65,
    "red_light": 0.70,
    "stop_infraction": 0.80,
    "scenario_timeouts": 0.70,
    "yield_emergency_vehicle_infractions": 0.70,
}
MIN_SPEED_FACTOR = 0.70  # at 0 % of the traffic's speed


def penalty(offences: Offences) -> float:
    """Penalty in [0, 1]."""
    product = 1.0 - offences.outside_percent / 100.0
    for name, factor in FACTORS.items():
        product *= factor ** offences.counts.get(name, 0)
    for percent in offences.min_speed_percents:
        product *= 1.0 - (1.0 - MIN_SPEED_FACTOR) * (1.0 - percent / 100.0)
    return product
