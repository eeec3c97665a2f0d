"""Longitudinal control: the plan's acceleration to an acceleration to ask of the vehicle.

PI feedback on the acceleration error, in which the integral is not summed up from the noisy
accelerometer: the integral of (wanted - measured) acceleration is the gap between a reference
speed, advanced by what the plan wants, and the measured speed. That gap cannot drift, and
clamping it is the anti-windup.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from roadworthy.sim.errors import SettingsError


@dataclass(frozen=True, slots=True)
class LongitudinalSettings:
    """Gains and limits."""

    proportional: float = 0.15  # on the acceleration error
    integral: float = 0.9  # [1/s] on the speed gap
    windup: float = 0.8  # [m/s] the speed gap is clamped to this
    leak: float = 4.0  # [s] in which the reference speed forgets: plans are not a speed profile
    highest: float = 4.0  # [m/s^2] most that is ever asked for
    lowest: float = -9.0  # [m/s^2]
    hold_speed: float = 0.15  # [m/s] below it a plan that does not ask to go means: stand
    hold_until: float = 0.1  # [m/s^2] a plan must ask for more than this to leave a standstill

    def validate(self) -> LongitudinalSettings:
        """Return self.

        Raises:
            SettingsError: a limit has the wrong sign, or a time is not positive.
        """
        if not (self.highest > 0.0 > self.lowest and self.windup > 0.0 and self.leak > 0.0):
            raise SettingsError(
                "LongitudinalSettings: needs highest > 0 > lowest, windup > 0 and leak > 0; "
                f"got {self.highest}, {self.lowest}, {self.windup}, {self.leak}"
            )
        return self


class Longitudinal:
    """One vehicle's longitudinal controller."""

    def __init__(self, settings: LongitudinalSettings | None = None) -> None:
        self.settings = (settings or LongitudinalSettings()).validate()
        self._reference: float | None = None  # [m/s]

    def reset(self) -> None:
        """Forget the drive so far."""
        self._reference = None

    def step(
        self, wanted: float, speed: float, measured: float, dt: float, *, saturated: bool = False
    ) -> tuple[float, bool]:
        """Advance by one control period.

        Args:
            wanted: acceleration of the plan [m/s^2], finite.
            speed: measured forward speed [m/s], finite.
            measured: measured forward acceleration [m/s^2]; one that is not finite counts as
                what was wanted.
            dt: control period [s].
            saturated: the pedals were at their end in the period before; the reference speed
                then stops running away from the vehicle.

        Returns:
            The acceleration to ask of the vehicle [m/s^2], and whether to hold it at standstill.
        """
        limits = self.settings
        wanted = min(max(wanted, limits.lowest), limits.highest)
        if speed < limits.hold_speed and wanted <= limits.hold_until:
            self.reset()
            return limits.lowest, True
        if not math.isfinite(measured):
            measured = wanted
        reference = speed if self._reference is None else self._reference
        gap = reference - speed
        if saturated and gap * wanted > 0.0:
            gap = 0.0
        gap = min(max(gap, -limits.windup), limits.windup)
        error = min(max(wanted - measured, -2.0), 2.0)
        asked = wanted + limits.proportional * error + limits.integral * gap
        kept = gap * max(0.0, 1.0 - dt / limits.leak)
        self._reference = max(speed + kept + wanted * dt, 0.0)
        return min(max(asked, limits.lowest), limits.highest), False
