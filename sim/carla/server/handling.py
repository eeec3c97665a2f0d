"""How a vehicle handles, in CARLA's words: physics control, wheels and telemetry.

The numbers are those of our own vehicle profile where it has them (mass, steering, size of the
wheels), and CARLA's defaults elsewhere.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.ledger import Entry
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.values import (
    MalformedError,
    Pose,
    anything,
    flag,
    many,
    pair,
    parts,
    real,
    row,
    vector,
)
from roadworthy.sim.carla.server.vehicles import Model
from roadworthy.sim.physics.profile import N_PEDALS, SPEED_STEP, VehicleProfile
from roadworthy.sim.world.columns import Actor

WHEEL_RADIUS = 35.0  # [cm]
AXLE_SHARE, TRACK_SHARE = 0.6, 0.8  # of length and width, as in sim.physics.kinds
GRAVITY = 9.81
AIR = 1.2  # [kg/m^3]
FRONT_SHARE = 0.85  # of width times height that a car shows to the wind
ROAD_FRICTION = 0.7  # of Unreal's default material
# CARLA's defaults: VehiclePhysicsControl and WheelPhysicsControl.
_TORQUE = [[0.0, 500.0], [5000.0, 500.0]]
_STEERING = [[0.0, 1.0], [10.0, 0.5]]
_GEARS = [[2.85, 0.5, 0.65], [2.02, 0.5, 0.65], [1.35, 0.5, 0.65], [1.0, 0.5, 0.65],
          [0.68, 0.5, 0.65]]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Physics:
    """VehiclePhysicsControl: `fields` in CARLA's order, wheels apart."""

    fields: list[Any]  # 17 elements; those of the wheels have no place
    wheels: list[list[Any]]

    @property
    def mass(self) -> float:
        """Mass [kg]."""
        return float(self.fields[11])

    def wire(self, places: list[list[float]]) -> list[Any]:
        """Write it, with the wheels where they are now [cm]."""
        rows = [[*wheel[:9], place] for wheel, place in zip(self.wheels, places, strict=False)]
        return [*self.fields[:15], rows, self.fields[16]]


def default_physics(model: Model, profile: VehicleProfile) -> Physics:
    """What a vehicle of a model has before anybody changes it."""
    steer = math.degrees(profile.wheel_gain)
    wheels = [
        [3.5, 0.25, steer if front else 0.0, WHEEL_RADIUS, 1500.0, 0.0 if front else 3000.0, 2.0,
         17.0, 1000.0]
        for front in ([True, True, False, False] if model.wheels == 4 else [True, False])
    ]  # fmt: skip
    fields = [
        _TORQUE, 5000.0, 1.0, 0.15, 2.0, 0.35, True, 0.5, 10.0, 4.0, _GEARS, model.mass, 0.3,
        [0.0, 0.0, 0.0], _STEERING, None, True,
    ]  # fmt: skip
    return Physics(fields, wheels)


