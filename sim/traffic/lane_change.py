"""Lane changes: MOBIL (Kesting, Treiber, Helbing, Transportation Research Record 1999, 2007).

A driver changes where the marks allow it, the new follower need not brake hard, and the
acceleration gained, less a share of what the followers lose, is worth it. It must change where
its lane ends. The wish is signalled first and carried out if it still holds when it is looked at
again. From then on the vehicle belongs to the new lane, and overlaps the old one
(`Actor.OTHER_LANE`) until its body has crossed over: both lanes' followers see it.
"""

from __future__ import annotations

import math

from roadworthy.sim.kernel import inlined_kernel
from roadworthy.sim.traffic.following import FREE, idm, leader, wanted_speed
from roadworthy.sim.traffic.kinds import D_BRAVERY
from roadworthy.sim.traffic.lookup import point_at, s_beside
from roadworthy.sim.world.columns import Actor, Flaw
from roadworthy.sim.world.layout import Roads, State
from roadworthy.sim.world.stretches import Stretch

X, Y, SPEED, LENGTH, LANE, S, LATERAL, OTHER_LANE, LATERAL_SPEED, GOAL, FLAWS = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.OTHER_LANE),
    int(Actor.LATERAL_SPEED),
    int(Actor.GOAL),
    int(Actor.FLAWS),
)
T_X, T_Y, T_DX, T_DY, T_RIGHT_X, T_RIGHT_Y = (
    int(Stretch.X),
    int(Stretch.Y),
    int(Stretch.DX),
    int(Stretch.DY),
    int(Stretch.RIGHT_X),
    int(Stretch.RIGHT_Y),
)
NO_LOOK = int(Flaw.NO_LOOK)

POLITENESS = 0.2  # MOBIL's p, within its usual 0.2 to 0.5
THRESHOLD = 0.3  # [m/s^2] gain that is worth the trouble
MUST = 50.0  # [m/s^2] worth of leaving a lane that ends
STILL_AHEAD = 25.0  # [m] of the lane, and 2 s at the present speed: else it is not worth it
CHANGE_TIME = 3.0  # [s] from lane to lane; drivers take 3 to 5 (Toledo, Zohar 2007)
SLANT = 0.3  # a body moves aside by at most this share of its speed
STANDING_ROOM = 1.5  # [m] to both neighbours at least
ASIDE = 0.5  # [m] from its place in the lane a body may reach into the next one
SIGHT_BACK = 60.0  # [m] followers are looked for


@inlined_kernel
def _look_behind(
    w: int, a: int, lane: int, s: float, roads: Roads, state: State
) -> tuple[float, float, float, float]:
    """Gaps [m] and speeds of the neighbours on `lane` before and behind place `s`.

    The gap to the follower is negative where bodies would overlap.
    """
    me = state.actors[w, a]
    half = 0.5 * me[LENGTH]
    ahead, ahead_speed, behind, behind_speed = FREE, 0.0, FREE, 0.0
    place = state.head[w, lane]
    while 0 <= place < state.placed[w] and state.order_lane[w, place] == lane:
        b = state.order[w, place]
        if b != a:
            other = state.actors[w, b]
            apart = state.order_s[w, place] - s
            room = abs(apart) - half - 0.5 * other[LENGTH]
            if apart >= 0.0:
                ahead, ahead_speed = room, other[SPEED]
                break
            behind, behind_speed = room, other[SPEED]
        place += 1
    rest = roads.lane_length[lane] - s
    if ahead >= FREE and roads.successor_start[lane] < roads.successor_start[lane + 1]:
        following = roads.successors[roads.successor_start[lane]]
        first = state.head[w, following]
        if first >= 0:
            other = state.actors[w, state.order[w, first]]
            ahead = rest + state.order_s[w, first] - half - 0.5 * other[LENGTH]
            ahead_speed = other[SPEED]
    if behind >= FREE and s < SIGHT_BACK:
        for k in range(roads.predecessor_start[lane], roads.predecessor_start[lane + 1]):
            before = roads.predecessors[k]
            place = state.head[w, before]
            while 0 <= place < state.placed[w] and state.order_lane[w, place] == before:
                other = state.actors[w, state.order[w, place]]
                room = s + roads.lane_length[before] - state.order_s[w, place]
                room -= half + 0.5 * other[LENGTH]
                if state.order[w, place] != a and room < behind:
                    behind, behind_speed = room, other[SPEED]
                place += 1
    return ahead, ahead_speed, behind, behind_speed


