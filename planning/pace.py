"""How fast the expert goes: rules, and a limit of acceleration under which nobody is met.

One world at a time. The ego drives on by the rules in a forecast; where its box would meet
somebody's, the mildest limit of acceleration is taken under which they do not meet.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np

from roadworthy.perception.scene import (
    MAX_USERS,
    ROUTE_DISTANCES,
    EgoCol,
    LightCol,
    RouteCol,
    User,
    UserClass,
)
from roadworthy.planning.corridor import POINTS, STEP, Line, segment_at
from roadworthy.planning.expert_state import Memory
from roadworthy.planning.forecast import (
    DT,
    STEPS,
    Lateral,
    meets,
    offset_at,
    pose_on,
)
from roadworthy.planning.passing import junction_ahead
from roadworthy.planning.rules import (
    LINE_BUFFER,
    MAX_ACCELERATION,
    MAX_BRAKING,
    STANDSTILL,
    follow,
    halt,
    must_stop,
)
from roadworthy.planning.threats import FAR, Relation
from roadworthy.sim.kernel import kernel

_SPEED, _ELEN, _EWID, _LATERAL = (
    int(EgoCol.SPEED),
    int(EgoCol.LENGTH),
    int(EgoCol.WIDTH),
    int(EgoCol.LATERAL),
)
_STATE, _DISTANCE = (int(LightCol.STATE), int(LightCol.DISTANCE))
_S, _LAT, _VA, _VC, _HA, _HC = (
    int(Relation.S),
    int(Relation.LATERAL),
    int(Relation.V_ALONG),
    int(Relation.V_ACROSS),
    int(Relation.HALF_ALONG),
    int(Relation.HALF_ACROSS),
)
_UVX, _UVY, _UCLASS = (int(User.VX), int(User.VY), int(User.CLASS))
_WALKER = int(UserClass.WALKER)
_K, _LIMIT = (int(Line.CURVATURE), int(Line.LIMIT))
_JUNCTION = int(RouteCol.JUNCTION)
_BACK = int(Lateral.BACK)
_CAP, _HELD, _EXPOSED = int(Memory.CAP), int(Memory.HELD), int(Memory.EXPOSED)

STEP_TIME = 0.1  # [s] between decisions
_N_ROUTE = len(ROUTE_DISTANCES)
_DIST = np.array(ROUTE_DISTANCES)
_CAPS = np.array([9.0, 0.3, -0.5, -1.5, -3.0, -4.5, -6.0])  # [m/s^2]
_N_CAPS = len(_CAPS)
_BEND = 3.2  # [m/s^2] lateral, in bends: brisker than the teacher, for time is scored, too
_SLOWING = 2.2  # [m/s^2] with which a bend or a lower limit is approached
_HEADWAY = 1.0  # [s]
_HASTE = 11.0  # [m/s] on an oncoming lane
FREE_GAP = 1e3  # [m]
_STRIP = 0.3  # [m] beside the body, within which somebody ahead is a leader
_WALKER_STRIP = 0.7  # [m]
_STUCK = 20.0  # [s] for which it waits for others before it takes smaller gaps


# Roles of users: nobody to mind, one to follow, one whose forecast matters.
_NOBODY, _LEADS, _MOVES = 0, 1, 2


@kernel
def allowed_speeds(line, out):
    """Write the speed [m/s] at each point of the line that lets all that follows be driven."""
    v = 1e3
    for k in range(POINTS - 1, -1, -1):
        here = min(line[_LIMIT, k], np.sqrt(_BEND / max(abs(line[_K, k]), 1e-4)))
        v = min(here, np.sqrt(v * v + 2.0 * _SLOWING * STEP))
        out[k] = max(v, 1.5)


@kernel
def assign_roles(users, valid, rel, ego, lateral, role, found):
    """Tell leaders from others; write the nearest leader's gap, speed and standstill distance."""
    half_width, half_length = 0.5 * ego[_EWID], 0.5 * ego[_ELEN]
    own = float(ego[_LATERAL])
    found[0], found[1], found[2], found[3] = FREE_GAP, 0.0, STANDSTILL, 0.0
    worst = 1e30
    for u in range(MAX_USERS):
        if not valid[u]:
            continue
        r = rel[u]
        walker = users[u, _UCLASS] == _WALKER
        near, far = r[_S] - r[_HA], r[_S] + r[_HA]
        strip = half_width + r[_HC] + (_WALKER_STRIP if walker else _STRIP)
        v = np.sqrt(float(users[u, _UVX]) ** 2 + float(users[u, _UVY]) ** 2)
        along = abs(r[_VA]) >= 0.8 * v or v < 0.5
        role[u] = _MOVES
        if far < -half_length + 0.5:
            # Behind us in our lane: it must mind us.
            if abs(r[_LAT] - own) < half_width + r[_HC] + 0.2 and r[_VA] > -0.5:
                role[u] = _NOBODY
            continue
        if near > FAR + 5.0:
            continue
        gap = max(near - half_length, 0.0)
        a = abs(r[_LAT] - offset_at(lateral, max(near - 0.6 * half_length, 0.0)))
        b = abs(r[_LAT] - offset_at(lateral, max(r[_S], 0.0)))
        # Beside its end the way back has not begun: the forecast minds the tail.
        past = min(far + half_length, max(lateral[_BACK], 0.0))
        c = abs(r[_LAT] - offset_at(lateral, max(past, 0.0)))
        beside = min(a, min(b, c))
        soon = beside
        if not walker and along and abs(r[_VC]) > 0.3 and r[_S] > 0.0:
            # Somebody who changes to our lane: where it will be within a second and a half.
            shift = r[_LAT] - offset_at(lateral, max(r[_S], 0.0))
            if shift * r[_VC] < 0.0:
                soon = abs(shift) - min(1.5 * abs(r[_VC]), abs(shift))
        inside = min(beside, soon) < strip and r[_S] + r[_HA] > 0.3 * half_length
        if v < 0.5 and not inside:
            role[u] = _MOVES if beside < strip + 3.0 else _NOBODY
            continue
        if not inside or (not along and gap > 5.0) or (walker and v > 0.5 and gap > 8.0):
            continue
        if r[_VA] < -1.0:
            continue  # it comes towards us: the forecast knows
        role[u] = _LEADS
        rank = gap + 1.2 * max(r[_VA], 0.0)
        if rank < worst:
            worst = rank
            found[0], found[1] = gap, max(r[_VA], 0.0)
            found[2] = STANDSTILL + 1.0 if walker else STANDSTILL
            found[3] = 1.0 if walker else 0.0


