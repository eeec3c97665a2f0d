"""The traffic's vehicles: what they see along their lane, and how hard they drive or brake.

Longitudinal model: the Intelligent Driver Model (Treiber, Hennecke, Helbing, Phys. Rev. E 62,
2000). Each obstacle ahead (leader, red light, busy crossing, junction that is not free) is a
gap and a speed; the strongest braking of them wins.
"""

from __future__ import annotations

import math

from roadworthy.sim import rng
from roadworthy.sim.angles import advance_phase, wrap_angle
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.traffic.lookup import LANE_STRIDE, place_on_lane, point_at
from roadworthy.sim.world.columns import Actor, Kind, Light, Mover
from roadworthy.sim.world.layout import FloatArray, Roads, Rules, State

X, Y, SPEED, ACCEL, YAW, YAW_RATE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.SPEED),
    int(Actor.ACCEL),
    int(Actor.YAW),
    int(Actor.YAW_RATE),
)
LENGTH, KIND, BRAKE, ALIVE, LANE, S = (
    int(Actor.LENGTH),
    int(Actor.KIND),
    int(Actor.BRAKE),
    int(Actor.ALIVE),
    int(Actor.LANE),
    int(Actor.S),
)
LATERAL, NEXT_LANE, PHASE, TEMPER, TIMER, GOAL = (
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
    int(Actor.PHASE),
    int(Actor.TEMPER),
    int(Actor.TIMER),
    int(Actor.GOAL),
)
MOVER, TRAFFIC = int(Actor.MOVER), int(Mover.TRAFFIC)
KIND_LIGHT, KIND_STOP = int(SignalKind.LIGHT), int(SignalKind.STOP)
GREEN, OFF, YELLOW = int(Light.GREEN), int(Light.OFF), int(Light.YELLOW)
BICYCLE, TRUCK, BUS = int(Kind.BICYCLE), int(Kind.TRUCK), int(Kind.BUS)

GAP = 2.0  # [m] kept at standstill
COMFORT_BRAKE = 2.5  # [m/s^2]
YELLOW_BRAKE = 4.0  # [m/s^2] who would have to brake harder goes through at yellow
CURVE_BRAKE = 1.5  # [m/s^2] with which a bend ahead is approached
LATERAL_COMFORT = 2.2  # [m/s^2] taken in bends
SLOWEST_IN_BEND = 2.5  # [m/s]
HARDEST_BRAKE = 8.0  # [m/s^2]
LOOK_AHEAD = 50.0  # [m] bends on the next lane are seen from here
BICYCLE_SPEED = 5.5  # [m/s]
WHEEL_RADIUS = 0.35  # [m]
FREE = 1e6  # [m] gap where nothing is ahead


@kernel
def idm(speed: float, wanted: float, gap: float, leader_speed: float, temper: float) -> float:
    """IDM acceleration [m/s^2]; hasty drivers accelerate harder and keep less headway."""
    top = 1.4 + 0.8 * temper
    headway = 1.6 - 0.7 * temper
    free = top * (1.0 - (speed / max(wanted, 0.1)) ** 4)
    if gap >= FREE:
        return max(free, -COMFORT_BRAKE)
    closing = speed * (speed - leader_speed) / (2.0 * math.sqrt(top * COMFORT_BRAKE))
    desired = GAP + max(speed * headway + closing, 0.0)
    accel = min(free, top) - top * (desired / max(gap, 0.1)) ** 2
    return min(max(accel, -HARDEST_BRAKE), top)


@kernel
def wanted_speed(roads: Roads, actor: FloatArray) -> float:
    """Speed [m/s] that the driver wants here: limit, curves and own abilities."""
    lane, s = int(actor[LANE]), actor[S]
    wanted = roads.lane_limit[lane] * (0.85 + 0.25 * actor[TEMPER])
    if actor[KIND] == BICYCLE:
        wanted = min(wanted, BICYCLE_SPEED)
    elif actor[KIND] == TRUCK or actor[KIND] == BUS:
        wanted *= 0.9
    i, _ = point_at(roads, lane, s)
    wanted = min(wanted, roads.curve_speed[i])
    following = int(actor[NEXT_LANE])
    to_end = roads.lane_length[lane] - s
    if following >= 0 and to_end < LOOK_AHEAD:
        bend = roads.curve_speed[roads.lane_start[following]]
        wanted = min(wanted, math.sqrt(bend * bend + 2.0 * CURVE_BRAKE * to_end))
    return wanted


@kernel
def leader_gap(w: int, a: int, n: int, roads: Roads, state: State) -> tuple[float, float]:
    """Gap [m] to the next actor ahead along the own way and its speed; FREE where none."""
    actors, order, keys = state.actors[w], state.order[w], state.sort_key[w]
    me = actors[a]
    lane, front = int(me[LANE]), me[S] + 0.5 * me[LENGTH]
    offset, horizon = 0.0, 15.0 + 4.0 * me[SPEED]
    ahead = state.rank[w, a] + 1
    if ahead >= n or keys[order[ahead]] >= (lane + 1) * LANE_STRIDE:
        ahead = -1
    for hop in range(4):
        if ahead >= 0:
            other = actors[order[ahead]]
            return offset + other[S] - 0.5 * other[LENGTH] - front, other[SPEED]
        offset += roads.lane_length[lane]
        if offset - front > horizon:
            break
        following = int(me[NEXT_LANE])
        if hop > 0:
            first = roads.successor_start[lane]
            following = roads.successors[first] if first < roads.successor_start[lane + 1] else -1
        if following < 0:
            break
        if hop == 0:
            gap, speed = _sibling_gap(w, lane, following, offset - front, roads, state)
            if gap < FREE:
                return gap, speed
        lane = following
        ahead = state.head[w, lane]
    return FREE, 0.0


