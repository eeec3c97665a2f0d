"""Vehicles on hills: wheels stay on the road, so brakes and tyres act."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.sim.carla.server.handling import tyre_share
from roadworthy.sim.carla.server.motion import OFF_GROUND, Ground, Profiles, end_tick, move_all
from roadworthy.sim.carla.server.motors import N_MOTOR, Motor
from roadworthy.sim.physics.profile import carla_mkz
from roadworthy.sim.road.network import Point
from roadworthy.sim.world.columns import Actor, Kind

LENGTH = 200.0  # [m] of the road, along x
DT = 0.05


def road(slope: float) -> Ground:
    """A straight road along x that rises by `slope` for each metre."""
    x = np.arange(0.0, LENGTH)
    points = np.zeros((len(x), len(Point)), np.float32)
    points[:, Point.X], points[:, Point.S], points[:, Point.WIDTH] = x, x, 3.5
    points[:, Point.Z], points[:, Point.PITCH] = slope * x, math.atan(slope)
    cells = np.floor(x / 10.0).astype(np.int32)
    start = np.searchsorted(cells, np.arange(int(LENGTH / 10.0) + 1)).astype(np.int32)
    return Ground(
        points, np.zeros(len(x), np.int32), np.array([13.9], np.float32), 10.0,
        np.array([0.0, -5.0], np.float32), np.array([int(LENGTH / 10.0), 1], np.int32), start,
        np.arange(len(x), dtype=np.int32),
    )  # fmt: skip


@pytest.mark.parametrize("slope", [0.0, 0.1, -0.1, 0.37, -0.37])  # Town03's steepest is 0.38
def test_a_car_brakes_to_a_stand_up_and_down_a_hill(slope: float) -> None:
    ground, profile = road(slope), carla_mkz()
    arrays = profile.arrays()
    tables = Profiles(arrays.accel[None], arrays.geometry[None])
    actors = np.zeros((1, len(Actor)), np.float32)
    motors = np.zeros((1, N_MOTOR), np.float32)
    me, motor = actors[0], motors[0]
    me[Actor.ALIVE], me[Actor.KIND], me[Actor.MASS] = 1.0, Kind.CAR, profile.mass
    me[Actor.X], me[Actor.Z], me[Actor.SPEED] = 50.0, slope * 50.0, 12.0
    me[Actor.PITCH], me[Actor.LENGTH] = math.atan(slope), 4.9
    motor[Motor.SIMULATE] = motor[Motor.GRAVITY] = motor[Motor.BRAKE] = 1.0
    motor[[Motor.TYRES, Motor.HOLD, Motor.STEER_SHARE]] = 1.0
    motor[Motor.GROUND] = me[Actor.Z]
    highest = 0.0
    for _ in range(80):
        move_all(actors, motors, tables, ground, 1.0, DT)
        end_tick(actors, motors, DT)
        highest = max(highest, float(me[Actor.Z] - motor[Motor.GROUND]))
    assert highest <= OFF_GROUND  # it never flew
    assert me[Actor.SPEED] == 0.0
    assert 50.0 < me[Actor.X] < 75.0
    assert me[Actor.Z] == pytest.approx(slope * me[Actor.X], abs=0.02)


@pytest.mark.parametrize("friction", [0.0, -1.0, 0.5, 3.5, 1e6])
def test_whatever_friction_a_client_sets_a_car_stays_finite(friction: float) -> None:
    ground, arrays = road(0.1), carla_mkz().arrays()
    tables = Profiles(arrays.accel[None], arrays.geometry[None])
    actors, motors = np.zeros((1, len(Actor)), np.float32), np.zeros((1, N_MOTOR), np.float32)
    me, motor = actors[0], motors[0]
    me[Actor.ALIVE], me[Actor.MASS], me[Actor.LENGTH] = 1.0, 1750.0, 4.9
    me[Actor.X], me[Actor.Z], me[Actor.SPEED] = 50.0, 5.0, 12.0
    motor[Motor.SIMULATE] = motor[Motor.GRAVITY] = motor[Motor.STEER_SHARE] = 1.0
    motor[Motor.GROUND], motor[Motor.STEER] = 5.0, 0.3
    motor[[Motor.TYRES, Motor.HOLD]] = tyre_share(friction)
    for pedal in [Motor.THROTTLE] * 20 + [Motor.BRAKE] * 20:
        motor[[Motor.THROTTLE, Motor.BRAKE]] = 0.0
        motor[pedal] = 1.0
        move_all(actors, motors, tables, ground, 1.0, DT)
        end_tick(actors, motors, DT)
    assert np.isfinite(actors).all()
    assert np.isfinite(motors).all()
