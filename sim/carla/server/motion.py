"""The kernels that move what clients have spawned, for any number of rows and any step.

Vehicles are those of `sim.world.ego`: pedals and wheel with lags, a bicycle, a friction ellipse,
and a skid after a touch; here with gravity, hand brake, neutral and the velocities that clients
set. Walkers go where their control points.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.angles import advance_phase, wrap_angle
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.bicycle import (
    GAIN,
    GRIP,
    L_REAR,
    MASS,
    PEDAL_LAG,
    STEER_LAG,
    accel_to_pedal,
    full_brake,
    pedal_to_accel,
    steer_to_bend,
)
from roadworthy.sim.physics.tyres import GRAVITY, SLIDING, grip_share, slowed
from roadworthy.sim.road.network import Point
from roadworthy.sim.traffic.motion import WHEEL_RADIUS
from roadworthy.sim.world.columns import Actor, Kind
from roadworthy.sim.world.ego import DRIVE_GRIP, SPIN_BRAKE, TOP_REVERSE

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

X, Y, Z, YAW, PITCH, SPEED, ACCEL, YAW_RATE = (int(c) for c in list(Actor)[:8])
LENGTH, KIND, ALIVE, PHASE, SLIDE_X, SLIDE_Y, A_MASS, A_STEER, A_BRAKE = (
    int(Actor.LENGTH),
    int(Actor.KIND),
    int(Actor.ALIVE),
    int(Actor.PHASE),
    int(Actor.SLIDE_X),
    int(Actor.SLIDE_Y),
    int(Actor.MASS),
    int(Actor.STEER),
    int(Actor.BRAKE),
)
WALKER, PROP = int(Kind.WALKER), int(Kind.PROP)
P_X, P_Y, P_Z, P_YAW, P_PITCH = (
    int(Point.X),
    int(Point.Y),
    int(Point.Z),
    int(Point.YAW),
    int(Point.PITCH),
)
(
    THROTTLE, STEER, BRAKE, HAND_BRAKE, REVERSE, MANUAL, GEAR, PEDAL_ACTUAL, STEER_ACTUAL,
    SIMULATE, FALLS, COLLIDE, VZ, SPIN, ROLL, FX, FY, FZ, TZ, CONSTANT, CX, CY, CZ, OLD_VX,
    OLD_VY, OLD_VZ, AX, AY, AZ, PROFILE, WALK_X, WALK_Y, WALK_Z, WALK_SPEED, JUMP, GROUND, LIMIT,
    LIGHT, ACKERMANN, ACK_STEER, ACK_STEER_SPEED, ACK_SPEED, ACK_ACCEL, M_MASS, LIMIT_SEEN,
    TYRES, HOLD, STEER_SHARE,
) = (int(c) for c in Motor)  # fmt: skip
ABOVE = 1.5  # [m] a road that is this far above a body is another level
OFF_GROUND = 0.05  # [m] wheels above this have no hold
JUMP_SPEED = 4.2  # [m/s] CARLA: UE's JumpZVelocity of 420 cm/s
ACKERMANN_TIME = 0.3  # [s] in which the wanted speed is approached
STAND = 0.02  # [m/s]
LOCKED = 0.2  # [m/s] below it, wheels that brake stand still


class Ground(NamedTuple):
    """The roads below, from RoadNetwork."""

    points: FloatArray  # [P, Point]
    point_lane: IntArray
    lane_limit: FloatArray  # [L] m/s
    cell: float
    origin: FloatArray
    shape: IntArray
    start: IntArray
    point: IntArray


class Profiles(NamedTuple):
    """Vehicle profiles by number, see `sim.physics.profile`."""

    tables: FloatArray  # [N, N_SPEEDS, N_PEDALS]
    geometry: FloatArray  # [N, 7]


@kernel
def road_point(x: float, y: float, z: float, ground: Ground) -> int:
    """Row of the nearest point of a driving lane that is not above (x, y, z); -1: none is near."""
    column = math.floor((x - ground.origin[0]) / ground.cell)
    line = math.floor((y - ground.origin[1]) / ground.cell)
    best, nearest = -1, math.inf
    if not (-1 <= column <= ground.shape[0] and -1 <= line <= ground.shape[1]):
        return best
    for r in range(max(line - 1, 0), min(line + 2, ground.shape[1])):
        for c in range(max(column - 1, 0), min(column + 2, ground.shape[0])):
            cell = r * ground.shape[0] + c
            for k in range(ground.start[cell], ground.start[cell + 1]):
                p = ground.point[k]
                dx, dy = ground.points[p, P_X] - x, ground.points[p, P_Y] - y
                square = dx * dx + dy * dy
                if square < nearest and ground.points[p, P_Z] < z + ABOVE:
                    best, nearest = p, square
    return best


@kernel
def find_ground(x: float, y: float, z: float, yaw: float, ground: Ground) -> tuple[float, float]:
    """Height [m] and pitch [rad] of the road below; nan where there is none."""
    at = road_point(x, y, z, ground)
    if at < 0:
        return math.nan, 0.0
    point = ground.points[at]
    ahead = (x - point[P_X]) * math.cos(point[P_YAW]) + (y - point[P_Y]) * math.sin(point[P_YAW])
    pitch = np.float64(point[P_PITCH])
    return point[P_Z] + math.tan(pitch) * ahead, pitch * math.cos(yaw - point[P_YAW])


@kernel
def _settle(me: FloatArray, motor: FloatArray, dt: float, ground: Ground) -> None:
    """Let a body fall onto the ground, or follow it; z is that of its foot.

    What rolls keeps the direction that the road gave it: downhill it follows the road, and leaves
    it only where the road falls away faster than gravity pulls.
    """
    me[Z] += math.sin(me[PITCH]) * me[SPEED] * dt
    at = road_point(me[X], me[Y], me[Z], ground)
    pitch = 0.0
    if at >= 0:
        point = ground.points[at]
        c, s = math.cos(point[P_YAW]), math.sin(point[P_YAW])
        ahead = (me[X] - point[P_X]) * c + (me[Y] - point[P_Y]) * s
        motor[GROUND] = point[P_Z] + math.tan(point[P_PITCH]) * ahead
        pitch = point[P_PITCH] * math.cos(me[YAW] - point[P_YAW])
        motor[LIMIT] = 3.6 * ground.lane_limit[ground.point_lane[at]]
    height = me[Z] - motor[GROUND]
    if motor[FALLS] > 0.0 and height > OFF_GROUND:
        motor[VZ] -= GRAVITY * dt
    elif motor[VZ] < 0.0:
        motor[VZ] = 0.0
    me[Z] += motor[VZ] * dt
    height = me[Z] - motor[GROUND]
    if height < OFF_GROUND and motor[VZ] <= 0.0 and motor[FALLS] > 0.0:
        me[Z], motor[VZ] = motor[GROUND], 0.0
        me[PITCH] = pitch
        motor[ROLL] = 0.0


@kernel
def _steer_ackermann(
    me: FloatArray, motor: FloatArray, table: FloatArray, geometry: FloatArray, dt: float
) -> tuple[float, float, float]:
    """Pedal, steer and gear that follow an Ackermann command."""
    wanted = np.float64(motor[ACK_SPEED])
    gear = -1.0 if wanted < 0.0 else 1.0
    accel = (abs(wanted) - gear * me[SPEED]) / ACKERMANN_TIME
    if motor[ACK_ACCEL] > 0.0:
        accel = min(max(accel, -motor[ACK_ACCEL]), motor[ACK_ACCEL])
    pedal = accel_to_pedal(table, me[SPEED], accel)
    if wanted == 0.0 and abs(me[SPEED]) < 0.5:
        pedal = -1.0
    steer = min(max(motor[ACK_STEER] / geometry[GAIN], -1.0), 1.0)
    if motor[ACK_STEER_SPEED] > 0.0:
        step = motor[ACK_STEER_SPEED] / geometry[GAIN] * dt
        steer = min(max(steer, motor[STEER_ACTUAL] - step), motor[STEER_ACTUAL] + step)
    return pedal, steer, gear


@kernel
def _drive(
    me: FloatArray, motor: FloatArray, table: FloatArray, geometry: FloatArray, friction: float,
    dt: float,
) -> None:  # fmt: skip
    """Move a vehicle on its wheels by one step; see `sim.world.ego.drive`."""
    speed = np.float64(me[SPEED])
    gear = -1.0 if motor[REVERSE] > 0.0 or (motor[MANUAL] > 0.0 and motor[GEAR] < 0.0) else 1.0
    if motor[ACKERMANN] > 0.0:
        pedal, steer, gear = _steer_ackermann(me, motor, table, geometry, dt)
    else:
        steer = np.float64(motor[STEER] * motor[STEER_SHARE])
        pedal = np.float64(motor[THROTTLE])
        if motor[MANUAL] > 0.0 and motor[GEAR] == 0.0:
            pedal = 0.0
        stop = 1.0 if motor[HAND_BRAKE] > 0.0 else np.float64(motor[BRAKE])
        if stop > 0.0:
            pedal = -stop
    motor[PEDAL_ACTUAL] += (pedal - motor[PEDAL_ACTUAL]) * dt / (geometry[PEDAL_LAG] + dt)
    motor[STEER_ACTUAL] += (steer - motor[STEER_ACTUAL]) * dt / (geometry[STEER_LAG] + dt)
    held = me[Z] - motor[GROUND] <= OFF_GROUND
    heading = gear if speed == 0.0 else (1.0 if speed > 0.0 else -1.0)
    climb = GRAVITY * math.sin(me[PITCH]) if held else 0.0
    load = geometry[MASS] / me[A_MASS]
    along = pedal_to_accel(table, speed, motor[PEDAL_ACTUAL]) * load
    accel = along * heading
    if heading != gear and motor[PEDAL_ACTUAL] > 0.0:
        coast = pedal_to_accel(table, speed, 0.0) * load
        along = along - coast
        accel = along * gear + coast * heading
    bend = steer_to_bend(geometry, motor[STEER_ACTUAL])
    mean = speed + 0.5 * accel * dt
    hold = DRIVE_GRIP if accel * heading >= 0.0 else full_brake(table, speed)
    share = grip_share(accel, mean * mean * bend, friction * hold, friction * geometry[GRIP])
    if not held:
        accel, share, along = 0.0, 0.0, 0.0
    accel = accel * share - climb
    after = speed + accel * dt
    if held and along <= 0.0 and after * heading < 0.0:
        after = 0.0
    if held and speed == 0.0 and motor[PEDAL_ACTUAL] < 0.01:
        after = 0.0
    held_fast = -motor[PEDAL_ACTUAL] * SLIDING * GRAVITY * friction >= abs(climb)
    if held and held_fast and abs(after) < LOCKED:  # the fit's brakes hold nobody on a hill
        after = 0.0 if motor[PEDAL_ACTUAL] < 0.0 else after
    after = max(after, -TOP_REVERSE)
    if motor[CONSTANT] > 0.0:
        after = np.float64(motor[CX])
        sine, cosine = math.sin(me[YAW]), math.cos(me[YAW])
        me[SLIDE_X], me[SLIDE_Y] = -motor[CY] * sine, motor[CY] * cosine
        mean = after
    mean, bend = 0.5 * (speed + after), bend * share
    slip_sine = bend * geometry[L_REAR]
    slip_cosine = math.sqrt(max(1.0 - slip_sine * slip_sine, 0.0))
    cosine, sine = math.cos(me[YAW]), math.sin(me[YAW])
    me[X] += (mean * (cosine * slip_cosine - sine * slip_sine) + me[SLIDE_X]) * dt
    me[Y] += (mean * (sine * slip_cosine + cosine * slip_sine) + me[SLIDE_Y]) * dt
    me[YAW] = wrap_angle(me[YAW] + (mean * bend + motor[SPIN]) * dt)
    me[ACCEL], me[SPEED], me[YAW_RATE] = (after - speed) / dt, after, mean * bend + motor[SPIN]
    me[A_BRAKE] = 1.0 if motor[PEDAL_ACTUAL] < -0.02 else 0.0
    me[PHASE] = advance_phase(me[PHASE], mean * dt / WHEEL_RADIUS)
    me[A_STEER] = geometry[GAIN] * motor[STEER_ACTUAL]
    if held:
        _rub(me, motor, friction, dt)


@kernel
def _rub(me: FloatArray, motor: FloatArray, friction: float, dt: float) -> None:
    """Let tyres or the body's foot take a slide and a spin away."""
    if me[SLIDE_X] == 0.0 and me[SLIDE_Y] == 0.0 and motor[SPIN] == 0.0:
        return
    slide = math.sqrt(me[SLIDE_X] * me[SLIDE_X] + me[SLIDE_Y] * me[SLIDE_Y])
    left = slowed(slide, SLIDING * GRAVITY * friction * dt)
    share = left / slide if slide > STAND else 0.0
    me[SLIDE_X] *= share
    me[SLIDE_Y] *= share
    spin = slowed(motor[SPIN], SPIN_BRAKE / max(me[LENGTH], 0.5) * friction * dt)
    motor[SPIN] = 0.0 if abs(spin) < STAND else spin


