"""The controller: Plan to Control, by feed-forward through the vehicle's inverse plus feedback."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from roadworthy.control.lateral import Lateral, LateralSettings
from roadworthy.control.longitudinal import Longitudinal, LongitudinalSettings
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.frame import Control

# (speed [m/s], acceleration [m/s^2], curvature [1/m]) -> (throttle, brake, steer)
Inverse = Callable[[float, float, float], tuple[float, float, float]]

FULL = 0.999  # a pedal or wheel beyond this is at its end


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """How hands and feet move."""

    period: float = 0.1  # [s] between two decisions (two ticks)
    longitudinal: LongitudinalSettings = field(default_factory=LongitudinalSettings)
    lateral: LateralSettings = field(default_factory=LateralSettings)
    throttle_rate: float = 4.0  # [1/s] the foot goes down on the throttle this fast
    brake_rate: float = 5.0  # [1/s] on the brake, while nothing is urgent
    urgent: float = -4.0  # [m/s^2] plans below this brake without any rate limit
    deadband: float = 0.03  # pedal travel around zero in which the feet rest
    hold_brake: float = 0.35  # keeps the vehicle still on a slope
    safe_brake: float = 0.5  # when the plan or the speed is no number

    def validate(self) -> ControllerSettings:
        """Return self.

        Raises:
            SettingsError: a rate is not positive or a pedal outside of [0, 1].
        """
        if not (self.period > 0.0 and self.throttle_rate > 0.0 and self.brake_rate > 0.0):
            raise SettingsError("ControllerSettings: period and rates must be above 0")
        for name in ("deadband", "hold_brake", "safe_brake"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SettingsError(f"ControllerSettings.{name} must be in [0, 1]")
        return self


class Controller:
    """Turns the plans of one vehicle into pedals and steering, one call a control period.

    Throttle and brake are never given at once. A plan or a speed that is not finite is answered
    by a steady brake with the wheel where it was, never by an exception: the loop must go on.
    """

    def __init__(self, inverse: Inverse, settings: ControllerSettings | None = None) -> None:
        self.settings = (settings or ControllerSettings()).validate()
        self._inverse = inverse
        self._longitudinal = Longitudinal(self.settings.longitudinal)
        self._lateral = Lateral(self.settings.lateral)
        self._pedal = 0.0  # [-1, 1], negative is brake
        self._steer = 0.0

    def reset(self) -> None:
        """Forget the drive so far."""
        self._longitudinal.reset()
        self._lateral.reset()
        self._pedal = self._steer = 0.0

    def step(
        self,
        plan: Plan,
        speed: float,
        acceleration: float = math.nan,
        curvature: float = math.nan,
    ) -> Control:
        """Decide for one control period.

        Args:
            plan: what the vehicle shall do.
            speed: measured forward speed [m/s].
            acceleration: measured forward acceleration [m/s^2]; nan where unknown.
            curvature: curvature driven now [1/m], yaw rate over speed; nan where unknown.

        Returns:
            A valid Control.
        """
        settings = self.settings
        if not (math.isfinite(plan.acceleration) and math.isfinite(speed)):
            return self._stop_safely()
        wheel = float(plan.curvature)
        straight_on = not math.isfinite(wheel)
        asked, hold = self._longitudinal.step(
            float(plan.acceleration),
            speed,
            acceleration,
            settings.period,
            saturated=abs(self._pedal) >= FULL,
        )
        turn = 0.0
        if not straight_on:
            turn = self._lateral.step(
                wheel, speed, curvature, settings.period, saturated=abs(self._steer) >= FULL
            )
        throttle, brake, steer = self._inverse(max(speed, 0.0), asked, turn)
        if not (math.isfinite(throttle) and math.isfinite(brake) and math.isfinite(steer)):
            return self._stop_safely()
        if not straight_on:
            self._steer = min(max(float(steer), -1.0), 1.0)
        if hold:
            self._pedal = min(self._pedal, -settings.hold_brake)
        else:
            self._move_pedal(float(throttle) - float(brake), plan.acceleration <= settings.urgent)
        return self._control()

    def _move_pedal(self, target: float, urgent: bool) -> None:
        """Move towards the target pedal; releasing a pedal is free, pressing one takes time."""
        settings = self.settings
        target = min(max(target, -1.0), 1.0)
        if abs(target) < settings.deadband:
            target = 0.0
        if target > 0.0:
            target = min(target, max(self._pedal, 0.0) + settings.throttle_rate * settings.period)
        elif target < 0.0 and not urgent:
            target = max(target, min(self._pedal, 0.0) - settings.brake_rate * settings.period)
        self._pedal = target

    def _stop_safely(self) -> Control:
        self._pedal = min(self._pedal, -self.settings.safe_brake)
        self._longitudinal.reset()
        return self._control()

    def _control(self) -> Control:
        return Control(
            throttle=max(self._pedal, 0.0), brake=max(-self._pedal, 0.0), steer=self._steer
        )
