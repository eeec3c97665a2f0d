"""What a driving score is made of, by the names of the leaderboard's result file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from roadworthy.sim.errors import SettingsError

# Infractions in the order of the leaderboard's result file.
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
