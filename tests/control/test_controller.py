from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.control.controller import Controller, ControllerSettings
from roadworthy.control.lateral import LateralSettings
from roadworthy.control.longitudinal import Longitudinal, LongitudinalSettings
from roadworthy.planning.plan import Plan
from roadworthy.sim.errors import SettingsError

numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)


def plan(acceleration: float, curvature: float = 0.0) -> Plan:
    return Plan(acceleration, curvature, np.zeros((0, 2), np.float32))


def towards(speed: float, now: float) -> Plan:
    """The plan of a driver who wants `speed`."""
    return plan(min(max(1.5 * (speed - now), -4.0), 2.0))


def test_it_reaches_8_m_per_s_without_overshoot_beyond_a_tenth(
    controller: Controller, car: Any
) -> None:
    speeds = []
    for _ in range(150):
        car.drive(controller, towards(8.0, car.speed))
        speeds.append(car.speed)
    assert abs(speeds[-1] - 8.0) < 0.1
    assert max(speeds) < 8.8
    assert np.argmax(np.array(speeds) > 7.2) < 80  # 90 % within 8 s


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.25])
def test_a_constant_wish_is_met_by_a_vehicle_that_is_not_as_the_profile_says(
    controller: Controller, car: Any, gain: float
) -> None:
    car.pedal_gain = gain
    car.speed = 5.0
    accels = []
    for _ in range(60):
        car.drive(controller, plan(1.0))
        accels.append(car.accel)
    assert np.mean(accels[30:]) == pytest.approx(1.0, abs=0.12)


def test_it_stops_before_a_line_and_then_holds(controller: Controller, car: Any) -> None:
    car.speed, position, line = 10.0, 0.0, 40.0
    for _ in range(200):
        gap = line - position
        wish = plan(-(car.speed**2) / (2.0 * max(gap, 0.3)) if gap < 35.0 else 0.0)
        control = car.drive(controller, wish)
        position += car.speed * 0.1
    assert car.speed == 0.0
    assert abs(position - line) < 1.0
    assert control.brake >= 0.3
    assert control.throttle == 0.0


@pytest.mark.parametrize("gain", [0.8, 1.0, 1.25])
@pytest.mark.parametrize("curvature", [-0.08, 0.04])
def test_it_drives_a_constant_curvature(
    controller: Controller, car: Any, curvature: float, gain: float
) -> None:
    car.steer_gain, car.speed = gain, 6.0
    driven = []
    for _ in range(80):
        wish = plan(1.0 * (6.0 - car.speed), curvature)
        car.drive(controller, wish)
        driven.append(car.curvature)
    assert np.mean(driven[50:]) == pytest.approx(curvature, rel=0.05)
    assert np.max(np.abs(driven)) < abs(curvature) * 1.35


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(numbers, numbers, numbers, numbers, numbers), min_size=1, max_size=8))
def test_whatever_comes_in_a_valid_control_comes_out(
    rows: list[tuple[float, float, float, float, float]],
) -> None:
    controller = Controller(
        lambda speed, accel, curvature: (max(accel, 0.0) / 5, max(-accel, 0.0) / 5, curvature * 5)
    )
    for accel, curvature, speed, measured, driven in rows:
        control = controller.step(plan(accel, curvature), speed, measured, driven).validate()
        assert control.throttle == 0.0 or control.brake == 0.0


def test_a_plan_that_is_no_number_brakes_and_keeps_the_wheel(controller: Controller) -> None:
    for _ in range(10):
        before = controller.step(plan(1.0, 0.05), 5.0, 0.0, 0.05)
    after = controller.step(plan(math.nan, math.nan), 5.0, 0.0, 0.05)
    assert after.brake >= 0.5
    assert after.steer == before.steer != 0.0


def test_an_emergency_is_braked_without_delay_and_comfort_is_not(controller: Controller) -> None:
    hard = controller.step(plan(-8.0), 15.0).brake
    controller.reset()
    soft = controller.step(plan(-3.9), 15.0).brake
    assert hard > soft
    assert hard > 0.6


def test_the_speed_gap_does_not_wind_up_against_a_wall() -> None:
    control = Longitudinal()
    for _ in range(100):
        asked, _ = control.step(2.0, 3.0, 0.0, 0.1)  # wheels blocked: the speed stays
    limits = control.settings
    most = 2.0 + limits.proportional * 2.0 + limits.integral * limits.windup
    assert asked <= most + 1e-6
    back, _ = control.step(-1.0, 3.8, 1.0, 0.1)
    assert back < 0.0


def test_reset_forgets_the_drive_before(controller: Controller) -> None:
    first = controller.step(plan(1.0, 0.02), 4.0, 0.2, 0.0)
    for _ in range(20):
        controller.step(plan(-2.0, -0.1), 7.0, 1.0, 0.05)
    controller.reset()
    assert controller.step(plan(1.0, 0.02), 4.0, 0.2, 0.0) == first


@pytest.mark.parametrize(
    "make",
    [
        lambda: ControllerSettings(period=0.0).validate(),
        lambda: ControllerSettings(hold_brake=1.5).validate(),
        lambda: LongitudinalSettings(highest=-1.0).validate(),
        lambda: LateralSettings(rate=0.0).validate(),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(SettingsError):
        make()
