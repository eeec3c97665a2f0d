"""Threats: the leader in the corridor and the next user who is about to cross it.

For each road user the kernels find its place in the corridor (Frenet coordinates) and, for those
that do not run along it, when their straight path at constant velocity sweeps over which part of
it. Float64 throughout; one world at a time.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from enum import IntEnum

import numpy as np

from roadworthy.perception.scene import MAX_USERS, EgoCol, User, UserClass
from roadworthy.planning.corridor import PER_STEP, POINTS, STEP, Line, project
from roadworthy.sim.kernel import kernel

FAR = 60.0  # [m] stands for "no gap to keep"
NEVER = 10.0  # [s] stands for "never"
CROSSING_HORIZON = 4.0  # [s] a user who enters the corridor later is not a threat yet
VEHICLE_MARGIN = 0.3  # [m] kept free beside the ego's body
WALKER_MARGIN = 0.7  # [m]


class Relation(IntEnum):
    """Columns of a user's relation to the corridor, float64 [MAX_USERS, Relation]."""

    S = 0  # [m] along the corridor; the ego's centre is at 0
    LATERAL = 1  # [m] right of the line
    V_ALONG = 2  # [m/s] along the line's tangent
    V_ACROSS = 3  # [m/s] to the right of it
    HALF_ALONG = 4  # [m] half the extent along the tangent
    HALF_ACROSS = 5
    IN_CORRIDOR = 6  # 1: overlaps the strip that the ego will sweep, or will within a second
    SWEEP_S = 7  # [m] where its predicted path first meets the strip; FAR where it does not
    T_IN = 8  # [s] until it enters the strip; NEVER
    T_OUT = 9  # [s] until it has left it
    CONFLICT = 10  # 1: it and the ego would be there at the same time
    URGENCY = 11  # [s] for sorting: time until ego and user may meet


class Threat(IntEnum):
    """Entries of the summary of one world, float64 [Threat]."""

    LEADER = 0  # 1 where there is one
    GAP = 1  # [m] bumper to bumper; FAR
    LEADER_SPEED = 2  # [m/s] along the corridor
    LEADER_WALKER = 3  # 1 where the leader is a walker
    CROSSING = 4  # 1 where somebody will cross
    CROSSING_GAP = 5  # [m] ego's front to where the crossing path meets the corridor
    CROSSING_IN = 6  # [s]
    CROSSING_OUT = 7  # [s]
    CROSSING_EGO = 8  # [s] until the ego's front is there if it drives on
    CROSSING_WALKER = 9  # 1 where it is a walker


_UX, _UY, _UC, _US = int(User.X), int(User.Y), int(User.COS), int(User.SIN)
_UVX, _UVY, _UL, _UW = int(User.VX), int(User.VY), int(User.LENGTH), int(User.WIDTH)
_UCLASS, _WALKER = int(User.CLASS), int(UserClass.WALKER)
_SPEED, _ELEN, _EWID = int(EgoCol.SPEED), int(EgoCol.LENGTH), int(EgoCol.WIDTH)
_X, _Y, _TX, _TY, _K = (
    int(Line.X),
    int(Line.Y),
    int(Line.TX),
    int(Line.TY),
    int(Line.CURVATURE),
)
_S, _LAT, _VA, _VC = (
    int(Relation.S),
    int(Relation.LATERAL),
    int(Relation.V_ALONG),
    int(Relation.V_ACROSS),
)
_HA, _HC, _IN = int(Relation.HALF_ALONG), int(Relation.HALF_ACROSS), int(Relation.IN_CORRIDOR)
_SWEEP, _TIN, _TOUT = int(Relation.SWEEP_S), int(Relation.T_IN), int(Relation.T_OUT)
_CONFLICT, _URGENCY = int(Relation.CONFLICT), int(Relation.URGENCY)


@kernel
def arrival(distance, speed):
    """Time [s] until the ego has driven `distance` [m], picking up speed gently (1 m/s^2)."""
    if distance <= 0.0:
        return 0.0
    return np.sqrt(speed * speed + 2.0 * distance) - speed


@kernel
def _sweep(line, user, speed, half_length, half_width, margin, rel):
    """Find where and when a user's straight path sweeps over the corridor; write it to rel."""
    vx, vy = float(user[_UVX]), float(user[_UVY])
    v = np.sqrt(vx * vx + vy * vy)
    slowness = 1.0 / v
    dx, dy = vx * slowness, vy * slowness
    # Half extents of the box along and across its motion.
    c = abs(user[_UC] * dx + user[_US] * dy)
    s = abs(user[_UC] * dy - user[_US] * dx)
    along = 0.5 * (c * user[_UL] + s * user[_UW])
    across = 0.5 * (s * user[_UL] + c * user[_UW])
    reach = half_width + margin
    for k in range(max(int(half_length / STEP), 0) + 1, POINTS):
        px, py = line[_X, k] - user[_UX], line[_Y, k] - user[_UY]
        if abs(px * dy - py * dx) > across + reach:
            continue
        ahead = px * dx + py * dy
        t_out = (ahead + along + reach) * slowness
        t_in = (ahead - along - reach) * slowness
        if t_out < 0.0 or t_in > CROSSING_HORIZON:
            continue
        t_in = max(t_in, 0.0)
        if rel[_SWEEP] >= FAR:
            rel[_SWEEP] = k * STEP
        rel[_TIN] = min(rel[_TIN], t_in)
        rel[_TOUT] = max(rel[_TOUT], t_out)
        ego_in = arrival(k * STEP - half_length - reach, speed)
        ego_out = arrival(k * STEP + half_length + reach, speed)
        if ego_in < t_out + 0.5 and ego_out > t_in - 0.7:
            rel[_CONFLICT] = 1.0


