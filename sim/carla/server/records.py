"""The state of all actors as clients read it: one packed record each, 119 bytes.

Source: CARLA_PROTOCOL notes; LibCarla, sensor/data/ActorDynamicState.h. The last 54 bytes are a
union by type of actor, so fields overlap here.
"""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.inertial import level_motion
from roadworthy.sim.world.columns import Actor

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

SIZE = 119
_FIELDS = {
    "id": ("<u4", 0),
    "state": ("u1", 4),
    "motion": (("<f4", (15,)), 5),  # place, rotation, velocity, angular velocity, acceleration
    # Vehicles.
    "pedals": (("<f4", (3,)), 65),  # throttle, steer, brake
    "switches": (("u1", (3,)), 77),  # hand_brake, reverse, manual_gear_shift
    "gear": ("<i4", 80),
    "limit": ("<f4", 84),  # [km/h]
    "at_state": ("u1", 88),
    "at_light": ("u1", 89),
    "light_id": ("<u4", 90),
    "failure": ("u1", 94),
    # Walkers.
    "walk": (("<f4", (4,)), 65),  # direction, speed
    # Traffic lights and signs.
    "sign": ("S32", 65),
    "times": (("<f4", (4,)), 97),  # green, yellow, red, elapsed
    "pole": ("<u4", 113),
    "frozen": ("u1", 117),
    "light": ("u1", 118),
}
RECORD = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [kind for kind, _ in _FIELDS.values()],
        "offsets": [offset for _, offset in _FIELDS.values()],
        "itemsize": SIZE,
    }
)
EPISODE_STATE = 17  # sensor_type of the state; 16 in CARLA 0.9.15
_HEADER = struct.Struct("<QQd6fQdf3iI")
ACTIVE = 1
MOTION = 15
LIGHT_RED, LIGHT_GREEN = 0, 2
DEG = 180.0 / math.pi

X, Y, Z, PITCH, SPEED, YAW_RATE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.PITCH),
    int(Actor.SPEED),
    int(Actor.YAW_RATE),
)
VZ, ROLL, AX, AY, AZ = (
    int(Motor.VZ),
    int(Motor.ROLL),
    int(Motor.AX),
    int(Motor.AY),
    int(Motor.AZ),
)


def state_header(
    frame: int, time: float, episode: int, platform: float, delta: float, flags: int
) -> bytes:
    """What the message of a frame begins with; records follow."""
    none = (0.0,) * 6
    return _HEADER.pack(EPISODE_STATE, frame, time, *none, episode, platform, delta, 0, 0, 0, flags)


@kernel
def export_bodies(
    rows: IntArray, slots: IntArray, lifts: FloatArray, actors: FloatArray, motors: FloatArray,
    motion: FloatArray,
) -> None:  # fmt: skip
    """Write the bodies' motion [slot, MOTION] in CARLA's units; `lifts` is from foot to origin."""
    for i in range(len(rows)):
        me, motor, out = actors[rows[i]], motors[rows[i]], motion[slots[i]]
        out[0], out[1], out[2] = me[X], me[Y], me[Z] + lifts[i]
        out[3], out[5] = me[PITCH] * DEG, motor[ROLL] * DEG
        out[4], out[6], out[7] = level_motion(me)
        out[8] = math.sin(me[PITCH]) * me[SPEED] + motor[VZ]
        out[9], out[10], out[11] = 0.0, 0.0, me[YAW_RATE] * DEG
        out[12], out[13], out[14] = motor[AX], motor[AY], motor[AZ]


@kernel
def _axes(pitch: float, yaw: float, roll: float, out: FloatArray) -> None:
    """Forward, right and up [3, 3] of a rotation in degrees (Unreal's order)."""
    p, y, r = pitch / DEG, yaw / DEG, roll / DEG
    cp, sp, cy, sy, cr, sr = (
        math.cos(p), math.sin(p), math.cos(y), math.sin(y), math.cos(r), math.sin(r),
    )  # fmt: skip
    out[0, 0], out[0, 1], out[0, 2] = cp * cy, cp * sy, sp
    out[1, 0], out[1, 1], out[1, 2] = cy * sp * sr - sy * cr, sy * sp * sr + cy * cr, -cp * sr
    out[2, 0], out[2, 1], out[2, 2] = -cy * sp * cr - sy * sr, -sy * sp * cr + cy * sr, cp * cr


@kernel
def attach_all(
    slots: IntArray, parents: IntArray, relative: FloatArray, rigid: NDArray[np.bool_],
    motion: FloatArray, scratch: FloatArray,
) -> None:  # fmt: skip
    """Carry along what is attached; parents come before their children.

    Args:
        slots: of the attached actors.
        parents: slots of who carries them.
        relative: [N, 6] poses in the parents' axes [m, degrees].
        rigid: [N] False: a spring arm, which keeps level.
        motion: [slot, MOTION].
        scratch: [2, 3, 3].
    """
    for i in range(len(slots)):
        up, out, mine = motion[parents[i]], motion[slots[i]], relative[i]
        pitch, roll = (up[3], up[5]) if rigid[i] else (np.float32(0.0), np.float32(0.0))
        _axes(pitch, up[4], roll, scratch[0])
        _axes(mine[3], mine[4], mine[5], scratch[1])
        body, turned = scratch[0], scratch[1]
        for k in range(3):
            out[k] = up[k] + mine[0] * body[0, k] + mine[1] * body[1, k] + mine[2] * body[2, k]
        # Forward, and the third components of right and up, tell the angles.
        fx = turned[0, 0] * body[0, 0] + turned[0, 1] * body[1, 0] + turned[0, 2] * body[2, 0]
        fy = turned[0, 0] * body[0, 1] + turned[0, 1] * body[1, 1] + turned[0, 2] * body[2, 1]
        fz = turned[0, 0] * body[0, 2] + turned[0, 1] * body[1, 2] + turned[0, 2] * body[2, 2]
        rz = turned[1, 0] * body[0, 2] + turned[1, 1] * body[1, 2] + turned[1, 2] * body[2, 2]
        uz = turned[2, 0] * body[0, 2] + turned[2, 1] * body[1, 2] + turned[2, 2] * body[2, 2]
        out[3] = math.asin(min(max(fz, -1.0), 1.0)) * DEG
        out[4] = math.atan2(fy, fx) * DEG
        out[5] = math.atan2(-rz, uz) * DEG
        for k in range(6, MOTION):
            out[k] = up[k]
