"""Walkers: to and fro on sidewalks, and over the road at crosswalks when it looks free.

Those with `Flaw.JAYWALKS` cross elsewhere, too, and one in LOOKS_NOT of them without a look.

For a walker `Actor.NEXT_LANE` is its direction along the sidewalk (+1 or -1) and `Actor.GOAL`
is crossing * 2 + the end it came from while it crosses; `Actor.S` then counts along the crossing.
"""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.angles import advance_phase
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import KERB_HEIGHT
from roadworthy.sim.traffic.chance import draw
from roadworthy.sim.traffic.lookup import place_on_lane
from roadworthy.sim.world.columns import Actor, Flaw, Mover
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
FLAWS, WIDTH, JAYWALKS = int(Actor.FLAWS), int(Actor.WIDTH), int(Flaw.JAYWALKS)

# Distances from the ego beyond which a walker makes the steps of two ticks in one, and of four:
# 0.14 m at 30 m, 0.28 m at 70 m are a quarter of a degree, less than a camera's pixel.
FAR, FARTHER = 30.0, 70.0  # [m]
CROSS_SHARE = 0.35  # of the walkers who pass a crosswalk use it
TIME_GAP = 4.0  # [s] a vehicle must be away for a walker to step out
SIGHT = 60.0  # [m] walkers look so far along the road
WAIT_LIMIT = 12.0  # [s] then the walker gives the crossing up
STRIDE = 0.75  # [m] per step
PHASE_RATE = math.pi / STRIDE  # [rad/m]
JAYWALK_SHARE = 0.12  # of the jaywalkers who pass a place to cross use it
LOOKS_NOT = 8.0  # one in so many of them does not look first
BODY_SPARE = 0.4  # [m] kept from a body in the way
STEP = 0.5  # [m] ahead that one looks where one sets one's foot
CROSSING_REACH = 4.0  # [m] along a lane from a crossing's middle its walkers may be


@inlined_kernel
def walking_speed(actor: FloatArray) -> float:
    """Speed [m/s]; 1.1 to 1.7, around the 1.4 of the Highway Capacity Manual's pedestrians."""
    return float(1.1 + 0.6 * actor[TEMPER])


@kernel
def road_is_clear(w: int, crossing: int, roads: Roads, state: State) -> bool:
    """Whether no vehicle reaches `crossing` within TIME_GAP."""
    for k in range(roads.crossed_start[crossing], roads.crossed_start[crossing + 1]):
        lane, s = roads.crossed_lane[k], roads.crossed_s[k]
        if comes_to(w, lane, s, -1, roads, state):
            return False
        if s > SIGHT:
            continue
        for p in range(roads.predecessor_start[lane], roads.predecessor_start[lane + 1]):
            before = roads.predecessors[p]
            rest = s + roads.lane_length[before]
            if comes_to(w, before, rest, lane, roads, state):
                return False
            if rest > SIGHT:
                continue
            # Two lanes back: a short one, as through a junction, lies between.
            for q in range(roads.predecessor_start[before], roads.predecessor_start[before + 1]):
                first = roads.predecessors[q]
                if comes_to(w, first, rest + roads.lane_length[first], before, roads, state):
                    return False
    return True


@inlined_kernel
def comes_to(w: int, lane: int, s: float, following: int, roads: Roads, state: State) -> bool:
    """Whether somebody on `lane` who goes on to `following` (-1: any) is soon at `s` [m]."""
    place = state.head[w, lane]
    while place >= 0 and place < state.placed[w] and state.order_lane[w, place] == lane:
        other = state.actors[w, state.order[w, place]]
        gap = s - state.order_s[w, place]
        half = 0.5 * other[LENGTH]
        heads_there = following < 0 or int(other[DIRECTION]) == following
        if heads_there and -half - 3.0 < gap < SIGHT:
            nearest = max(other[SPEED] * TIME_GAP, 2.0 if following < 0 else 0.0)
            if gap - half < nearest:
                return True
        place += 1
    return False


@inlined_kernel
def body_in_way(
    w: int, me: FloatArray, crossing: int, c: float, s: float, roads: Roads, state: State
) -> bool:
    """Whether a vehicle's body is right before a walker who walks along (c, s) on `crossing`."""
    for k in range(roads.crossed_start[crossing], roads.crossed_start[crossing + 1]):
        lane, at = roads.crossed_lane[k], roads.crossed_s[k]
        place = state.head[w, lane]
        while 0 <= place < state.placed[w] and state.order_lane[w, place] == lane:
            other = state.actors[w, state.order[w, place]]
            if abs(state.order_s[w, place] - at) < 0.5 * other[LENGTH] + CROSSING_REACH:
                dx, dy = other[X] - me[X], other[Y] - me[Y]
                if dx * c + dy * s > 0.0 and _steps_into(dx - c * STEP, dy - s * STEP, other):
                    return True
            place += 1
    return False


@inlined_kernel
def _steps_into(dx: float, dy: float, other: FloatArray) -> bool:
    """Whether a walker from whom a vehicle's centre is at (dx, dy) would be in its body."""
    c, s = math.cos(other[YAW]), math.sin(other[YAW])
    along, aside = abs(dx * c + dy * s), abs(dy * c - dx * s)
    return bool(
        along < 0.5 * other[LENGTH] + BODY_SPARE and aside < 0.5 * other[WIDTH] + BODY_SPARE
    )