@kernel
def _walk(me: FloatArray, motor: FloatArray, dt: float) -> None:
    """Let a walker go where its control points; its legs keep its step."""
    speed = np.float64(motor[WALK_SPEED])
    size = math.hypot(motor[WALK_X], motor[WALK_Y])
    if speed != 0.0 and size > 1e-3:
        me[YAW] = math.atan2(motor[WALK_Y], motor[WALK_X])
        me[SPEED] = speed * min(size, 1.0)
    else:
        me[SPEED] = 0.0
    if motor[JUMP] > 0.0:
        motor[JUMP] = 0.0
        if me[Z] - motor[GROUND] <= OFF_GROUND:
            motor[VZ] = JUMP_SPEED
    me[X] += (me[SPEED] * math.cos(me[YAW]) + me[SLIDE_X]) * dt
    me[Y] += (me[SPEED] * math.sin(me[YAW]) + me[SLIDE_Y]) * dt
    me[PHASE] = advance_phase(me[PHASE], 2.0 * math.pi * me[SPEED] * dt / 1.4)
    _rub(me, motor, 1.0, dt)


@kernel
def _slide(me: FloatArray, motor: FloatArray, dt: float) -> None:
    """Let a thing slide until friction stops it."""
    me[X] += me[SLIDE_X] * dt
    me[Y] += me[SLIDE_Y] * dt
    me[YAW] = wrap_angle(me[YAW] + motor[SPIN] * dt)
    me[SPEED], me[YAW_RATE] = 0.0, motor[SPIN]
    _rub(me, motor, 1.0, dt)