def tuned(physics: Physics, usual: Physics, profile: VehicleProfile) -> VehicleProfile:
    """What a profile becomes with a physics control.

    What differs from the usual control acts in proportion: the torque curve on the throttle, the
    wheels' brake torque on the brake, the front wheels' largest angle on the steering, and drag as
    the air has it.

    Args:
        physics: as a client set it.
        usual: as the vehicle had it.
        profile: of the vehicle as it was.
    """
    table = profile.accel_table.astype(np.float64)
    coast = table[:, [N_PEDALS // 2]]
    torque, brake = (
        each(physics) / max(each(usual), 1e-6) for each in (_mean_torque, _mean_brake)
    )  # fmt: skip
    pedals = table - coast
    table = coast + np.where(pedals > 0.0, torque, brake) * pedals
    speeds = SPEED_STEP * np.arange(len(table))
    front = FRONT_SHARE * profile.width * profile.height
    more = float(physics.fields[12]) - float(usual.fields[12])
    table -= (0.5 * AIR * front * more / profile.mass * speeds * speeds)[:, None]
    angle = max((float(wheel[2]) for wheel in physics.wheels), default=0.0)
    before = max((float(wheel[2]) for wheel in usual.wheels), default=0.0)
    gain = profile.wheel_gain if angle == before else math.radians(min(max(angle, 0.01), 89.0))
    rising = np.maximum.accumulate(table, axis=1) + 1e-4 * np.arange(N_PEDALS)
    return replace(profile, accel_table=rising.astype(np.float32), wheel_gain=gain)


def _along(curve: list[tuple[float, float]], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """A curve of physics control at some places; 1 where it has no points."""
    if not curve:
        return np.ones(at.shape)
    x, y = np.array(sorted(curve), np.float64).T
    return np.asarray(np.interp(at, x, y), np.float64)


def _mean_torque(physics: Physics) -> float:
    """Mean torque [N m] of the curve up to the highest speed of the engine."""
    rpm = np.linspace(0.0, max(float(physics.fields[1]), 1.0), 101)
    return max(float(_along(physics.fields[0], rpm).mean()), 0.0)


def _mean_brake(physics: Physics) -> float:
    wheels_ = physics.wheels
    return max(sum(float(wheel[4]) for wheel in wheels_) / max(len(wheels_), 1), 0.0)


def steer_share(physics: Physics, usual: Physics, speed: float) -> float:
    """Share of the usual steering that a steering curve leaves at a speed [m/s]."""
    at = np.array([3.6 * abs(speed)])
    now, before = (float(_along(each.fields[14], at)[0]) for each in (physics, usual))
    return min(max(now / max(before, 1e-3), 0.0), 1e3)


def tyre_share(friction: float) -> float:
    """Share of the usual grip that a tyre friction leaves.

    CARLA's usual 3.5 on a road of 0.7 (PhysX's product of both, 2.45) holds more than brakes and
    tyres' stiffness ask for: what is above 1 makes no difference. Some is left in any case: the
    tyres' forces are divided by what they can hold.
    """
    return min(max(ROAD_FRICTION * friction, 1e-3), 1.0)


_read_gear = row(real, real, real)
_read_wheel = row(real, real, real, real, real, real, real, real, real, anything)
_READERS = (
    many(pair, 100), real, real, real, real, real, flag, real, real, real, many(_read_gear, 32),
    real, real, vector, many(pair, 100), many(_read_wheel, 16), flag,
)  # fmt: skip


def read_physics(value: Any) -> Physics:
    """Read a VehiclePhysicsControl."""
    items = parts(value, len(_READERS))
    read = [reader(item) for reader, item in zip(_READERS, items, strict=False)]
    if read[11] < 0.0:
        raise MalformedError(f"mass is {read[11]} kg")
    wheels = [list(wheel) for wheel in read[15]]
    return Physics([*read[:15], None, read[16]], wheels)


def wheels(entry: Entry, pose: Pose) -> list[list[float]]:
    """Where a vehicle's wheels are [cm], world axes: front left, front right, rear left, right."""
    half = entry.box[1]
    x, y = AXLE_SHARE * half[0], TRACK_SHARE * half[1]
    yaw = math.radians(pose.yaw)
    c, s = math.cos(yaw), math.sin(yaw)
    return [
        [100.0 * (pose.x + c * ahead - s * aside), 100.0 * (pose.y + s * ahead + c * aside),
         100.0 * pose.z + WHEEL_RADIUS]
        for ahead, aside in ((x, -y), (x, y), (-x, -y), (-x, y))
    ]  # fmt: skip


def telemetry(me: NDArray[np.float32], motor: NDArray[np.float32], model: Model) -> list[Any]:
    """VehicleTelemetryData of a vehicle."""
    speed = float(me[Actor.SPEED])
    pedal, steer = float(motor[Motor.PEDAL_ACTUAL]), float(motor[Motor.STEER_ACTUAL])
    load = float(me[Actor.MASS]) * GRAVITY / model.wheels
    push = float(me[Actor.MASS] * me[Actor.ACCEL]) / model.wheels
    aside = float(me[Actor.MASS] * me[Actor.SPEED] * me[Actor.YAW_RATE]) / model.wheels
    omega = 100.0 * speed / WHEEL_RADIUS
    wheel = [3.5, 0.0, 0.0, omega, load, 1.0, push * 0.01 * WHEEL_RADIUS, push, aside,
             push / load, aside / load]  # fmt: skip
    revs = 800.0 + 4200.0 * max(pedal, 0.0)
    gear = int(motor[Motor.GEAR])
    return [
        abs(speed), steer, max(pedal, 0.0), max(-pedal, 0.0), revs, gear, 0.3,
        [wheel] * model.wheels,
    ]  # fmt: skip
