"""Along the lane: the leader, the speed that is wanted, and the acceleration that follows.

Longitudinal model: the Intelligent Driver Model (Treiber, Hennecke, Helbing, Phys. Rev. E 62,
2000). Each obstacle ahead (leader, red light, busy crossing, junction that is not free) is a
gap and a speed; the strongest braking of them wins.
"""

from __future__ import annotations

import math

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.traffic.kinds import (
    COMFORT_BRAKE,
    D_ACCEL,
    D_CLOSING,
    D_HARDEST,
    D_HEADWAY,
    D_PACE,
    D_TOP,
)
from roadworthy.sim.world.columns import Actor, Mover
from roadworthy.sim.world.layout import FloatArray, Roads, State
from roadworthy.sim.world.stretches import CURVE_BRAKE, Stretch

X, Y, YAW, SPEED, LENGTH, WIDTH, LANE, S, NEXT_LANE, OTHER_LANE, LATERAL, MOVER = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.NEXT_LANE),
    int(Actor.OTHER_LANE),
    int(Actor.LATERAL),
    int(Actor.MOVER),
)
LOOSE = int(Mover.LOOSE)
T_CURVE_SPEED = int(Stretch.CURVE_SPEED)

GAP = 2.0  # [m] kept at standstill
LOOK_AHEAD = 50.0  # [m] bends on the next lane are seen from here
FREE = 1e6  # [m] gap where nothing is ahead
SIDE_ROOM = 0.4  # [m] kept from who is on no lane
STRANGER_TIME = 3.0  # [s] for which the walk of a stranger is foreseen


@kernel
def idm(speed: float, wanted: float, gap: float, leader_speed: float, driver: FloatArray) -> float:
    """IDM acceleration [m/s^2] of a driver (a row of `State.driver`)."""
    top = driver[D_ACCEL]
    share = speed / max(wanted, 0.1)
    share *= share
    free = max(top * (1.0 - share * share), -COMFORT_BRAKE)
    if gap >= FREE:
        return free
    closing = speed * (speed - leader_speed) * driver[D_CLOSING]
    desired = (GAP + max(speed * driver[D_HEADWAY] + closing, 0.0)) / max(gap, 0.1)
    return min(max(free - top * desired * desired, -driver[D_HARDEST]), top)


@inlined_kernel
def wanted_speed(roads: Roads, actor: FloatArray, driver: FloatArray) -> float:
    """Speed [m/s] that the driver wants here: limit, curves and own abilities."""
    lane, s = int(actor[LANE]), actor[S]
    wanted = min(roads.lane_limit[lane] * driver[D_PACE], driver[D_TOP])
    start, end = roads.lane_start[lane], roads.lane_start[lane + 1]
    i = min(max(start + int(s * roads.point_rate[lane]), start), end - 1)
    wanted = min(wanted, roads.stretches[i, T_CURVE_SPEED])
    following = int(actor[NEXT_LANE])
    to_end = roads.lane_length[lane] - s
    if following >= 0 and to_end < LOOK_AHEAD:
        bend = roads.stretches[roads.lane_start[following], T_CURVE_SPEED]
        if bend < wanted:
            wanted = min(wanted, math.sqrt(bend * bend + 2.0 * CURVE_BRAKE * to_end))
    return wanted


@inlined_kernel
def is_in_way(me: FloatArray, other: FloatArray, lane: int) -> bool:
    """Whether one who is on `lane` too leaves no room to pass: who parks beside it does not count.

    Who changes lanes is in the way on both of them for as long as it lasts; to it everybody is who
    will be once it is over.
    """
    if other[LANE] != lane or other[OTHER_LANE] >= 0.0:
        return True
    # What was hit may lie across.
    breadth = other[LENGTH] if other[MOVER] == LOOSE else other[WIDTH]
    room = 0.5 * (me[WIDTH] + breadth) + SIDE_ROOM
    if me[OTHER_LANE] >= 0.0 and abs(other[LATERAL]) < room:
        return True
    return bool(abs(other[LATERAL] - me[LATERAL]) < room)


@inlined_kernel
def leader(w: int, a: int, roads: Roads, state: State) -> tuple[float, float]:
    """Gap [m] to the next road user along the own way and its speed; FREE where none."""
    actors, order, lanes, where = (
        state.actors[w],
        state.order[w],
        state.order_lane[w],
        state.order_s[w],
    )
    count = state.placed[w]
    me = actors[a]
    lane, offset = int(me[LANE]), -(me[S] + 0.5 * me[LENGTH])
    horizon = 15.0 + 4.0 * me[SPEED]
    place = state.rank[w, a] + 1
    for hop in range(state.way.shape[2] + 1):
        while place < count and lanes[place] == lane:
            other = actors[order[place]]
            if order[place] != a and is_in_way(me, other, lane):
                return offset + where[place] - 0.5 * other[LENGTH], other[SPEED]
            place += 1
        offset += roads.lane_length[lane]
        if offset > horizon or hop == state.way.shape[2]:
            break
        following = state.way[w, a, hop]
        if following < 0:
            break
        lane = following
        place = state.head[w, lane]
        if place < 0:
            place = count
    return FREE, 0.0


@inlined_kernel
def beside_leader(w: int, a: int, roads: Roads, state: State) -> tuple[float, float]:
    """Gap and speed of the next one on the lane that the body still overlaps; FREE where none."""
    me = state.actors[w, a]
    lane = int(me[OTHER_LANE])
    place, mine = state.head[w, lane], -1.0
    while place >= 0 and place < state.placed[w] and state.order_lane[w, place] == lane:
        b = state.order[w, place]
        if b == a:
            mine = state.order_s[w, place]
        elif mine >= 0.0:
            other = state.actors[w, b]
            gap = state.order_s[w, place] - mine - 0.5 * (other[LENGTH] + me[LENGTH])
            return gap, other[SPEED]
        place += 1
    return FREE, 0.0


@inlined_kernel
def stranger_ahead(w: int, a: int, state: State) -> tuple[float, float]:
    """Gap and speed of who is in the way although on no lane; FREE where none.

    Foresees them straight on: a walker that will be in the way when one arrives counts now.
    """
    me = state.actors[w, a]
    best, best_speed = FREE, 0.0
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    reach = 12.0 + 3.0 * me[SPEED]
    for k in range(state.stranger_count[w]):
        other = state.actors[w, state.strangers[w, k]]
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        ahead = dx * c + dy * s
        if ahead < 0.0 or ahead > reach:
            continue
        side = dy * c - dx * s
        turn_c = math.cos(other[YAW] - me[YAW])
        turn_s = math.sin(other[YAW] - me[YAW])
        half = 0.5 * (other[LENGTH] * abs(turn_s) + other[WIDTH] * abs(turn_c) + me[WIDTH])
        half += SIDE_ROOM
        depth = 0.5 * (other[LENGTH] * abs(turn_c) + other[WIDTH] * abs(turn_s) + me[LENGTH])
        later = side + other[SPEED] * turn_s * min(ahead / max(me[SPEED], 1.0), STRANGER_TIME)
        if min(side, later) < half and max(side, later) > -half and ahead - depth < best:
            best, best_speed = ahead - depth, max(other[SPEED] * turn_c, 0.0)
    return best, best_speed
