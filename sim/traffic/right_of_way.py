"""Right of way: who may enter a junction, and which conflict zones must be free first.

A vehicle asks while it can still stop in comfort. For each conflict zone of its way through the
junction: nobody may be committed to the other lane, or be on it and not yet past the zone
(unless it will be past in time); and who goes before it there must not arrive before it has left
the zone, with a margin that depends on the driver's temper. From a stand at the line that makes
critical gaps of about 4 to 7 s, as in the Highway Capacity Manual (2010, exhibit 19-10: 4.1 s for
a left turn from the major road, 6.2 to 7.1 s from the minor one).

Where nobody goes first by rule, who has waited longer does, or arrives earlier; the lane's number
breaks ties. Who stands at its line for LOSES_TURN without going is not waited for any more. So
somebody can always go.

Inside, a zone that is occupied is an obstacle like any other, right of way or not.
"""

from __future__ import annotations

import math

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.traffic.following import FREE
from roadworthy.sim.traffic.junctions import (
    ARRIVAL,
    CLAIMS,
    LEAVING,
    NEVER,
    WAITED,
    claim,
    exit_is_free,
    hold_line,
    is_first,
    lights_open,
)
from roadworthy.sim.traffic.kinds import D_ACCEL, D_MARGIN
from roadworthy.sim.traffic.lookup import drives_on
from roadworthy.sim.world.columns import Actor, Flaw
from roadworthy.sim.world.layout import Roads, State

SPEED, LENGTH, LANE, S, GOAL, FLAWS = (
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.GOAL),
    int(Actor.FLAWS),
)
NO_LOOK, RUNS_RED = int(Flaw.NO_LOOK), int(Flaw.RUNS_RED)

APPROACH_BRAKE = 2.0  # [m/s^2] a vehicle asks while it can still stop so gently
APPROACH_SPARE = 8.0  # [m] and this much before
FULL_STOP = 0.8  # [s] stood at a stop sign
LOSES_TURN = 5.0  # [s] who stands so long at its line without going is not waited for
ZONE_SPEED = 8.0  # [m/s] with which others are taken to cross the junction, or the limit
PATIENCE = 0.04  # of the margin is lost with each second of waiting
CLEARS = 0.4  # [s] before one arrives, the one before must be past the zone
BODY_SPARE = 0.5  # [m] kept before a zone that is occupied


@kernel
def time_to_drive(distance: float, speed: float, accel: float) -> float:
    """Seconds for `distance` [m] from `speed` [m/s] under `accel` [m/s^2] > 0."""
    return (math.sqrt(speed * speed + 2.0 * accel * max(distance, 0.0)) - speed) / accel


@inlined_kernel
def zone_is_passed(
    w: int, a: int, mine: int, lane: int, leave: float, within: float, roads: Roads, state: State
) -> bool:
    """Whether all on `lane` but `a` are past `leave` [m], or will be `within` so many seconds.

    `mine`: the lane of `a` that has a zone in common with `lane`.
    """
    place = state.head[w, lane]
    while place >= 0 and place < state.placed[w] and state.order_lane[w, place] == lane:
        b = state.order[w, place]
        rest = leave - state.order_s[w, place] + 0.5 * state.actors[w, b, LENGTH]
        if b != a and rest > 0.0 and drives_on(state.actors[w, b], lane):
            speed = state.actors[w, b, SPEED]
            if speed < 1.0 or rest > speed * (within - CLEARS):
                return False
        place += 1
    return merges_there(mine, lane, leave, roads) or bool(state.notes[w, lane, LEAVING] >= leave)


@inlined_kernel
def merges_there(mine: int, lane: int, leave: float, roads: Roads) -> bool:
    """Whether two lanes join at the end of their zone: who has left `lane` is a leader then."""
    one, two = roads.successor_start[mine], roads.successor_start[lane]
    if one == roads.successor_start[mine + 1] or two == roads.successor_start[lane + 1]:
        return False
    joins = roads.successors[one] == roads.successors[two]
    return bool(joins and leave >= roads.lane_length[lane] - 0.5)


@inlined_kernel
def _gives_way(
    w: int, a: int, lane: int, k: int, arrive: float, clear: float, roads: Roads, state: State
) -> bool:
    """Whether `a` must let those come first who have yet to enter the other lane of zone `k`.

    `arrive` [s] it needs to its lane, `clear` [s] until its tail has left the zone.
    """
    other = roads.conflict_lane[k]
    note = state.notes[w, other]
    priority, waited = roads.conflict_priority[k], state.wait[w, a]
    if note[ARRIVAL] >= NEVER or priority > 0:
        return False
    if note[WAITED] > LOSES_TURN:
        return False
    margin = state.driver[w, a, D_MARGIN] - PATIENCE * waited
    pace = max(roads.lane_limit[other], ZONE_SPEED)
    in_time = note[ARRIVAL] + roads.conflict_s[k, 2] / pace > clear + margin
    if priority < 0:
        return note[WAITED] > 0.0 or not in_time
    if note[WAITED] > 0.0 or waited > 0.0:
        first = note[WAITED] > waited or (note[WAITED] == waited and other < lane)
    else:
        first = note[ARRIVAL] < arrive or (note[ARRIVAL] == arrive and other < lane)
    return first and not in_time


