"""What the expert does with an Outlook: pass blocks, mind everybody's future, then drive by rules.

Laterally it is on the route's line, beside it within the lane to keep clear of what stands at its
borders, or on its way around a block. Longitudinally it drives by `rules` and forecasts where that
leads; where its box would meet somebody's, it takes the mildest limit of acceleration under which
they do not meet (compare PDM-Lite: Beisswenger, 2024; Dauner et al., CoRL 2023).
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import (
    MAX_USERS,
    ROUTE_DISTANCES,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Trait,
    User,
    UserClass,
)
from roadworthy.planning.corridor import POINTS, STEP, Line, trace
from roadworthy.planning.forecast import (
    COLUMNS,
    DT,
    STEPS,
    Lateral,
    foresee_users,
    meets,
    offset_at,
    pose_on,
)
from roadworthy.planning.passing import Block, find_block, junction_ahead, plan_pass
from roadworthy.planning.rules import (
    COMFORT,
    HEADWAY,
    LATERAL_LIMIT,
    LINE_BUFFER,
    MAX_ACCELERATION,
    MAX_BRAKING,
    STANDSTILL,
    follow,
    halt,
    must_stop,
)
from roadworthy.planning.threats import FAR, Relation, relate
from roadworthy.sim.kernel import kernel


class Memory(IntEnum):
    """What the expert remembers of one world from decision to decision, float64 [Memory]."""

    OFFSET = 0  # [m] from the line, that it steers for now
    PASSING = 1  # 1 while it drives around a block
    TARGET = 2  # [m] offset of that
    UNTIL = 3  # [m] remaining route at which it is past the block
    TOP = 4  # [m/s] while passing
    REMAINING = 5  # [m] of the route, at the decision before; -1 at the beginning
    CAP = 6  # [m/s^2] limit in force
    WAITED = 7  # [s] before a block
    HELD = 8  # [s] for which it has stood because of others' futures


_OFFSET, _PASSING, _TARGET, _UNTIL, _TOP, _REMAINING, _CAP, _WAITED, _HELD = (
    int(column) for column in Memory
)
_M_SIZE = len(Memory)
STEP_TIME = 0.1  # [s] between decisions

_SPEED, _ELEN, _EWID, _LATERAL, _HEADING, _EREMAINING, _ELIMIT = (
    int(EgoCol.SPEED),
    int(EgoCol.LENGTH),
    int(EgoCol.WIDTH),
    int(EgoCol.LATERAL),
    int(EgoCol.HEADING),
    int(EgoCol.REMAINING),
    int(EgoCol.SPEED_LIMIT),
)
_STATE, _DISTANCE = int(LightCol.STATE), int(LightCol.DISTANCE)
_RED, _YELLOW = int(LightState.RED), int(LightState.YELLOW)
_S, _LAT, _VA, _VC, _HA, _HC = (
    int(Relation.S),
    int(Relation.LATERAL),
    int(Relation.V_ALONG),
    int(Relation.V_ACROSS),
    int(Relation.HALF_ALONG),
    int(Relation.HALF_ACROSS),
)
_UX, _UY, _UVX, _UVY, _UCLASS = (
    int(User.X),
    int(User.Y),
    int(User.VX),
    int(User.VY),
    int(User.CLASS),
)
_WALKER = int(UserClass.WALKER)
_STILL, _SPECIAL, _DOOR, _STOOD = (
    int(Trait.STILL),
    int(Trait.SPECIAL),
    int(Trait.DOOR),
    int(Trait.STOOD),
)
_K, _LIMIT = int(Line.CURVATURE), int(Line.LIMIT)
_RWIDTH, _JUNCTION = int(RouteCol.WIDTH), int(RouteCol.JUNCTION)
_NOW, _GOAL, _SLOPE, _BACK = (int(column) for column in Lateral)
_PRESENT, _BEGIN, _END, _STILL_COL = (
    int(Block.PRESENT),
    int(Block.BEGIN),
    int(Block.END),
    int(Block.STILL),
)
_N_ROUTE = len(ROUTE_DISTANCES)
_DIST = np.array(ROUTE_DISTANCES)
_CAPS = np.array([9.0, 0.3, -0.5, -1.5, -3.0, -4.5, -6.0])  # [m/s^2]
_N_CAPS = len(_CAPS)
_FREE_GAP = 1e3  # [m]
_SHIFT_ACCEL = 1.8  # [m/s^2] lateral, that a change of offset may cost
_KEEP = 0.75  # [m] kept beside what stands at the lane's border
_STRIP = 0.3  # [m] beside the body, within which somebody ahead is a leader
_WALKER_STRIP = 0.7  # [m]
_BLOCK_GAP = 6.5  # [m] kept before a block, so that there is room to turn out
_STUCK = 20.0  # [s] for which it waits for others before it takes smaller gaps


class Scratch(NamedTuple):
    """Arrays that the kernel works in: it allocates nothing."""

    node: NDArray[np.float64]  # [rows + 1, 5]
    line: NDArray[np.float64]  # [POINTS, Line]
    allowed: NDArray[np.float64]  # [POINTS]
    rel: NDArray[np.float64]  # [MAX_USERS, Relation]
    places: NDArray[np.float64]  # [MAX_USERS, STEPS, COLUMNS]
    role: NDArray[np.int64]  # [MAX_USERS] Role
    lateral: NDArray[np.float64]  # [Lateral]
    block: NDArray[np.float64]  # [Block]
    way: NDArray[np.float64]  # [3]
    pose: NDArray[np.float64]  # [4]
    found: NDArray[np.float64]  # [4] leader: gap, speed, standstill, walker

    @classmethod
    def make(cls) -> Scratch:
        """Allocate."""
        return cls(
            np.zeros((_N_ROUTE + 1, 5)),
            np.zeros((POINTS, len(Line))),
            np.zeros(POINTS),
            np.zeros((MAX_USERS, len(Relation))),
            np.zeros((MAX_USERS, STEPS, COLUMNS)),
            np.zeros(MAX_USERS, np.int64),
            np.zeros(len(Lateral)),
            np.zeros(len(Block)),
            np.zeros(3),
            np.zeros(4),
            np.zeros(4),
        )


# Roles of users: nobody to mind, one to follow, one whose forecast matters.
_NOBODY, _LEADS, _MOVES = 0, 1, 2


@kernel
def _allowed_speeds(line, out):
    """Write the speed [m/s] at each point of the line that lets all that follows be driven."""
    v = 1e3
    for k in range(POINTS - 1, -1, -1):
        here = min(line[k, _LIMIT], np.sqrt(LATERAL_LIMIT / max(abs(line[k, _K]), 1e-4)))
        v = min(here, np.sqrt(v * v + 2.0 * 1.6 * STEP))
        out[k] = max(v, 1.5)


@kernel
def _nudge(users, valid, traits, rel, route, ego):
    """Offset [m] within the lane that keeps clear of what stands at its borders."""
    half_width = 0.5 * ego[_EWID]
    play = max(0.5 * float(route[1, _RWIDTH]) - half_width - 0.1, 0.0)
    low, high = -play, play
    for u in range(MAX_USERS):
        if not valid[u]:
            continue
        r = rel[u]
        near, far = r[_S] - r[_HA], r[_S] + r[_HA]
        if far < -1.0 or near > 8.0 + 1.5 * ego[_SPEED]:
            continue
        stands = abs(r[_VA]) < 0.3 and abs(r[_VC]) < 0.3
        if not stands or (traits[u, _STOOD] < 2.0 and users[u, _UCLASS] != _WALKER):
            continue
        keep = half_width + r[_HC] + _KEEP
        if r[_LAT] > half_width + 0.1:
            high = min(high, r[_LAT] - keep)
        elif r[_LAT] < -half_width - 0.1:
            low = max(low, r[_LAT] + keep)
    low, high = min(low, play), max(high, -play)
    if low > high:
        return 0.5 * (low + high)
    return min(max(0.0, low), high)


@kernel
def _assign_roles(users, valid, rel, ego, lateral, role, found):
    """Tell leaders from others; write the nearest leader's gap, speed and standstill distance."""
    half_width, half_length = 0.5 * ego[_EWID], 0.5 * ego[_ELEN]
    own = float(ego[_LATERAL])
    found[0], found[1], found[2], found[3] = _FREE_GAP, 0.0, STANDSTILL, 0.0
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
        c = abs(r[_LAT] - offset_at(lateral, max(far + half_length, 0.0)))
        beside = min(a, min(b, c))
        soon = beside
        if not walker and along and abs(r[_VC]) > 0.3 and r[_S] > 0.0:
            # Somebody who changes to our lane: where it will be within a second and a half.
            shift = r[_LAT] - offset_at(lateral, max(r[_S], 0.0))
            if shift * r[_VC] < 0.0:
                soon = abs(shift) - min(1.5 * abs(r[_VC]), abs(shift))
        inside = min(beside, soon) < strip and r[_S] + r[_HA] > 0.3 * half_length
        if v < 0.5 and not inside:
            role[u] = _NOBODY if not walker or beside > strip + 0.5 else _MOVES
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
        wanted = min(COMFORT * (1.0 - (speed / allowed) ** 4), 1.5 * (allowed - speed))
    if gap < _FREE_GAP:
        idm = follow(speed, allowed, gap, other, HEADWAY, still)
        closing = max(speed - other, 0.0)
        needed = closing * closing / (2.0 * max(gap - 0.5 * still, 0.3))
        wanted = min(wanted, max(idm, -1.5 * needed - 1.5))
        if gap < 1.2 and other < 0.3:
            wanted = min(wanted, -2.0)
    if stop < _FREE_GAP:
        wanted = min(wanted, halt(speed, allowed, stop))
    return min(max(wanted, -MAX_BRAKING), MAX_ACCELERATION)


