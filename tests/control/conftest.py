from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

import pytest

from roadworthy.control.controller import Controller
from roadworthy.planning.plan import Plan
from roadworthy.sim.frame import Control
from roadworthy.sim.physics.bicycle import inverse, pedal_to_accel, steer_to_slip
from roadworthy.sim.physics.profile import ProfileArrays, carla_mkz

TICK = 0.05


@dataclass
class Car:
    """The embedded vehicle by its own tables, with lags; gains of it may be off the profile."""

    speed: float = 0.0
    pedal_gain: float = 1.0
    steer_gain: float = 1.0
    accel: float = 0.0
    pedal: float = 0.0
    steer: float = 0.0
    curvature: float = 0.0
    arrays: ProfileArrays = field(default_factory=lambda: carla_mkz().arrays())

    def tick(self, control: Control) -> None:
        profile = carla_mkz()
        wanted = control.throttle - control.brake
        self.pedal += (wanted - self.pedal) * (1 - math.exp(-TICK / profile.pedal_lag))
        self.steer += (control.steer - self.steer) * (1 - math.exp(-TICK / profile.steer_lag))
        accel = pedal_to_accel(self.arrays.accel, self.speed, self.pedal) * self.pedal_gain
        before = self.speed
        self.speed = max(self.speed + accel * TICK, 0.0)
        self.accel = (self.speed - before) / TICK
        slip = steer_to_slip(self.arrays.geometry, self.steer) * self.steer_gain
        self.curvature = math.sin(slip) / profile.l_rear

    def drive(self, controller: Controller, wish: Plan) -> Control:
        control = controller.step(wish, self.speed, self.accel, self.curvature)
        self.tick(control)
        self.tick(control)
        return control


@pytest.fixture
def controller() -> Controller:
    return Controller(partial(inverse, carla_mkz()))


@pytest.fixture
def car() -> Car:
    return Car()