@inlined_kernel
def gain_of(w: int, a: int, target: int, must: bool, roads: Roads, state: State) -> float:
    """What a change to lane `target` is worth [m/s^2]; below 0 where it is not to be done."""
    me, driver = state.actors[w, a], state.driver[w, a]
    lane = int(me[LANE])
    s = s_beside(roads, lane, me[S], target)
    front, front_speed, back, back_speed = _look_behind(w, a, target, s, roads, state)
    speed = me[SPEED]
    if front < STANDING_ROOM or back < STANDING_ROOM:
        return -1.0
    # Drivers judge others by themselves, so the follower's part is reckoned with the own row.
    follower = idm(back_speed, max(back_speed, 3.0), back, speed, driver)
    blind = int(me[FLAWS]) & NO_LOOK != 0
    if back < FREE and follower < -driver[D_BRAVERY] and not blind:
        return -1.0
    wanted = wanted_speed(roads, me, driver)
    beside = idm(speed, wanted, front, front_speed, driver)
    if beside < -2.0 * driver[D_BRAVERY]:
        return -1.0
    if must:
        return MUST
    gap, leader_speed = leader(w, a, roads, state)
    here = idm(speed, wanted, gap, leader_speed, driver)
    loss = min(follower, 0.0) if back < FREE else 0.0
    return beside - here + POLITENESS * loss - THRESHOLD


@inlined_kernel
def wish_to_change(w: int, a: int, roads: Roads, state: State) -> int:
    """Neighbour lane that vehicle `a` would rather be on; -1: it stays."""
    me = state.actors[w, a]
    lane = int(me[LANE])
    left = roads.lane_left[lane] if roads.lane_change_left[lane] else -1
    right = roads.lane_right[lane] if roads.lane_change_right[lane] else -1
    if (left < 0 and right < 0) or me[OTHER_LANE] >= 0.0 or roads.lane_junction[lane] >= 0:
        return -1
    must = state.way[w, a, 0] < 0
    rest = roads.lane_length[lane] - me[S]
    entry = state.entry[w, a]
    if not must:
        if rest < STILL_AHEAD + 2.0 * me[SPEED] or (entry >= 0 and int(me[GOAL]) == entry):
            return -1
        if me[LATERAL] != 0.0:
            return -1
    best, target = 0.0, -1
    if left >= 0 and not roads.dead_end[left]:
        gain = gain_of(w, a, left, must, roads, state)
        if gain > best:
            best, target = gain, left
    if right >= 0 and not roads.dead_end[right]:
        gain = gain_of(w, a, right, must, roads, state)
        if gain > best:
            best, target = gain, right
    return target


@inlined_kernel
def begin_change(w: int, a: int, target: int, roads: Roads, state: State) -> None:
    """Make vehicle `a` one of lane `target`; its body is still beside it."""
    me = state.actors[w, a]
    lane = int(me[LANE])
    s = min(s_beside(roads, lane, me[S], target), roads.lane_length[target])
    i, share = point_at(roads, target, s)
    here = roads.stretches[i]
    x, y = here[T_X] + here[T_DX] * share, here[T_Y] + here[T_DY] * share
    lateral = here[T_RIGHT_X] * (me[X] - x) + here[T_RIGHT_Y] * (me[Y] - y)
    me[LANE], me[S], me[OTHER_LANE], me[LATERAL] = target, s, lane, lateral
    me[LATERAL_SPEED] = -lateral / CHANGE_TIME
    me[GOAL] = -1.0
    state.aim[w, a] = 0.0
    state.intent[w, a] = -1


@inlined_kernel
def slide_aside(w: int, a: int, dt: float, state: State) -> float:
    """Move vehicle `a` sideways towards its aim; returns the slant of its body [rad]."""
    me = state.actors[w, a]
    rest = state.aim[w, a] - me[LATERAL]
    if rest == 0.0:
        me[LATERAL_SPEED] = 0.0
        return 0.0
    rate = max(abs(me[LATERAL_SPEED]), 0.4)
    rate = min(rate, SLANT * me[SPEED])
    step = min(rate * dt, abs(rest))
    me[LATERAL] += step if rest > 0.0 else -step
    me[LATERAL_SPEED] = rate if rest > 0.0 else -rate
    if step == abs(rest):
        me[LATERAL], me[OTHER_LANE] = state.aim[w, a], -1.0
        me[LATERAL_SPEED] = 0.0
        return 0.0
    # The body slants as its path does; the last half metre straightens it out.
    return math.atan2(me[LATERAL_SPEED] * min(2.0 * abs(rest), 1.0), max(me[SPEED], 1.0))


@inlined_kernel
def other_lane_ahead(w: int, a: int, roads: Roads, state: State) -> None:
    """Follow the second lane of a changing vehicle over the end of its section.

    In a junction there may be none; who still is not over finds it again behind.
    """
    me, aside = state.actors[w, a], state.actors[w, a, LATERAL] - state.aim[w, a]
    if me[OTHER_LANE] < 0.0 and abs(aside) < ASIDE:
        return
    lane = int(me[LANE])
    me[OTHER_LANE] = roads.lane_left[lane] if aside < 0.0 else roads.lane_right[lane]