@inlined_kernel
def may_enter(w: int, a: int, looks: bool, roads: Roads, state: State) -> bool:
    """Whether `a` may go through the junction at its entry now."""
    me, hop, entry = state.actors[w, a], state.entry_hop[w, a], state.entry[w, a]
    junction = roads.lane_junction[entry]
    if not exit_is_free(w, a, entry, hop, roads, state):
        return False
    own = 1 if state.notes[w, entry, ARRIVAL] < NEVER else 0
    if state.crowd[w, junction] <= own:
        return True  # nobody else is there
    speed, accel = me[SPEED], state.driver[w, a, D_ACCEL]
    begin, lane = state.entry_gap[w, a], entry
    arrive = max(begin, 0.0) / max(speed, 3.0)
    while True:
        for k in range(roads.conflict_start[lane], roads.conflict_start[lane + 1]):
            other = roads.conflict_lane[k]
            if state.notes[w, other, CLAIMS] > 0.0:
                return False
            there = time_to_drive(begin + roads.conflict_s[k, 0], speed, accel)
            leave = roads.conflict_s[k, 3]
            if not zone_is_passed(w, a, lane, other, leave, there, roads, state):
                return False
            if looks and state.notes[w, other, ARRIVAL] < NEVER:
                clear = time_to_drive(begin + roads.conflict_s[k, 1] + me[LENGTH], speed, accel)
                if _gives_way(w, a, lane, k, arrive, clear, roads, state):
                    return False
        begin += roads.lane_length[lane]
        hop += 1
        if hop >= state.way.shape[2]:  # nearer, it will know the rest of its way through
            return bool(state.entry_hop[w, a] == 0)
        lane = state.way[w, a, hop]
        if lane < 0 or roads.lane_junction[lane] != junction:
            return True


@inlined_kernel
def grant(w: int, a: int, roads: Roads, state: State) -> None:
    """Let `a` enter the next junction if it may; it is committed to it from then on."""
    me, entry = state.actors[w, a], state.entry[w, a]
    gap = state.entry_gap[w, a]
    if entry < 0 or int(me[GOAL]) == entry:
        return
    if gap > me[SPEED] * me[SPEED] / (2.0 * APPROACH_BRAKE) + APPROACH_SPARE:
        return
    if not lights_open(w, a, roads, state) or not is_first(w, a, roads, state):
        return
    lane, hop = int(me[LANE]), state.entry_hop[w, a]
    if hop == 0:
        _, must_stop = hold_line(lane, me[S] + 0.5 * me[LENGTH], roads)
        if must_stop and int(me[FLAWS]) & RUNS_RED == 0 and state.wait[w, a] < FULL_STOP:
            return
    looks = int(me[FLAWS]) & NO_LOOK == 0
    if not may_enter(w, a, looks, roads, state):
        return
    me[GOAL] = entry
    junction = roads.lane_junction[entry]
    state.crowd[w, junction] += 1
    claim(w, a, hop, junction, roads, state)


@inlined_kernel
def occupied_zone(w: int, a: int, roads: Roads, state: State) -> float:
    """Gap [m] to the first conflict zone ahead in which somebody is or stands; FREE where none."""
    me = state.actors[w, a]
    lane, begin = int(me[LANE]), -(me[S] + 0.5 * me[LENGTH])
    reach = 6.0 + me[SPEED] * me[SPEED] / 4.0
    best = FREE
    for hop in range(-1, state.way.shape[2]):
        if hop >= 0:
            begin += roads.lane_length[lane]
            lane = state.way[w, a, hop]
            if lane < 0 or begin > reach:
                return best
        junction = roads.lane_junction[lane]
        if junction < 0 or state.crowd[w, junction] <= 1:
            continue
        for k in range(roads.conflict_start[lane], roads.conflict_start[lane + 1]):
            gap = begin + roads.conflict_s[k, 0]
            if gap < 0.0 or gap > reach or gap >= best:
                continue
            if zone_is_occupied(w, a, lane, k, gap / max(me[SPEED], 1.0), roads, state):
                best = gap
    return best


@inlined_kernel
def zone_is_occupied(
    w: int, a: int, mine: int, k: int, within: float, roads: Roads, state: State
) -> bool:
    """Whether a body other than `a`'s is in zone `k` of lane `mine` and still will be.

    So is one who goes first and will be there before `a`: two who were let in at once, far from
    where their ways join, would meet there.
    """
    lane = roads.conflict_lane[k]
    enter, leave = roads.conflict_s[k, 2], roads.conflict_s[k, 3]
    before = within if roads.conflict_priority[k] < 0 else 0.0
    place = state.head[w, lane]
    while place >= 0 and place < state.placed[w] and state.order_lane[w, place] == lane:
        b = state.order[w, place]
        half = 0.5 * state.actors[w, b, LENGTH]
        s, speed = state.order_s[w, place], state.actors[w, b, SPEED]
        come = s + half + before * speed
        inside = come > enter - BODY_SPARE and s - half < leave
        stays = leave - s + half > speed * (within - CLEARS)
        if b != a and inside and stays and drives_on(state.actors[w, b], lane):
            return True
        place += 1
    return not merges_there(mine, lane, leave, roads) and bool(
        state.notes[w, lane, LEAVING] < leave
    )