@inlined_kernel
def _cross(w: int, me: FloatArray, decides: bool, roads: Roads, state: State, dt: float) -> None:
    """One tick on a crossing."""
    crossing, end = int(me[GOAL]) // 2, int(me[GOAL]) % 2
    ends = roads.crossing_points[crossing]
    ax, ay, bx, by = ends[0], ends[1], ends[2], ends[3]
    if end == 1:
        ax, ay, bx, by = bx, by, ax, ay
    length = math.hypot(bx - ax, by - ay)
    if decides:
        blocked = body_in_way(w, me, crossing, (bx - ax) / length, (by - ay) / length, roads, state)
        me[SPEED] = 0.0 if blocked else walking_speed(me)
    me[S] += me[SPEED] * dt
    if me[S] >= length:
        lane = int(roads.crossing_ends[crossing, 1 - end, 0])
        me[GOAL] = -1.0
        me[LANE], me[S] = lane, roads.crossing_ends[crossing, 1 - end, 1]
        me[DIRECTION] = 1.0 if draw(w, state) < 0.5 else -1.0
        return
    share = me[S] / length
    me[X], me[Y] = ax + (bx - ax) * share, ay + (by - ay) * share
    me[Z], me[YAW] = roads.crossing_z[crossing], math.atan2(by - ay, bx - ax)


@inlined_kernel
def _wants_crossing(w: int, me: FloatArray, before: float, roads: Roads, state: State) -> int:
    """Crossing (crossing * 2 + end) that begins where the walker just passed; -1 for none."""
    lane = int(me[LANE])
    low, high = min(before, me[S]), max(before, me[S])
    jaywalks = int(me[FLAWS]) & JAYWALKS != 0
    first, last = roads.lane_start[lane], roads.lane_start[lane + 1] - 1
    point = first + int(np.float64(low) * roads.point_rate[lane])
    k, end = roads.walk_ahead[min(max(point, first), last)], roads.walk_start[lane + 1]
    while k < end and roads.walk_s[k] <= low:
        k += 1
    while k < end and roads.walk_s[k] <= high:
        wish = int(roads.walk_crossing[k])
        marked = wish // 2 < roads.crosswalks
        leads_on = roads.crossing_ends[wish // 2, 1 - wish % 2, 0] >= 0.0
        share = CROSS_SHARE if marked else JAYWALK_SHARE
        if leads_on and (marked or jaywalks) and draw(w, state) < share:
            return wish
        k += 1
    return -1


@inlined_kernel
def _wait(w: int, me: FloatArray, decides: bool, roads: Roads, state: State, dt: float) -> None:
    """One tick at the kerb: `GOAL` is -2 - (crossing * 2 + end) while waiting."""
    wish = -2 - int(me[GOAL])
    me[SPEED] = 0.0
    me[TIMER] += dt
    if not decides:
        return
    looks = wish // 2 < roads.crosswalks or draw(w, state) * LOOKS_NOT > 1.0
    if not looks or road_is_clear(w, wish // 2, roads, state):
        me[GOAL], me[S], me[TIMER], me[LANE] = wish, 0.0, 0.0, -1.0
    elif me[TIMER] > WAIT_LIMIT:
        me[GOAL], me[TIMER] = -1.0, 0.0


@inlined_kernel
def _stroll(w: int, me: FloatArray, decides: bool, roads: Roads, state: State, dt: float) -> None:
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
    wish = -1
    if decides:
        wish = _wants_crossing(w, me, me[S] - 2.0 * (me[S] - before), roads, state)
    if wish >= 0:
        me[GOAL], me[TIMER] = -2.0 - wish, 0.0
    place_on_lane(roads, me, lane, me[S], me[LATERAL])
    me[Z] += KERB_HEIGHT
    if me[DIRECTION] < 0.0:
        me[YAW] += math.pi


@inlined_kernel
def walk(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Move the walkers of world `w` by one tick; they follow the ego and the vehicles.

    Those far from the ego make the steps of two ticks in one, see `motion.move`; those
    farther away the steps of four, half of them at one decision and half at the next.
    """
    decides, ego, ahead = state.frame[w] % 2 == 0, state.actors[w, 0], state.ahead[w]
    decision = state.frame[w] // 2
    for a in range(rules.first_walker, rules.everybody):
        me = state.actors[w, a]
        if ahead[a] and not decides:
            ahead[a] = False
            continue
        if me[ALIVE] == 0.0 or me[MOVER] != TRAFFIC:
            continue
        dt = rules.tick
        if decides:
            dx, dy = me[X] - ego[X], me[Y] - ego[Y]
            square = dx * dx + dy * dy
            ahead[a] = square > FAR * FAR
            if square > FARTHER * FARTHER:
                if (decision + a) % 2 == 1:
                    continue
                dt *= 4.0
            elif ahead[a]:
                dt += dt
        if me[GOAL] >= 0.0:
            state.crossing_busy[w, int(me[GOAL]) // 2] -= 1
            _cross(w, me, decides, roads, state, dt)
        elif me[GOAL] <= -2.0:
            _wait(w, me, decides, roads, state, dt)
        else:
            _stroll(w, me, decides, roads, state, dt)
        if me[GOAL] >= 0.0:
            state.crossing_busy[w, int(me[GOAL]) // 2] += 1
        me[PHASE] = advance_phase(me[PHASE], me[SPEED] * dt * PHASE_RATE)
