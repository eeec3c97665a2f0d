"""What a staged actor decides: when it acts, and how hard it drives or brakes."""

from __future__ import annotations

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenario.chase import chase
from roadworthy.sim.scenario.motion import (
    ACTING,
    ALIVE,
    BRAKE_HARD,
    C_MODE,
    COMFORT,
    LAMPS,
    LENGTH,
    OFF,
    P_ACCEL,
    P_CLOCK,
    P_PATH_S,
    P_PHASE,
    READY,
    SPEED,
    heed,
)
from roadworthy.sim.scenario.script import Cast, Mode, Phase, Script
from roadworthy.sim.world.columns import Ego
from roadworthy.sim.world.layout import FloatArray, Roads, Rules, State

ROUTE_S = int(Ego.ROUTE_S)
C_TOP, C_ACCEL, C_DECEL, C_LOW, C_HOLD, C_AFTER, C_GAP = (
    int(Cast.TOP),
    int(Cast.ACCEL),
    int(Cast.DECEL),
    int(Cast.LOW),
    int(Cast.HOLD),
    int(Cast.AFTER),
    int(Cast.GAP),
)
C_MEET_S, C_MEET_PATH, C_ACT_DISTANCE, C_ACT_TIME, C_LAMPS_ACTING = (
    int(Cast.MEET_S),
    int(Cast.MEET_PATH),
    int(Cast.ACT_DISTANCE),
    int(Cast.ACT_TIME),
    int(Cast.LAMPS_ACTING),
)
STAND, GO, LEAD, SYNC, CHASE, BLOCK, DOOR = (int(m) for m in Mode)
HOLDING, LEAVING = int(Phase.HOLDING), int(Phase.LEAVING)

CLOSE_IN = 0.2  # [1/s] how a LEAD lets the ego come up to its gap
FALL_BACK = 0.5  # [1/s] and drives on where the ego is too near
LEAD_SHARE = 0.5  # of the ego's speed: a LEAD that waits for it is not slower
LEAD_READY = 1.3  # of its gap; nearer than this a LEAD acts
LEAD_TOO_FAR = 40.0  # [m] beyond its place a LEAD acts anyway
COMMIT = 12.0  # [m] before the meeting point who runs a light does not slow down any more
STANDS = 0.3  # [m/s] the ego waits
NEAR_BLOCK = 25.0  # [m] and is so near
AT_BLOCK = 60.0  # [m] or in the queue that has come about
PATIENCE = 10.0  # [s] longer, then


@kernel
def _towards(speed: float, wanted: float, accel: float, brake: float, dt: float) -> float:
    """Acceleration that brings `speed` to `wanted`, within limits."""
    return min(max((wanted - speed) / dt, -brake), accel)


@kernel
def _act(me: FloatArray, part: FloatArray, cast: FloatArray, phase: int) -> None:
    """Enter a phase; lamps that belong to the act go on."""
    part[P_PHASE], part[P_CLOCK] = phase, 0.0
    me[LAMPS] = int(me[LAMPS]) | int(cast[C_LAMPS_ACTING])


@kernel
def _is_due(w: int, cast: FloatArray, state: State) -> bool:
    """Whether the ego is as near to the meeting point as the cast member waits for."""
    ego = state.actors[w, 0]
    to_go = cast[C_MEET_S] - state.ego[w, ROUTE_S] - 0.5 * ego[LENGTH]
    return bool(to_go <= cast[C_ACT_DISTANCE] + max(ego[SPEED], 0.0) * cast[C_ACT_TIME])