@kernel
def _allowed_at(allowed, s, top):
    f = min(max(s / STEP, 0.0), POINTS - 1.001)
    k = int(f)
    return min(allowed[k] + (f - k) * (allowed[k + 1] - allowed[k]), top)


@kernel
def _drive_ahead(users, valid, ego, scratch, cap, top, stop, patience):
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
        gap = gap0 + other * k * DT - s if gap0 < _FREE_GAP else _FREE_GAP
        line_gap = stop - s if stop < _FREE_GAP else _FREE_GAP
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
        if speed < 0.1:
            if a <= 0.0:
                break  # it stands: whoever comes then must mind it
            continue
        pose_on(line, lateral, s, pose)
        for u in range(MAX_USERS):
            if not valid[u] or scratch.role[u] != _MOVES:
                continue
            v = abs(float(users[u, _UVX])) + abs(float(users[u, _UVY]))
            if meets(pose, half_length, half_width, users[u], scratch.places[u, k], v, t) == 2:
                return t, s, first
    return 1e3, s, first


@kernel
def _exit_gap(route, rel, users, valid, scratch, ego):
    """Distance [m] to stop at, where the way out of the next junction is taken; large if free."""
    enter = junction_ahead(route)
    half_length = 0.5 * float(ego[_ELEN])
    if enter > 40.0 or enter < half_length:
        return _FREE_GAP
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
    return _FREE_GAP


