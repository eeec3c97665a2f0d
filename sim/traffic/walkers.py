"""Walkers: to and fro on sidewalks, and over the road at crosswalks when it looks free.

For a walker `Actor.NEXT_LANE` is its direction along the sidewalk (+1 or -1) and `Actor.GOAL`
is crossing * 2 + the end it came from while it crosses; `Actor.S` then counts along the crossing.
"""

from __future__ import annotations

import math

from roadworthy.sim import rng
from roadworthy.sim.angles import advance_phase
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import KERB_HEIGHT
from roadworthy.sim.traffic.lookup import LANE_STRIDE, first_after, place_on_lane
from roadworthy.sim.world.columns import Actor, Mover
from roadworthy.sim.world.layout import FloatArray, Roads, Rules, State

X, Y, Z, YAW, SPEED = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
)
ALIVE, LANE, S, LATERAL, DIRECTION = (
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
)
PHASE, TEMPER, TIMER, GOAL, LENGTH = (
    int(Actor.PHASE),
    int(Actor.TEMPER),
    int(Actor.TIMER),
    int(Actor.GOAL),
    int(Actor.LENGTH),
)

MOVER, TRAFFIC = int(Actor.MOVER), int(Mover.TRAFFIC)
CROSS_SHARE = 0.35  # of the walkers who pass a crosswalk use it
TIME_GAP = 4.0  # [s] a vehicle must be away for a walker to step out
WAIT_LIMIT = 12.0  # [s] then the walker gives the crossing up
STRIDE = 0.75  # [m] per step


@kernel
def walking_speed(actor: FloatArray) -> float:
    """Speed [m/s]; 1.1 to 1.7, around the 1.4 of the Highway Capacity Manual's pedestrians."""
    return float(1.1 + 0.6 * actor[TEMPER])


@kernel
def road_is_clear(w: int, n: int, crossing: int, roads: Roads, state: State) -> bool:
    """Whether no vehicle reaches `crossing` within TIME_GAP."""
    order, keys = state.order[w], state.sort_key[w]
    for k in range(roads.crossed_start[crossing], roads.crossed_start[crossing + 1]):
        lane, s = roads.crossed_lane[k], roads.crossed_s[k]
        rank = first_after(order, keys, n, lane * LANE_STRIDE + s + 3.0) - 1
        while rank >= 0 and keys[order[rank]] >= lane * LANE_STRIDE:
            other = state.actors[w, order[rank]]
            gap = s - other[S] - 0.5 * other[LENGTH]
            if gap > 40.0:
                break
            if gap < 2.0 or gap < other[SPEED] * TIME_GAP:
                return False
            rank -= 1
        if s < 60.0 and _tail_of_predecessors(w, n, lane, s, roads, state):
            return False
    return True


@kernel
def _tail_of_predecessors(w: int, n: int, lane: int, s: float, roads: Roads, state: State) -> bool:
    """Whether a vehicle whose next lane is `lane` is about to come to `s` on it."""
    for a in range(n):
        other = state.actors[w, a]
        if other[ALIVE] > 0.0 and int(other[DIRECTION]) == lane and other[LANE] >= 0.0:
            gap = s + roads.lane_length[int(other[LANE])] - other[S] - 0.5 * other[LENGTH]
            if gap < other[SPEED] * TIME_GAP:
                return True
        elif other[ALIVE] > 0.0 and other[DIRECTION] >= 0.0 and other[LANE] >= 0.0:
            # Two lanes back: a short one, as through a junction, lies between.
            middle = int(other[DIRECTION])
            first = roads.successor_start[middle]
            if first < roads.successor_start[middle + 1] and roads.successors[first] == lane:
                gap = s + roads.lane_length[middle] + roads.lane_length[int(other[LANE])] - other[S]
                if gap - 0.5 * other[LENGTH] < other[SPEED] * TIME_GAP:
                    return True
    return False