@kernel
def _rules(speed, allowed, gap, other, still, stop):
    """Acceleration [m/s^2] by speed limits and bends, leader and stop line."""
    if speed > allowed:
        wanted = max(-1.2 * (speed - allowed), -4.0)
    else:
        wanted = min(MAX_ACCELERATION, 2.0 * (allowed - speed))
    if gap < FREE_GAP:
        idm = follow(speed, allowed, gap, other, _HEADWAY, still)
        closing = max(speed - other, 0.0)
        needed = closing * closing / (2.0 * max(gap - 0.5 * still, 0.3))
        wanted = min(wanted, max(idm, -1.5 * needed - 1.5))
        if gap < 1.2 and other < 0.3:
            wanted = min(wanted, -2.0)
    if stop < FREE_GAP:
        wanted = min(wanted, halt(speed, allowed, stop))
    return min(max(wanted, -MAX_BRAKING), MAX_ACCELERATION)


@kernel
def _allowed_at(allowed, s, top):
    f = min(max(s / STEP, 0.0), POINTS - 1.001)
    k = segment_at(s)
    return min(allowed[k] + (f - k) * (allowed[k + 1] - allowed[k]), top)


@kernel
def _drive_ahead(users, valid, ego, scratch, cap, top, stop, patience, exposed):
    """Drive by the rules under a limit of acceleration.

    Returns:
        Time [s] of the first meeting with somebody (1e3 where there is none), distance driven,
        and the acceleration now.
    """
    line, allowed, lateral, pose = scratch.line, scratch.allowed, scratch.lateral, scratch.pose
    gap0, other, still = scratch.found[0], scratch.found[1], scratch.found[2]
    half_length, half_width = 0.5 * ego[_ELEN], 0.5 * ego[_EWID]
    speed, s, first = float(ego[_SPEED]), 0.0, 0.0
    for k in range(STEPS):
        gap = gap0 + other * k * DT - s if gap0 < FREE_GAP else FREE_GAP
        line_gap = stop - s if stop < FREE_GAP else FREE_GAP
        limit = max(_allowed_at(allowed, s, top), 0.5)
        a = min(_rules(speed, limit, max(gap, 0.0), other, still, line_gap), cap)
        if k == 0:
            first = a
        after = max(speed + a * DT, 0.0)
        s += 0.5 * (speed + after) * DT
        speed = after
        t = (k + 1) * DT
        if t > patience:
            break
        if speed < 0.1 and not exposed:
            if a <= 0.0:
                break  # it stands: whoever comes then must mind it
            continue
        pose_on(line, lateral, s, pose)
        for u in range(MAX_USERS):
            if not valid[u] or scratch.role[u] != _MOVES:
                continue
            v = abs(float(users[u, _UVX])) + abs(float(users[u, _UVY]))
            if speed < 0.1 and v < 0.5:
                continue
            if meets(pose, half_length, half_width, users[u], scratch.places[u, k], v, t) == 2:
                return t, s, first
    return 1e3, s, first