@kernel
def _consider_pass(users, valid, light, route, ego, outlook, scratch, memory):
    """Begin, go on with or end driving around a block; write the wanted offset to `lateral`."""
    room, traits = outlook
    rel, block, way = scratch.rel, scratch.block, scratch.way
    remaining, speed = float(ego[_EREMAINING]), float(ego[_SPEED])
    held = 1e3
    if light[_STATE] == _RED or light[_STATE] == _YELLOW:
        held = float(light[_DISTANCE]) + 0.5 * float(ego[_ELEN])
    find_block(users, valid, traits, rel, route, ego, held, block)
    if memory[_PASSING] > 0.0:
        if block[_PRESENT] > 0.0 and block[_BEGIN] < 0.5 * float(ego[_ELEN]) + 12.0:
            until = remaining - block[_END] - 0.5 * float(ego[_ELEN]) - 1.0
            memory[_UNTIL] = min(memory[_UNTIL], until)
            # Cones may come into sight that stand farther out than those before.
            if memory[_TARGET] < 0.0:
                edge = block[3] - 0.5 * float(ego[_EWID]) - 0.35
                memory[_TARGET] = min(memory[_TARGET], max(edge, memory[_TARGET] - 0.6))
        if remaining <= memory[_UNTIL]:
            memory[_PASSING] = 0.0
        elif block[_PRESENT] > 0.0 and block[_BEGIN] > 0.5 * float(ego[_ELEN]) + 1.0:
            # Not beside it yet: is the way still free?
            state = plan_pass(users, valid, rel, room, route, ego, block, way)
            if state < 2 and abs(float(ego[_LATERAL])) < 1.2:
                memory[_PASSING] = 0.0
    elif block[_PRESENT] > 0.0 and abs(memory[_OFFSET]) < 1.5:
        state = plan_pass(users, valid, rel, room, route, ego, block, way)
        far = block[_BEGIN] - 0.5 * float(ego[_ELEN]) - 6.0
        # Begin not before it is needed: about where the change of offset must begin.
        begins = abs(way[0]) * max(speed, 2.0) / 1.3 + 5.0
        memory[_WAITED] += STEP_TIME
        if state == 2 and far < begins:
            memory[_PASSING], memory[_TARGET], memory[_TOP] = 1.0, way[0], way[1]
            memory[_UNTIL] = remaining - block[_END] - 0.5 * float(ego[_ELEN]) - 1.0
            memory[_WAITED] = 0.0
    else:
        memory[_WAITED] = 0.0