@kernel
def _sibling_gap(
    w: int, lane: int, following: int, distance: float, roads: Roads, state: State
) -> tuple[float, float]:
    """Gap to a vehicle whose tail is still at the fork although it takes another branch."""
    for k in range(roads.successor_start[lane], roads.successor_start[lane + 1]):
        sibling = roads.successors[k]
        if sibling == following:
            continue
        if state.head[w, sibling] >= 0:
            other = state.actors[w, state.order[w, state.head[w, sibling]]]
            tail = other[S] - 0.5 * other[LENGTH]
            if tail < 2.5:
                return distance + tail, other[SPEED]
    return FREE, 0.0


@kernel
def stop_gap(w: int, a: int, roads: Roads, state: State, claimed: bool) -> float:
    """Gap [m] to the first line ahead on this lane where the vehicle must stop now."""
    me = state.actors[w, a]
    lane, speed = int(me[LANE]), me[SPEED]
    front = me[S] + 0.5 * me[LENGTH]
    best = FREE
    for k in range(roads.stop_start[lane], roads.stop_start[lane + 1]):
        gap = roads.stop_s[k] - front
        if gap < -1.0:
            continue
        signal = roads.stop_signal[k]
        if roads.signal_kind[signal] != KIND_LIGHT:
            continue
        light = state.lights[w, signal]
        if light in (GREEN, OFF):
            continue
        if light == YELLOW and speed * speed > 2.0 * YELLOW_BRAKE * max(gap, 0.0):
            continue  # too near to stop in comfort: go through
        best = min(best, gap)
    for k in range(roads.crosslane_start[lane], roads.crosslane_start[lane + 1]):
        gap = roads.crosslane_s[k, 0] - 1.0 - front
        if gap > -1.0 and state.crossing_busy[w, roads.crosslane_crossing[k]] > 0:
            best = min(best, gap)
    following = int(me[NEXT_LANE])
    to_end = roads.lane_length[lane] - front
    if following < 0:
        return min(best, to_end - 1.0)
    if roads.lane_junction[following] >= 0 and roads.lane_junction[lane] < 0 and not claimed:
        best = min(best, to_end - 1.0)
    for k in range(roads.crosslane_start[following], roads.crosslane_start[following + 1]):
        gap = to_end + roads.crosslane_s[k, 0] - 1.0
        if state.crossing_busy[w, roads.crosslane_crossing[k]] > 0:
            best = min(best, gap)
    return best


@inlined_kernel
def decide(w: int, n: int, roads: Roads, state: State, rules: Rules) -> None:
    """Set `state.target[w]` for the vehicles 1..rules.vehicles from the state before the tick."""
    for a in range(1, rules.vehicles + 1):
        me = state.actors[w, a]
        if me[ALIVE] == 0.0 or me[MOVER] != TRAFFIC:
            continue
        wanted = wanted_speed(roads, me)
        gap, leader_speed = leader_gap(w, a, n, roads, state)
        accel = idm(me[SPEED], wanted, gap, leader_speed, me[TEMPER])
        if me[SPEED] > wanted:
            accel = max(accel, -COMFORT_BRAKE) if gap >= FREE else accel
        claimed = int(me[GOAL]) >= 0 and int(me[GOAL]) == int(me[NEXT_LANE])
        line = stop_gap(w, a, roads, state, claimed)
        if line < FREE:
            accel = min(accel, idm(me[SPEED], wanted, max(line + GAP - 0.5, 0.1), 0.0, 0.5))
        state.target[w, a] = accel


@kernel
def choose_next(w: int, lane: int, roads: Roads, state: State) -> int:
    """Draw one of the lanes that follow `lane`; -1 where there is none."""
    first, last = roads.successor_start[lane], roads.successor_start[lane + 1]
    if last == first:
        return -1
    state.counter[w] += 1
    return int(roads.successors[first + rng.integer(state.key[w], state.counter[w], last - first)])


@inlined_kernel
def move(w: int, roads: Roads, state: State, rules: Rules) -> None:
    """Carry out the accelerations in `state.target[w]` over one tick."""
    dt = rules.tick
    for a in range(1, rules.vehicles + 1):
        me = state.actors[w, a]
        if me[ALIVE] == 0.0 or me[MOVER] != TRAFFIC:
            continue
        before, old_yaw = me[SPEED], me[YAW]
        speed = max(before + state.target[w, a] * dt, 0.0)
        me[SPEED] = speed
        me[ACCEL] = (speed - before) / dt
        me[BRAKE] = 1.0 if me[ACCEL] < -0.4 or speed < 0.1 else 0.0
        lane, s = int(me[LANE]), me[S] + 0.5 * (before + speed) * dt
        while s > roads.lane_length[lane] and me[NEXT_LANE] >= 0.0:
            s -= roads.lane_length[lane]
            lane = int(me[NEXT_LANE])
            me[NEXT_LANE] = choose_next(w, lane, roads, state)
        me[LANE], me[S] = lane, min(s, roads.lane_length[lane])
        place_on_lane(roads, me, lane, me[S], me[LATERAL])
        turn = me[YAW] - old_yaw
        me[YAW_RATE] = wrap_angle(turn) / dt
        me[PHASE] = advance_phase(me[PHASE], speed * dt / WHEEL_RADIUS)
        me[TIMER] = me[TIMER] + dt if speed < 0.1 else 0.0