@kernel
def relate(users, valid, ego, line, rel):
    """Write the relation of every user of one world.

    Args:
        users: float32 [MAX_USERS, User].
        valid: bool [MAX_USERS].
        ego: float32 [EgoCol].
        line: float64 [Line, POINTS] of `trace`.
        rel: float64 [MAX_USERS, Relation], written where valid.
    """
    speed = float(ego[_SPEED])
    half_length, half_width = 0.5 * ego[_ELEN], 0.5 * ego[_EWID]
    for u in range(MAX_USERS):
        if not valid[u]:
            continue
        user, r = users[u], rel[u]
        walker = user[_UCLASS] == _WALKER
        margin = WALKER_MARGIN if walker else VEHICLE_MARGIN
        s, lateral, k = project(line, float(user[_UX]), float(user[_UY]))
        tx, ty = line[_TX, k], line[_TY, k]
        if k < POINTS - 1:
            f = min(max(s * PER_STEP - k, 0.0), 1.0)
            tx, ty = (1 - f) * tx + f * line[_TX, k + 1], (1 - f) * ty + f * line[_TY, k + 1]
            scale = 1.0 / max(np.sqrt(tx * tx + ty * ty), 1e-6)
            tx, ty = tx * scale, ty * scale
        cos = user[_UC] * tx + user[_US] * ty
        sin = tx * user[_US] - ty * user[_UC]
        r[_S], r[_LAT] = s, lateral
        r[_VA] = user[_UVX] * tx + user[_UVY] * ty
        r[_VC] = tx * user[_UVY] - ty * user[_UVX]
        r[_HA] = 0.5 * (abs(cos) * user[_UL] + abs(sin) * user[_UW])
        r[_HC] = 0.5 * (abs(sin) * user[_UL] + abs(cos) * user[_UW])
        r[_SWEEP], r[_TIN], r[_TOUT], r[_CONFLICT] = FAR, NEVER, 0.0, 0.0
        # In bends the ego's body sweeps more than its width: (L/2)^2 * curvature / 2.
        strip = half_width + margin + 0.5 * half_length * half_length * abs(line[_K, k]) + r[_HC]
        ahead = s + r[_HA] > 0.3 * half_length and s < FAR + 5.0
        soon = lateral
        parallel = abs(sin) < 0.5 and abs(lateral) < 6.5 and not walker
        if parallel and lateral * r[_VC] < 0.0 and abs(r[_VC]) > 0.4:
            # Somebody changing to our lane: where it will be within a second.
            soon = lateral + min(max(r[_VC], -abs(lateral)), abs(lateral))
        r[_IN] = 1.0 if ahead and min(abs(lateral), abs(soon)) < strip else 0.0
        ux, uy = float(user[_UVX]), float(user[_UVY])
        slow = 0.25 if walker else 0.6
        crosses = ux * ux + uy * uy > slow * slow and not parallel
        # Whoever comes from behind must mind us; braking would not help.
        if crosses and user[_UX] > -(half_length if walker else 0.0):
            _sweep(line, user, speed, half_length, half_width, margin, r)
        closing = speed - r[_VA]
        gap = max(s - r[_HA] - half_length, 0.0)
        if r[_IN] > 0.0:
            r[_URGENCY] = min(gap / max(closing, 0.5), NEVER)
        elif r[_CONFLICT] > 0.0:
            r[_URGENCY] = min(r[_TIN] + 0.5, NEVER)
        else:
            r[_URGENCY] = NEVER


@kernel
def summarise(users, valid, ego, rel, threat):
    """Write the nearest leader and the nearest crossing of one world to `threat`.

    Args:
        users: float32 [MAX_USERS, User].
        valid: bool [MAX_USERS].
        ego: float32 [EgoCol].
        rel: float64 [MAX_USERS, Relation] of `relate`.
        threat: float64 [Threat], written.
    """
    half_length, speed = 0.5 * ego[_ELEN], float(ego[_SPEED])
    threat[:] = 0.0
    threat[1], threat[5], threat[6], threat[7], threat[8] = FAR, FAR, NEVER, NEVER, NEVER
    worst = 1e30
    for u in range(MAX_USERS):
        if not valid[u]:
            continue
        r = rel[u]
        walker = 1.0 if users[u, _UCLASS] == _WALKER else 0.0
        if r[_IN] > 0.0:
            gap = max(r[_S] - r[_HA] - half_length, 0.0)
            # What counts is the gap that will be left at the leader's pace.
            rank = gap + 1.2 * max(r[_VA], 0.0)
            if rank < worst:
                worst = rank
                threat[0], threat[1], threat[2], threat[3] = 1.0, gap, r[_VA], walker
        if r[_CONFLICT] > 0.0:
            gap = max(r[_SWEEP] - half_length - 0.5 * ego[_EWID], 0.0)
            if gap < threat[5]:
                threat[4], threat[5], threat[9] = 1.0, gap, walker
                threat[6], threat[7] = min(r[_TIN], NEVER), min(r[_TOUT], NEVER)
                threat[8] = arrival(gap, speed)