@kernel
def _let_pass(users, valid, traits, rel, route, ego):
    """Offset [m] to the right, and 1, where an emergency vehicle comes from behind."""
    for u in range(MAX_USERS):
        if not valid[u] or traits[u, _SPECIAL] == 0.0:
            continue
        r = rel[u]
        if -60.0 < r[_S] < 8.0 and r[_VA] > 1.0 and abs(r[_LAT]) < 6.0:
            play = 0.5 * float(route[0, _RWIDTH]) - 0.5 * float(ego[_EWID]) - 0.05
            return max(play, 0.0), 1.0
    return 0.0, 0.0


@kernel
def _set_lateral(ego, memory, lateral, wanted):
    """Write how the offset will change on the way to `wanted`."""
    speed = float(ego[_SPEED])
    lateral[_NOW] = memory[_OFFSET]
    lateral[_GOAL] = wanted
    # Half of it one way, half the other: lateral acceleration a needs v sqrt(d / a) metres each.
    shift = max(abs(wanted - memory[_OFFSET]), 0.5)
    slope = np.sqrt(shift * _SHIFT_ACCEL) / (2.0 * max(speed, 1.0))
    lateral[_SLOPE] = min(max(slope, 0.06), 0.5)
    lateral[_BACK] = 1e3
    if memory[_PASSING] > 0.0:
        lateral[_BACK] = max(float(ego[_EREMAINING]) - memory[_UNTIL], 0.0)


@kernel
def steer(line, ego, offset, slope):
    """Curvature [1/m] that leads to, and along, the line shifted by an offset that changes.

    The law of `corridor.tracking_curvature`, with the offset taken from the lateral error.
    """
    speed = float(ego[_SPEED])
    error = float(ego[_LATERAL]) - offset
    course = float(ego[_HEADING]) + 1.4 * line[0, _K] - np.arctan(slope)
    preview = min(0.6 + 0.17 * speed, 10.0)
    k = int(preview / STEP)
    t = preview / STEP - k
    ahead = (1 - t) * line[k, _K] + t * line[k + 1, _K]
    length = 2.2 + 0.3 * speed
    pull = min(max(error / length**2, -0.12), 0.12)
    near = ahead - pull - 1.8 * np.sin(course) / length
    return min(max(near, -0.2), 0.2)


