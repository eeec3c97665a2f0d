"""Settings of a world: traffic, rules and limits."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.weather import Weather


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What a world contains and when a drive ends."""

    vehicles: int = 20  # traffic vehicles kept around the ego
    walkers: int = 8  # walkers kept around the ego
    guests: int = 0  # slots for actors that somebody outside places, see guests.py
    tick: float = 0.05  # [s] of one physics step
    spawn_near: float = 25.0  # [m] no vehicle appears nearer to the ego
    spawn_far: float = 130.0  # [m] nor farther; beyond 1.25 times this it is moved
    green_time: float = 10.0  # [s] of each phase of a light
    yellow_time: float = 3.0  # [s]
    all_red_time: float = 2.0  # [s]
    light_spread: float = 0.2  # share by which each group's green and all-red may be off
    # Shares of the drivers and walkers who are careless (see columns.Flaw); 0 turns it off.
    late_brake_share: float = 0.05
    no_look_share: float = 0.02
    red_runner_share: float = 0.01
    tailgate_share: float = 0.03
    jaywalk_share: float = 0.05
    deviation: float = 30.0  # [m] from the route; ends the drive (leaderboard InRouteTest)
    blocked_time: float = 180.0  # [s] below 0.1 m/s (leaderboard ActorBlockedTest)
    # Leaderboard RouteTimeoutBehavior: base + length / (0.1 * speed limit).
    timeout_base: float = 300.0  # [s]
    timeout_speed_share: float = 0.1  # of the speed limit; 0 turns the limit off
    weather: Weather = field(default_factory=Weather)

    def validate(self) -> WorldSettings:
        """Return self.

        Raises:
            SettingsError: a number makes no world.
        """
        for name in ("vehicles", "walkers", "guests"):
            count = getattr(self, name)
            if not isinstance(count, int | np.integer) or not 0 <= count <= 1000:
                raise SettingsError(f"{name} is {count!r}; it must be a whole number in 0..1000")
        for name in ("green_time", "yellow_time", "all_red_time", "blocked_time", "timeout_base"):
            if not 0.0 <= getattr(self, name) <= 1e9:
                raise SettingsError(f"{name} is {getattr(self, name)} s; it must be in 0..1e9")
        if self.green_time + self.yellow_time + self.all_red_time < 1.0:
            raise SettingsError("the phases of the lights add up to less than 1 s")
        if not 0.0 <= self.timeout_speed_share <= 10.0 or not 0.0 < self.deviation <= 1e9:
            raise SettingsError(
                f"timeout_speed_share {self.timeout_speed_share} must be in 0..10 and "
                f"deviation {self.deviation} m above 0"
            )
        for name in (
            "late_brake_share",
            "no_look_share",
            "red_runner_share",
            "tailgate_share",
            "jaywalk_share",
        ):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be in 0..1")
        if not 0.0 <= self.light_spread <= 0.9:
            raise SettingsError(f"light_spread is {self.light_spread}; it must be in 0..0.9")
        if not 0.001 <= self.tick <= 0.2:
            raise SettingsError(f"tick is {self.tick} s; it must be in 0.001..0.2")
        if not 0.0 <= self.spawn_near < self.spawn_far <= 1e4:
            raise SettingsError(
                f"spawn_near {self.spawn_near} m must be below spawn_far {self.spawn_far} m, "
                "and that at most 10 km"
            )
        self.weather.validate()
        return self
