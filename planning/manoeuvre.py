"""What the expert does with an Outlook: pass blocks, mind everybody's future, then drive by rules.

Laterally it is on the route's line, beside it within the lane to keep clear of what stands at its
borders, or on its way around a block. Longitudinally it drives by `rules` and forecasts where that
leads; where its box would meet somebody's, it takes the mildest limit of acceleration under which
they do not meet (compare PDM-Lite: Beisswenger, 2024; Dauner et al., CoRL 2023).
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np

from roadworthy.perception.scene import (
    MAX_USERS,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    Trait,
    User,
    UserClass,
)
from roadworthy.planning.corridor import STEP, Line, segment_at, trace
from roadworthy.planning.expert_state import Memory
from roadworthy.planning.forecast import (
    Lateral,
    foresee_users,
)
from roadworthy.planning.pace import STEP_TIME, allowed_speeds, assign_roles, choose
from roadworthy.planning.passing import Block, find_block, plan_pass
from roadworthy.planning.threats import Relation, relate
from roadworthy.sim.kernel import kernel

_SPEED, _ELEN, _EWID, _LATERAL, _HEADING, _EREMAINING = (
    int(EgoCol.SPEED),
    int(EgoCol.LENGTH),
    int(EgoCol.WIDTH),
    int(EgoCol.LATERAL),
    int(EgoCol.HEADING),
    int(EgoCol.REMAINING),
)
_STATE, _DISTANCE = (int(LightCol.STATE), int(LightCol.DISTANCE))
_RED, _YELLOW = (int(LightState.RED), int(LightState.YELLOW))
_S, _LAT, _VA, _VC, _HA, _HC = (
    int(Relation.S),
    int(Relation.LATERAL),
    int(Relation.V_ALONG),
    int(Relation.V_ACROSS),
    int(Relation.HALF_ALONG),
    int(Relation.HALF_ACROSS),
)
_UCLASS = int(User.CLASS)
_WALKER = int(UserClass.WALKER)
_SPECIAL, _STOOD = (int(Trait.SPECIAL), int(Trait.STOOD))
_K = int(Line.CURVATURE)
_RWIDTH = int(RouteCol.WIDTH)
_NOW, _GOAL, _SLOPE, _BACK, _DELAY = (
    int(Lateral.NOW),
    int(Lateral.TARGET),
    int(Lateral.SLOPE),
    int(Lateral.BACK),
    int(Lateral.DELAY),
)
_PRESENT, _BEGIN, _END = (int(Block.PRESENT), int(Block.BEGIN), int(Block.END))
_OFFSET, _PASSING, _TARGET, _UNTIL, _TOP, _REMAINING, _WAITED, _SLOPE_NOW, _EXPOSED = (
    int(Memory.OFFSET),
    int(Memory.PASSING),
    int(Memory.TARGET),
    int(Memory.UNTIL),
    int(Memory.TOP),
    int(Memory.REMAINING),
    int(Memory.WAITED),
    int(Memory.SLOPE),
    int(Memory.EXPOSED),
)

_SHIFT_ACCEL = 1.8  # [m/s^2] lateral, that a change of offset may cost
_KEEP = 0.75  # [m] kept beside what stands at the lane's border
_TUCK = 0.35  # of its length beyond a block, it begins to return into the lane
_GIVE_UP = 8.0  # [s] of standing, after which another way around is sought
_BLOCK_GAP = 6.5  # [m] kept before a block, so that there is room to turn out


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
        memory[_WAITED] = memory[_WAITED] + STEP_TIME if speed < 0.2 else 0.0
        if memory[_WAITED] > _GIVE_UP:
            # It does not go on here: look for another way, also from where it stands now.
            memory[_WAITED] = 0.0
            state = plan_pass(users, valid, rel, room, route, ego, block, 0.0, way)
            if block[_PRESENT] > 0.0 and state == 2:
                memory[_TARGET], memory[_TOP], memory[_EXPOSED] = way[0], way[1], way[2]
            else:
                memory[_PASSING] = 0.0
        if block[_PRESENT] > 0.0 and block[_BEGIN] < 0.5 * float(ego[_ELEN]) + 12.0:
            until = remaining - block[_END] - _TUCK * float(ego[_ELEN])
            memory[_UNTIL] = min(memory[_UNTIL], until)
            # Cones may come into sight that stand farther out than those before.
            if memory[_TARGET] < 0.0:
                edge = block[3] - 0.5 * float(ego[_EWID]) - 0.35
                memory[_TARGET] = min(memory[_TARGET], max(edge, memory[_TARGET] - 0.6))
        if remaining <= memory[_UNTIL]:
            memory[_PASSING] = 0.0
        elif block[_PRESENT] > 0.0 and block[_BEGIN] > 0.5 * float(ego[_ELEN]) + 1.0:
            # Not beside it yet: is the way still free?
            state = plan_pass(users, valid, rel, room, route, ego, block, memory[_WAITED], way)
            room_left = block[_BEGIN] - 0.5 * float(ego[_ELEN])
            return_way = 4.0 + abs(float(ego[_LATERAL])) * max(0.6 * speed, 2.0)
            back = room_left > max(return_way, 2.0 + speed * speed / 8.0)
            if state < 2 and (back or abs(float(ego[_LATERAL])) < 1.0):
                memory[_PASSING] = 0.0
    elif block[_PRESENT] > 0.0:
        state = plan_pass(users, valid, rel, room, route, ego, block, memory[_WAITED], way)
        far = block[_BEGIN] - 0.5 * float(ego[_ELEN]) - 6.0
        # Begin not before it is needed: about where the change of offset must begin.
        begins = abs(way[0]) * max(speed, 2.0) / 1.3 + 5.0
        memory[_WAITED] += STEP_TIME
        if state == 2 and far < begins:
            memory[_PASSING], memory[_TARGET], memory[_TOP] = 1.0, way[0], way[1]
            memory[_EXPOSED] = way[2]
            memory[_UNTIL] = remaining - block[_END] - _TUCK * float(ego[_ELEN])
            memory[_WAITED] = 0.0
    else:
        memory[_WAITED] = 0.0
    if memory[_PASSING] == 0.0 and abs(float(ego[_LATERAL])) < 1.0:
        memory[_EXPOSED] = 0.0


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
    if memory[_PASSING] > 0.0:
        shift = max(shift, abs(wanted))
    slope = np.sqrt(shift * _SHIFT_ACCEL) / (2.0 * max(speed, 1.0))
    lateral[_SLOPE] = min(max(slope, 0.06), 0.5)
    # A change of offset that has begun goes on; one that begins must turn the ego first.
    lateral[_DELAY] = 0.3 if abs(memory[_SLOPE_NOW]) > 0.1 else 1.5
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
    course = float(ego[_HEADING]) + 1.4 * line[_K, 0] - np.arctan(slope)
    preview = min(0.6 + 0.17 * speed, 10.0)
    k = segment_at(preview)
    t = preview / STEP - k
    ahead = (1 - t) * line[_K, k] + t * line[_K, k + 1]
    length = 2.2 + 0.3 * speed
    pull = min(max(error / length**2, -0.12), 0.12)
    near = ahead - pull - 1.8 * np.sin(course) / length
    return min(max(near, -0.2), 0.2)


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
    allowed_speeds(line, scratch.allowed)
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
    assign_roles(users, valid, rel, ego, lateral, scratch.role, scratch.found)
    block = scratch.block
    if memory[_PASSING] == 0.0 and block[_PRESENT] > 0.0:
        gap = max(block[_BEGIN] - 0.5 * float(ego[_ELEN]), 0.0)
        if gap < scratch.found[0] + 1.0:
            scratch.found[0], scratch.found[1], scratch.found[2] = gap, 0.0, _BLOCK_GAP
    accel = choose(users, valid, light, route, ego, traits, scratch, memory, top)
    # The offset in force moves as far as the ego drives until the next decision.
    moved = float(ego[_SPEED]) * STEP_TIME + 0.02
    limit = lateral[_SLOPE] * moved
    change = min(max(wanted - memory[_OFFSET], -limit), limit)
    memory[_OFFSET] += change
    here = float(ego[_LATERAL])
    memory[_OFFSET] = min(max(memory[_OFFSET], here - 0.9), here + 0.9)
    slope = change / moved
    memory[_SLOPE_NOW] = slope
    return accel, steer(line, ego, memory[_OFFSET], slope)