@kernel
def _lead(
    w: int, me: FloatArray, part: FloatArray, cast: FloatArray, dt: float, state: State
) -> float:
    """Acceleration of a LEAD: keep a gap before the ego, slow down, wait, drive on."""
    ego, phase, speed = state.actors[w, 0], part[P_PHASE], me[SPEED]
    beyond = part[P_PATH_S] - cast[C_MEET_PATH]
    gap = beyond + cast[C_MEET_S] - state.ego[w, ROUTE_S] - 0.5 * (me[LENGTH] + ego[LENGTH])
    if phase == READY:
        rate = CLOSE_IN if gap > cast[C_GAP] else FALL_BACK
        wanted = max(ego[SPEED] - rate * (gap - cast[C_GAP]), LEAD_SHARE * ego[SPEED])
        if beyond >= 0.0 and (gap < LEAD_READY * cast[C_GAP] or beyond > LEAD_TOO_FAR):
            _act(me, part, cast, ACTING)
        return _towards(speed, min(wanted, cast[C_TOP]), cast[C_ACCEL], COMFORT, dt)
    if phase == ACTING:
        if speed <= cast[C_LOW] + 0.05:
            _act(me, part, cast, HOLDING)
        return _towards(speed, cast[C_LOW], cast[C_ACCEL], cast[C_DECEL], dt)
    if phase == HOLDING:
        if part[P_CLOCK] >= cast[C_HOLD]:
            _act(me, part, cast, LEAVING)
        return _towards(speed, cast[C_LOW], cast[C_ACCEL], cast[C_DECEL], dt)
    return _towards(speed, cast[C_AFTER], cast[C_ACCEL], COMFORT, dt)


@kernel
def _sync(w: int, part: FloatArray, me: FloatArray, cast: FloatArray, state: State) -> float:
    """Speed [m/s] with which both come to the meeting point at the same time."""
    ego = state.actors[w, 0]
    own = cast[C_MEET_PATH] - part[P_PATH_S]
    if own < COMMIT:
        return max(me[SPEED], cast[C_LOW])
    to_go = max(cast[C_MEET_S] - state.ego[w, ROUTE_S], 0.5)
    time = to_go / max(ego[SPEED], 2.0)
    return min(max(own / max(time, 0.3), cast[C_LOW]), cast[C_TOP])


@kernel
def _go(w: int, part: FloatArray, me: FloatArray, cast: FloatArray, dt: float) -> float:
    """Acceleration of who has set out."""
    return _towards(me[SPEED], cast[C_TOP], cast[C_ACCEL], BRAKE_HARD, dt)


@kernel
def decide_part(
    w: int,
    a: int,
    part: FloatArray,
    cast: FloatArray,
    dt: float,
    script: Script,
    roads: Roads,
    state: State,
    rules: Rules,
) -> None:
    """Set the acceleration of the staged actor `a`, and its phase where something begins."""
    me, mode = state.actors[w, a], int(cast[C_MODE])
    part[P_CLOCK] += dt
    if mode == STAND:
        return
    if mode == DOOR:
        if part[P_PHASE] == OFF and _is_due(w, cast, state):
            _act(me, part, cast, ACTING)
            me[ALIVE] = 1.0
        return
    if mode == CHASE:
        part[P_ACCEL] = chase(w, a, part, cast, dt, script, state, rules)
        return
    wish = 0.0
    if mode == LEAD:
        wish = _lead(w, me, part, cast, dt, state)
    elif mode == BLOCK:
        ego = state.actors[w, 0]
        to_go = cast[C_MEET_S] - state.ego[w, ROUTE_S]
        if ego[SPEED] > STANDS or to_go > AT_BLOCK:
            part[P_CLOCK] = 0.0 if part[P_PHASE] == READY else part[P_CLOCK]
        waits = cast[C_HOLD] if to_go < NEAR_BLOCK else cast[C_HOLD] + PATIENCE
        if part[P_PHASE] == READY and part[P_CLOCK] >= waits:
            _act(me, part, cast, ACTING)
        if part[P_PHASE] == ACTING:
            wish = _go(w, part, me, cast, dt)
    else:
        if part[P_PHASE] == READY and _is_due(w, cast, state):
            _act(me, part, cast, ACTING)
        if part[P_PHASE] == ACTING:
            if mode == SYNC:
                wanted = _sync(w, part, me, cast, state)
                wish = _towards(me[SPEED], wanted, cast[C_ACCEL], COMFORT, dt)
            else:
                wish = _go(w, part, me, cast, dt)
    part[P_ACCEL] = heed(w, a, part, cast, wish, script, roads, state)