@kernel
def _cross(w: int, me: FloatArray, roads: Roads, state: State, dt: float) -> None:
    """One tick on a crossing."""
    crossing, end = int(me[GOAL]) // 2, int(me[GOAL]) % 2
    ends = roads.crossing_points[crossing]
    ax, ay, bx, by = ends[0], ends[1], ends[2], ends[3]
    if end == 1:
        ax, ay, bx, by = bx, by, ax, ay
    length = math.hypot(bx - ax, by - ay)
    me[SPEED] = walking_speed(me)
    me[S] += me[SPEED] * dt
    if me[S] >= length:
        lane = int(roads.crossing_ends[crossing, 1 - end, 0])
        me[GOAL] = -1.0
        me[LANE], me[S] = lane, roads.crossing_ends[crossing, 1 - end, 1]
        state.counter[w] += 1
        up = rng.uniform(state.key[w], state.counter[w]) < 0.5
        me[DIRECTION] = 1.0 if up else -1.0
        return
    share = me[S] / length
    me[X], me[Y] = ax + (bx - ax) * share, ay + (by - ay) * share
    me[Z], me[YAW] = roads.crossing_z[crossing], math.atan2(by - ay, bx - ax)


@kernel
def _wants_crossing(w: int, me: FloatArray, before: float, roads: Roads, state: State) -> int:
    """Crossing (crossing * 2 + end) that begins where the walker just passed; -1 for none."""
    lane = int(me[LANE])
    low, high = min(before, me[S]), max(before, me[S])
    for k in range(roads.walk_start[lane], roads.walk_start[lane + 1]):
        if low < roads.walk_s[k] <= high:
            other = roads.walk_crossing[k] // 2
            if roads.crossing_ends[other, 1 - roads.walk_crossing[k] % 2, 0] < 0.0:
                continue
            state.counter[w] += 1
            if rng.uniform(state.key[w], state.counter[w]) < CROSS_SHARE:
                return int(roads.walk_crossing[k])
    return -1


@kernel
def _wait(w: int, n: int, me: FloatArray, roads: Roads, state: State, dt: float) -> None:
    """One tick at the kerb: `GOAL` is -2 - (crossing * 2 + end) while waiting."""
    wish = -2 - int(me[GOAL])
    me[SPEED] = 0.0
    me[TIMER] += dt
    if road_is_clear(w, n, wish // 2, roads, state):
        me[GOAL], me[S], me[TIMER], me[LANE] = wish, 0.0, 0.0, -1.0
    elif me[TIMER] > WAIT_LIMIT:
        me[GOAL], me[TIMER] = -1.0, 0.0


@kernel
def _stroll(w: int, me: FloatArray, roads: Roads, state: State, dt: float) -> None:
    """One tick along the sidewalk; at its end onto the next one or back."""
    lane, before = int(me[LANE]), me[S]
    me[SPEED] = walking_speed(me)
    me[S] += me[DIRECTION] * me[SPEED] * dt
    if me[S] < 0.0 or me[S] > roads.lane_length[lane]:
        first = roads.successor_start[lane]
        if me[DIRECTION] > 0.0 and first < roads.successor_start[lane + 1]:
            me[LANE], me[S] = roads.successors[first], 0.0
        else:
            me[DIRECTION] = -me[DIRECTION]
            me[S] = min(max(me[S], 0.0), roads.lane_length[lane])
        return
    wish = _wants_crossing(w, me, before, roads, state)
    if wish >= 0:
        me[GOAL], me[TIMER] = -2.0 - wish, 0.0
    place_on_lane(roads, me, lane, me[S], me[LATERAL])
    me[Z] += KERB_HEIGHT
    if me[DIRECTION] < 0.0:
        me[YAW] += math.pi


@inlined_kernel
def walk(w: int, n: int, roads: Roads, state: State, rules: Rules) -> None:
    """Move the walkers of world `w` by one tick; they follow the ego and the vehicles."""
    dt = rules.tick
    for a in range(rules.first_walker, rules.everybody):
        me = state.actors[w, a]
        if me[ALIVE] == 0.0 or me[MOVER] != TRAFFIC:
            continue
        if me[GOAL] >= 0.0:
            state.crossing_busy[w, int(me[GOAL]) // 2] -= 1
            _cross(w, me, roads, state, dt)
        elif me[GOAL] <= -2.0:
            _wait(w, n, me, roads, state, dt)
        else:
            _stroll(w, me, roads, state, dt)
        if me[GOAL] >= 0.0:
            state.crossing_busy[w, int(me[GOAL]) // 2] += 1
        me[PHASE] = advance_phase(me[PHASE], me[SPEED] * dt / STRIDE * math.pi)