@kernel
def _exit_gap(route, rel, users, valid, scratch, ego):
    """Distance [m] to stop at, where the way out of the next junction is taken; large if free."""
    enter = junction_ahead(route)
    half_length = 0.5 * float(ego[_ELEN])
    if enter > 40.0 or enter < half_length:
        return FREE_GAP
    leave = enter
    for i in range(_N_ROUTE):
        if _DIST[i] > enter and route[i, _JUNCTION] > 0.5:
            leave = _DIST[i]
        elif _DIST[i] > enter + 2.5:
            break
    gap, other = scratch.found[0], scratch.found[1]
    tail = gap + half_length
    if other < 1.0 and enter < tail < leave + 2.0 * half_length + 1.5:
        return enter - half_length - 0.5
    return FREE_GAP


@kernel
def choose(users, valid, light, route, ego, traits, scratch, memory, top):
    """Acceleration [m/s^2]: the mildest limit under which nobody is met."""
    stop = FREE_GAP
    if must_stop(light[_STATE], light[_DISTANCE], ego[_SPEED]):
        stop = float(light[_DISTANCE]) - LINE_BUFFER
    stop = min(stop, _exit_gap(route, scratch.rel, users, valid, scratch, ego))
    # Who has waited for long takes a smaller gap: it looks less far ahead.
    patience = 4.8 if memory[_HELD] < _STUCK else 3.3
    exposed = memory[_EXPOSED] > 0.0 and abs(float(ego[_LATERAL])) > 1.0
    best, latest = -MAX_BRAKING, -1.0
    chosen = _CAPS[_N_CAPS - 1]
    for i in range(-1 if memory[_EXPOSED] > 0.0 else 0, _N_CAPS):
        # On an oncoming lane haste may be what helps.
        cap = _CAPS[max(i, 0)]
        speed = max(top, _HASTE) if i < 0 else top
        time, _, first = _drive_ahead(
            users, valid, ego, scratch, cap, speed, stop, patience, exposed
        )
        if time >= 1e3:
            best, chosen = first, cap
            break
        if time >= latest:
            best, latest, chosen = first, time, cap
    memory[_CAP] = chosen
    held = chosen < 1.0 and ego[_SPEED] < 0.5
    memory[_HELD] = memory[_HELD] + STEP_TIME if held else max(memory[_HELD] - 1.0, 0.0)
    return best
