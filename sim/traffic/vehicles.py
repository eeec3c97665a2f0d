"""What the traffic's vehicles decide at 10 Hz; `motion` carries it out."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import inlined_kernel
from roadworthy.sim.road.network import Point, SignalKind, Turn
from roadworthy.sim.traffic.flaws import LATE_BRAKE, RED_RUN, RUNS_RED, brake_late
from roadworthy.sim.traffic.following import (
    FREE,
    GAP,
    beside_leader,
    idm,
    leader,
    stranger_ahead,
    wanted_speed,
)
from roadworthy.sim.traffic.junctions import YELLOW_BRAKE, hold_line
from roadworthy.sim.traffic.lane_change import (
    begin_change,
    wish_to_change,
)
from roadworthy.sim.traffic.lights import red_since
from roadworthy.sim.traffic.lookup import point_at
from roadworthy.sim.traffic.motion import FAR, plan_way
from roadworthy.sim.traffic.right_of_way import grant, occupied_zone
from roadworthy.sim.world.columns import Actor, Lamp, Light, Mover
from roadworthy.sim.world.layout import Roads, Rules, State

SPEED, YAW, LENGTH, ALIVE, LANE, S, LATERAL, GOAL, MOVER, OTHER_LANE = (
    int(Actor.SPEED),
    int(Actor.YAW),
    int(Actor.LENGTH),
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.GOAL),
    int(Actor.MOVER),
    int(Actor.OTHER_LANE),
)
X, Y, WIDTH, LAMPS, FLAWS = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.WIDTH),
    int(Actor.LAMPS),
    int(Actor.FLAWS),
)
P_WIDTH = int(Point.WIDTH)
STRAIGHT, RIGHT = int(Turn.STRAIGHT), int(Turn.RIGHT)
LEFT_BLINKER, RIGHT_BLINKER = int(Lamp.LEFT_BLINKER), int(Lamp.RIGHT_BLINKER)
LIGHT = int(SignalKind.LIGHT)
GREEN, OFF, YELLOW = int(Light.GREEN), int(Light.OFF), int(Light.YELLOW)
TRAFFIC = int(Mover.TRAFFIC)

FARTHER = 100.0  # [m] from the ego
LOOKS_ASIDE = 3  # full decisions from one look at the lanes beside to the next
BLINK_BEFORE = 30.0  # [m] of a turn
SIREN_REACH = 60.0  # [m] from which an emergency vehicle behind is heard and seen
SIREN_WIDTH = 6.0  # [m] to either side
SIREN_PACE = 0.5  # of the speed that one would drive otherwise
BEFORE_LINE = 0.5  # [m] to a line at which one stands


@inlined_kernel
def light_gap(w: int, a: int, roads: Roads, state: State) -> float:
    """Gap [m] to the first red or yellow light on this lane that one can still stop at."""
    me = state.actors[w, a]
    lane, speed, runs = int(me[LANE]), me[SPEED], int(me[FLAWS]) & RUNS_RED != 0
    front = me[S] + 0.5 * me[LENGTH]
    best = FREE
    for k in range(roads.stop_start[lane], roads.stop_start[lane + 1]):
        gap = roads.stop_s[k] - front
        signal = roads.stop_signal[k]
        if gap < -1.0 or roads.signal_kind[signal] != LIGHT:
            continue
        light = state.lights[w, signal]
        if light in (GREEN, OFF):
            continue
        if light == YELLOW and (runs or speed * speed > 2.0 * YELLOW_BRAKE * max(gap, 0.0)):
            continue  # too near to stop in comfort: go through
        if runs and red_since(w, signal, roads, state) < RED_RUN:
            continue
        best = min(best, gap)
    return best


@inlined_kernel
def crossing_gap(w: int, a: int, roads: Roads, state: State) -> float:
    """Gap [m] to the first crossing ahead that somebody walks on, here or on the next lane."""
    me = state.actors[w, a]
    lane, begin = int(me[LANE]), -(me[S] + 0.5 * me[LENGTH]) - 1.0
    best = FREE
    for hop in range(2):
        for k in range(roads.crosslane_start[lane], roads.crosslane_start[lane + 1]):
            gap = begin + roads.crosslane_s[k, 0]
            if gap > -1.0 and state.crossing_busy[w, roads.crosslane_crossing[k]] > 0:
                best = min(best, gap)
        begin += roads.lane_length[lane]
        lane = state.way[w, a, 0]
        if hop == 0 and lane < 0:
            break
    return best


@inlined_kernel
def stop_gap(w: int, a: int, crossed: bool, roads: Roads, state: State) -> float:
    """Gap [m] to the first line ahead where the vehicle must stop now; FREE where none.

    `crossed`: somebody walks on some crossing of this world.
    """
    me = state.actors[w, a]
    lane, entry = int(me[LANE]), state.entry[w, a]
    front = me[S] + 0.5 * me[LENGTH]
    best = FREE
    if roads.stop_start[lane] < roads.stop_start[lane + 1]:
        best = light_gap(w, a, roads, state)
    if crossed:
        best = min(best, crossing_gap(w, a, roads, state))
    if state.way[w, a, 0] < 0:
        best = min(best, roads.lane_length[lane] - front - 1.0)
    if entry >= 0 and int(me[GOAL]) != entry:
        if state.entry_hop[w, a] == 0:
            line, _ = hold_line(lane, front, roads)
            best = min(best, line - front)
        else:
            best = min(best, state.entry_gap[w, a] - 1.0)
    if entry >= 0 or roads.lane_junction[lane] >= 0:
        best = min(best, occupied_zone(w, a, roads, state) - 1.0)
    return best


@inlined_kernel
def decide_one(w: int, a: int, crossed: bool, roads: Roads, state: State) -> float:
    """Acceleration [m/s^2] that vehicle `a` wants from now on."""
    me, driver = state.actors[w, a], state.driver[w, a]
    wanted = wanted_speed(roads, me, driver)
    if state.siren[w] >= 0:
        wanted = make_way(w, a, wanted, roads, state)
    gap, speed = leader(w, a, roads, state)
    accel = idm(me[SPEED], wanted, gap, speed, driver)
    if me[OTHER_LANE] >= 0.0:
        gap, speed = beside_leader(w, a, roads, state)
        accel = min(accel, idm(me[SPEED], wanted, gap, speed, driver))
    if state.stranger_count[w] > 0:
        gap, speed = stranger_ahead(w, a, state)
        accel = min(accel, idm(me[SPEED], wanted, gap, speed, driver))
    line = stop_gap(w, a, crossed, roads, state)
    if line < FREE:
        gap = max(line + GAP - BEFORE_LINE, 0.1)
        accel = min(accel, idm(me[SPEED], wanted, gap, 0.0, driver))
    if int(me[FLAWS]) & LATE_BRAKE != 0:
        accel = brake_late(accel, me[SPEED])
    return accel


@inlined_kernel
def make_way(w: int, a: int, wanted: float, roads: Roads, state: State) -> float:
    """Pull aside for an emergency vehicle that comes from behind; returns the speed wanted now."""
    me, other = state.actors[w, a], state.actors[w, state.siren[w]]
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    dx, dy = other[X] - me[X], other[Y] - me[Y]
    ahead, beside = dx * c + dy * s, abs(dy * c - dx * s)
    same_way = math.cos(other[YAW] - me[YAW]) > 0.5
    if same_way and -SIREN_REACH < ahead < 0.5 * me[LENGTH] and beside < SIREN_WIDTH:
        i, _ = point_at(roads, int(me[LANE]), me[S])
        room = max(0.5 * (roads.points[i, P_WIDTH] - me[WIDTH]), 0.0)
        if me[OTHER_LANE] < 0.0:
            state.aim[w, a] = room
        return SIREN_PACE * wanted
    if me[OTHER_LANE] < 0.0:
        state.aim[w, a] = 0.0
    return wanted


@inlined_kernel
def blink(w: int, a: int, roads: Roads, state: State) -> None:
    """Set the blinkers before a turn or a change of lanes, and while it lasts."""
    me, lamps = state.actors[w, a], 0
    lane, turns = int(me[LANE]), -1
    if roads.lane_junction[lane] >= 0:
        turns = lane
    elif state.entry[w, a] >= 0 and state.entry_gap[w, a] < BLINK_BEFORE:
        turns = state.entry[w, a]
    if turns >= 0:
        turn = roads.lane_turn[turns]
        if turn == RIGHT:
            lamps = RIGHT_BLINKER
        elif turn != STRAIGHT:
            lamps = LEFT_BLINKER
    if me[OTHER_LANE] >= 0.0:
        lamps = LEFT_BLINKER if me[LATERAL] > 0.0 else RIGHT_BLINKER
    elif state.intent[w, a] >= 0:
        left = state.intent[w, a] == roads.lane_left[lane]
        lamps = LEFT_BLINKER if left else RIGHT_BLINKER
    me[LAMPS] = int(me[LAMPS]) & ~(LEFT_BLINKER | RIGHT_BLINKER) | lamps


@inlined_kernel
def change_lanes(w: int, a: int, roads: Roads, state: State) -> None:
    """Wish for another lane, or carry out the wish of the last look if it still holds."""
    target = wish_to_change(w, a, roads, state)
    if target >= 0 and target == state.intent[w, a]:
        begin_change(w, a, target, roads, state)
        plan_way(w, a, 0, roads, state)
        state.entry[w, a] = -1
    else:
        state.intent[w, a] = target


@inlined_kernel
def _who_decides(w: int, state: State, rules: Rules) -> int:
    """List in `turn` who decides now; their number. Without a branch, see `motion`."""
    decision, ego = state.frame[w] // 2, state.actors[w, 0]
    full, count = decision % 2 == 0, 0
    for a in range(1, rules.vehicles + 1):
        me = state.actors[w, a]
        dx, dy = me[X] - ego[X], me[Y] - ego[Y]
        square = dx * dx + dy * dy
        near = (square <= FARTHER * FARTHER) | ((decision // 2 + a) % 2 == 0)
        near = near & (full | (square <= FAR * FAR))
        state.turn[w, count] = a
        count += (me[ALIVE] != 0.0) & (me[MOVER] == TRAFFIC) & near
    return count


@inlined_kernel
def decide(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Set `state.target[w]` for the vehicles of the traffic from the state before the tick.

    Every second decision is a full one, right after a survey of the junctions. In between only
    those near the ego decide, on the notes of that survey. Those FARTHER away take part in half
    of the full ones, 0.4 s apart: drivers take 0.5 s and more to react, and nobody sees it from
    there, for they move on as often as others.
    """
    crossed, decision = False, state.frame[w] // 2
    full = decision % 2 == 0
    for a in range(rules.first_walker, rules.everybody):
        crossed = crossed or state.actors[w, a, GOAL] >= 0.0
    for k in range(_who_decides(w, state, rules)):
        a = state.turn[w, k]
        grant(w, a, roads, state)
        if full and (decision // 2 + a) % LOOKS_ASIDE == 0:
            if roads.changes:
                change_lanes(w, a, roads, state)
            blink(w, a, roads, state)
        state.target[w, a] = decide_one(w, a, crossed, roads, state)
