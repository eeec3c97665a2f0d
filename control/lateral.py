"""Lateral control: the plan's curvature to a curvature to ask of the vehicle.

The vehicle profile's inverse does the work; an integral of the curvature error takes away what
the profile gets wrong (steering ratio, load, friction). It learns only where curvature can be
measured, that is above walking speed and away from the lock.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from roadworthy.sim.errors import SettingsError


@dataclass(frozen=True, slots=True)
class LateralSettings:
    """Gains and limits."""

    proportional: float = 0.1
    integral: float = 1.2  # [1/s]
    windup: float = 0.03  # [1/m] most that feedback may add
    slowest: float = 2.0  # [m/s] below it yaw rate / speed is mostly noise
    lateral_acceleration: float = 6.0  # [m/s^2] beyond, tyres give up: curvature is cut back
    sharpest: float = 0.25  # [1/m] a turning circle of 8 m
    rate: float = 0.6  # [1/m/s] fastest change of curvature asked for

    def validate(self) -> LateralSettings:
        """Return self.

        Raises:
            SettingsError: a limit is not positive.
        """
        for name in ("windup", "slowest", "lateral_acceleration", "sharpest", "rate"):
            value = getattr(self, name)
            if not value > 0.0:
                raise SettingsError(f"LateralSettings.{name} is {value}; it must be above 0")
        return self


class Lateral:
    """One vehicle's lateral controller."""

    def __init__(self, settings: LateralSettings | None = None) -> None:
        self.settings = (settings or LateralSettings()).validate()
        self._sum = 0.0  # [1/m]
        self._wanted: float | None = None  # [1/m] of the period before

    def reset(self) -> None:
        """Forget the drive so far."""
        self._sum = 0.0
        self._wanted = None

    def step(
        self, wanted: float, speed: float, measured: float, dt: float, *, saturated: bool = False
    ) -> float:
        """Advance by one control period.

        Args:
            wanted: curvature of the plan [1/m], finite, positive to the right.
            speed: measured forward speed [m/s], finite.
            measured: curvature driven now [1/m]; one that is not finite switches feedback off.
            dt: control period [s].
            saturated: the wheel was at its lock in the period before.

        Returns:
            The curvature to ask of the vehicle [1/m].
        """
        limits = self.settings
        most = min(limits.sharpest, limits.lateral_acceleration / max(speed * speed, 1.0))
        wanted = min(max(wanted, -most), most)
        if self._wanted is not None:
            step = limits.rate * dt
            wanted = min(max(wanted, self._wanted - step), self._wanted + step)
        error = 0.0
        if speed > limits.slowest and math.isfinite(measured) and self._wanted is not None:
            # What is driven now answers what was wanted a period ago.
            error = self._wanted - measured
            if not (saturated and error * self._sum > 0.0):
                total = self._sum + limits.integral * error * dt
                self._sum = min(max(total, -limits.windup), limits.windup)
        elif speed <= limits.slowest:
            self._sum = 0.0
        self._wanted = wanted
        feedback = limits.proportional * error + self._sum
        feedback = min(max(feedback, -limits.windup), limits.windup)
        return min(max(wanted + feedback, -most), most)
