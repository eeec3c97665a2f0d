"""Forecast: where others will be in the next seconds, and whether the ego's way meets them.

One world at a time. Others are where the Outlook foresees them, or go straight on at constant
velocity where there is none. The ego follows the corridor's line, shifted by an offset that
changes with distance (`Lateral`), at a speed that its own rules allow. Float64 throughout.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from enum import IntEnum

import numpy as np

from roadworthy.perception.scene import (
    FUTURE_STEP,
    FUTURES,
    MAX_USERS,
    EgoCol,
    User,
    UserClass,
)
from roadworthy.planning.corridor import POINTS, STEP, Line, segment_at
from roadworthy.planning.threats import Relation
from roadworthy.sim.kernel import kernel

DT = 0.3  # [s]
STEPS = 16  # 4.8 s, as far as an Outlook foresees
COLUMNS = 4  # of a forecast place: x, y, cos, sin


class Lateral(IntEnum):
    """How the ego's offset from the line (positive to the right) changes along it."""

    NOW = 0  # [m]
    TARGET = 1  # [m]
    SLOPE = 2  # metres aside for each metre along
    BACK = 3  # [m] along the line, from where it returns to the line
    DELAY = 4  # [m] before a change of offset shows


_NOW, _TARGET, _SLOPE, _BACK, _DELAY = (int(column) for column in Lateral)
_X, _Y, _TX, _TY = int(Line.X), int(Line.Y), int(Line.TX), int(Line.TY)
_UX, _UY, _UC, _US = int(User.X), int(User.Y), int(User.COS), int(User.SIN)
_UVX, _UVY, _UL, _UW, _UCLASS = (
    int(User.VX),
    int(User.VY),
    int(User.LENGTH),
    int(User.WIDTH),
    int(User.CLASS),
)
_WALKER = int(UserClass.WALKER)
_ELEN, _EWID = int(EgoCol.LENGTH), int(EgoCol.WIDTH)
_LAT, _HC = int(Relation.LATERAL), int(Relation.HALF_ACROSS)
# Room kept around others' boxes: [m] at once and [m/s] as the forecast gets less certain.
_SIDE, _SIDE_GROWTH = 0.25, 0.06
_STANDING_SIDE = 0.12  # [m]
_WALKER_SIDE, _WALKER_GROWTH = 0.5, 0.1
_FRONT, _FRONT_TIME = 0.4, 0.15  # [m], [s] of its speed, before and behind


@kernel
def offset_at(lateral, s):
    """Offset [m] from the line when the ego has driven `s` metres along it."""
    ramp = lateral[_SLOPE] * max(min(s, lateral[_BACK]) - lateral[_DELAY], 0.0)
    o = lateral[_NOW] + min(max(lateral[_TARGET] - lateral[_NOW], -ramp), ramp)
    if s > lateral[_BACK]:
        back = lateral[_SLOPE] * (s - lateral[_BACK])
        o -= min(max(o, -back), back)
    return o


@kernel
def foresee_users(users, valid, future, known, places):
    """Write where each user will be after each step.

    Args:
        users: float32 [MAX_USERS, User].
        valid: bool [MAX_USERS].
        future: float32 [MAX_USERS, FUTURES, 2] of an Outlook.
        known: whether `future` is filled.
        places: float64 [MAX_USERS, STEPS, COLUMNS], written where valid.
    """
    for u in range(MAX_USERS):
        if not valid[u]:
            continue
        user, row = users[u], places[u]
        x0, y0 = float(user[_UX]), float(user[_UY])
        c, s = float(user[_UC]), float(user[_US])
        vx, vy = float(user[_UVX]), float(user[_UVY])
        ax, ay, segment = x0, y0, 0
        bx, by = float(future[u, 0, 0]), float(future[u, 0, 1])
        backwards = vx * c + vy * s < 0.0
        for k in range(STEPS):
            t = (k + 1) * DT
            if known:
                while segment < FUTURES - 1 and t > (segment + 1) * FUTURE_STEP + 1e-9:
                    segment += 1
                    ax, ay = bx, by
                    bx, by = float(future[u, segment, 0]), float(future[u, segment, 1])
                f = t / FUTURE_STEP - segment
                row[k, 0], row[k, 1] = ax + f * (bx - ax), ay + f * (by - ay)
                d = np.sqrt((bx - ax) ** 2 + (by - ay) ** 2)
                if d > 0.5 and not backwards and user[_UCLASS] != _WALKER:
                    c, s = (bx - ax) / d, (by - ay) / d
            else:
                row[k, 0], row[k, 1] = x0 + vx * t, y0 + vy * t
            row[k, 2], row[k, 3] = c, s


@kernel
def pose_on(line, lateral, s, pose):
    """Write x, y, cos, sin of the ego when it has driven `s` metres along the shifted line."""
    f = min(max(s / STEP, 0.0), POINTS - 1.001)
    k = segment_at(s)
    t = f - k
    o, ahead = offset_at(lateral, s), offset_at(lateral, s + 1.0)
    tx = line[_TX, k] + t * (line[_TX, k + 1] - line[_TX, k])
    ty = line[_TY, k] + t * (line[_TY, k + 1] - line[_TY, k])
    n = max(np.sqrt(tx * tx + ty * ty), 1e-6)
    tx, ty = tx / n, ty / n
    beyond = max(s - (POINTS - 1) * STEP, 0.0)
    pose[0] = line[_X, k] + t * (line[_X, k + 1] - line[_X, k]) - ty * o + tx * beyond
    pose[1] = line[_Y, k] + t * (line[_Y, k + 1] - line[_Y, k]) + tx * o + ty * beyond
    slope = ahead - o
    n = np.sqrt(1.0 + slope * slope)
    pose[2], pose[3] = (tx - slope * ty) / n, (ty + slope * tx) / n


@kernel
def meets(pose, half_length, half_width, user, place, speed, t):
    """How the ego's box and a user's meet: 0 not at all, 1 with the user behind, 2 otherwise."""
    dx, dy = place[0] - pose[0], place[1] - pose[1]
    ul, uw = 0.5 * user[_UL], 0.5 * user[_UW]
    reach = half_length + ul + 3.0
    if dx * dx + dy * dy > reach * reach:
        return 0
    if speed < 0.3 and user[_UCLASS] != _WALKER:
        uw += _STANDING_SIDE
        ul += _STANDING_SIDE
    elif user[_UCLASS] == _WALKER:
        uw += _WALKER_SIDE + _WALKER_GROWTH * t
        ul += _WALKER_SIDE + _WALKER_GROWTH * t
    else:
        uw += _SIDE + _SIDE_GROWTH * t
        ul += _FRONT + _FRONT_TIME * speed
    # Separating axes of two boxes: those of the ego, then those of the user.
    c = pose[2] * place[2] + pose[3] * place[3]
    s = abs(pose[2] * place[3] - pose[3] * place[2])
    along = pose[2] * dx + pose[3] * dy
    c_abs = abs(c)
    if abs(along) > half_length + c_abs * ul + s * uw:
        return 0
    if abs(pose[2] * dy - pose[3] * dx) > half_width + s * ul + c_abs * uw:
        return 0
    if abs(place[2] * dx + place[3] * dy) > ul + c_abs * half_length + s * half_width:
        return 0
    if abs(place[2] * dy - place[3] * dx) > uw + s * half_length + c_abs * half_width:
        return 0
    # Who follows in our track must mind us; who comes from the side of it may not.
    aside = abs(pose[2] * dy - pose[3] * dx)
    behind = c > 0.7 and along + ul < -0.3 * half_length and aside < half_width
    return 1 if behind else 2