@kernel
def _push(me: FloatArray, motor: FloatArray, dt: float) -> None:
    """Take in the forces of this step."""
    per_mass = dt / me[A_MASS]
    dx, dy = motor[FX] * per_mass, motor[FY] * per_mass
    me[SLIDE_X] += dx
    me[SLIDE_Y] += dy
    motor[VZ] += motor[FZ] * per_mass
    motor[SPIN] += motor[TZ] * per_mass * 12.0 / max(me[LENGTH] * me[LENGTH], 0.1)


@kernel
def move_all(
    actors: FloatArray, motors: FloatArray, profiles: Profiles, ground: Ground, friction: float,
    dt: float,
) -> None:  # fmt: skip
    """Move all rows by one step of dt [s]."""
    for a in range(len(actors)):
        me, motor = actors[a], motors[a]
        if me[ALIVE] == 0.0:
            continue
        if motor[SIMULATE] == 0.0:
            if me[KIND] == WALKER:  # led by the client's crowd: only the legs are ours
                me[PHASE] = advance_phase(me[PHASE], 2.0 * math.pi * me[SPEED] * dt / 1.4)
            continue
        if motor[FX] != 0.0 or motor[FY] != 0.0 or motor[FZ] != 0.0 or motor[TZ] != 0.0:
            _push(me, motor, dt)
        if me[KIND] == WALKER:
            _walk(me, motor, dt)
        elif me[KIND] == PROP:
            _slide(me, motor, dt)
        else:
            profile, hold = int(motor[PROFILE]), friction * motor[HOLD]
            _drive(me, motor, profiles.tables[profile], profiles.geometry[profile], hold, dt)
        _settle(me, motor, dt, ground)
        if motor[CONSTANT] > 0.0 and motor[CZ] != 0.0:
            motor[VZ] = motor[CZ]


@kernel
def end_tick(actors: FloatArray, motors: FloatArray, dt: float) -> None:
    """Note accelerations over ground, and forget the forces."""
    for a in range(len(actors)):
        me, motor = actors[a], motors[a]
        if me[ALIVE] == 0.0:
            continue
        c, s = math.cos(me[YAW]), math.sin(me[YAW])
        level = math.cos(me[PITCH]) * me[SPEED]
        vx, vy = level * c + me[SLIDE_X], level * s + me[SLIDE_Y]
        vz = math.sin(me[PITCH]) * me[SPEED] + motor[VZ]
        motor[AX], motor[AY] = (vx - motor[OLD_VX]) / dt, (vy - motor[OLD_VY]) / dt
        motor[AZ] = (vz - motor[OLD_VZ]) / dt
        motor[OLD_VX], motor[OLD_VY], motor[OLD_VZ] = vx, vy, vz
        motor[FX], motor[FY], motor[FZ], motor[TZ] = 0.0, 0.0, 0.0, 0.0
        if motor[MANUAL] == 0.0:
            motor[GEAR] = -1.0 if motor[REVERSE] > 0.0 else 1.0 + min(abs(me[SPEED]) // 8.0, 5.0)