@kernel
def _choose(users, valid, light, route, ego, traits, scratch, memory, top):
    """Acceleration [m/s^2]: the mildest limit under which nobody is met."""
    stop = _FREE_GAP
    if must_stop(light[_STATE], light[_DISTANCE], ego[_SPEED]):
        stop = float(light[_DISTANCE]) - LINE_BUFFER
    stop = min(stop, _exit_gap(route, scratch.rel, users, valid, scratch, ego))
    # Who has waited for long takes a smaller gap: it looks less far ahead.
    patience = 4.8 if memory[_HELD] < _STUCK else 3.3
    best, latest = -MAX_BRAKING, -1.0
    chosen = _CAPS[_N_CAPS - 1]
    for i in range(_N_CAPS):
        cap = _CAPS[i]
        time, _, first = _drive_ahead(users, valid, ego, scratch, cap, top, stop, patience)
        if time >= 1e3:
            best, chosen = first, cap
            break
        if time >= latest:
            best, latest, chosen = first, time, cap
    memory[_CAP] = chosen
    held = chosen < 1.0 and ego[_SPEED] < 0.5
    memory[_HELD] = memory[_HELD] + STEP_TIME if held else max(memory[_HELD] - 1.0, 0.0)
    return best


@kernel
def decide(users, valid, light, route, ego, outlook, scratch, memory):
    """Acceleration [m/s^2] and curvature [1/m] of the expert in one world.

    Args:
        users: float32 [MAX_USERS, User], of a Scene without a world axis.
        valid: bool [MAX_USERS].
        light: float32 [LightCol].
        route: float32 [rows, RouteCol].
        ego: float32 [EgoCol].
        outlook: room [rows, Room], future [MAX_USERS, FUTURES, 2], traits [MAX_USERS, Trait].
        scratch: overwritten.
        memory: float64 [Memory], updated.
    """
    room, future, traits = outlook
    line, rel, lateral = scratch.line, scratch.rel, scratch.lateral
    if memory[_REMAINING] < 0.0:
        memory[:] = 0.0
        memory[_OFFSET] = min(max(float(ego[_LATERAL]), -1.0), 1.0)
    memory[_REMAINING] = float(ego[_EREMAINING])
    trace(route, ego, scratch.node, line)
    relate(users, valid, ego, line, rel)
    _allowed_speeds(line, scratch.allowed)
    foresee_users(users, valid, future, True, scratch.places)
    _consider_pass(users, valid, light, route, ego, (room, traits), scratch, memory)
    top = 1e3
    if memory[_PASSING] > 0.0:
        wanted, top = memory[_TARGET], memory[_TOP]
    else:
        wanted, special = _let_pass(users, valid, traits, rel, route, ego)
        if special > 0.0:
            top = 3.0
        else:
            wanted = _nudge(users, valid, traits, rel, route, ego)
    _set_lateral(ego, memory, lateral, wanted)
    _assign_roles(users, valid, rel, ego, lateral, scratch.role, scratch.found)
    block = scratch.block
    if memory[_PASSING] == 0.0 and block[_PRESENT] > 0.0:
        gap = max(block[_BEGIN] - 0.5 * float(ego[_ELEN]), 0.0)
        if gap < scratch.found[0] + 1.0:
            scratch.found[0], scratch.found[1], scratch.found[2] = gap, 0.0, _BLOCK_GAP
    accel = _choose(users, valid, light, route, ego, traits, scratch, memory, top)
    # The offset in force moves as far as the ego drives until the next decision.
    moved = float(ego[_SPEED]) * STEP_TIME + 0.02
    limit = lateral[_SLOPE] * moved
    change = min(max(wanted - memory[_OFFSET], -limit), limit)
    memory[_OFFSET] += change
    here = float(ego[_LATERAL])
    memory[_OFFSET] = min(max(memory[_OFFSET], here - 0.9), here + 0.9)
    slope = change / moved
    return accel, steer(line, ego, memory[_OFFSET], slope)
