"""The kernels that run the events of a world: who appears when, who acts when, who goes.

`direct` decides, at the traffic's pace, before it does; `perform` moves, at every tick. A world
whose route has no events costs two comparisons.
"""

from __future__ import annotations

import math

from roadworthy.sim import rng
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.scenario.acting import decide_part
from roadworthy.sim.scenario.motion import (
    ALIVE,
    C_FIRST,
    C_LAST,
    COLOR,
    EVENT,
    GOAL,
    HEIGHT,
    KIND,
    LAMPS,
    LENGTH,
    MASS,
    MOVER,
    NEXT_LANE,
    OTHER_LANE,
    P_ACCEL,
    P_ASIDE,
    P_CAST,
    P_CLOCK,
    P_PATH_S,
    P_PHASE,
    SPEED,
    TEMPER,
    W_X,
    W_Y,
    WIDTH,
    YAW,
    X,
    Y,
    advance,
    put,
)
from roadworthy.sim.scenario.script import Cast, Mode, Phase, Progress, Script, Stage
from roadworthy.sim.world.columns import Actor, Ego
from roadworthy.sim.world.layout import FloatArray, Paths, Roads, Rules, State

TIMER = int(Actor.TIMER)
ROUTE_S, PROGRESS, STEER_BIAS, ROUTE_INDEX = (
    int(Ego.ROUTE_S),
    int(Ego.PROGRESS),
    int(Ego.STEER_BIAS),
    int(Ego.ROUTE_INDEX),
)
R_X, R_Y, R_S = int(RoutePoint.X), int(RoutePoint.Y), int(RoutePoint.S)
V_STATE, V_CLOCK, V_SHAKEN, V_BIAS = (int(c) for c in Progress)
PLACE_S, FREE_S, CLEAR_FROM, CLEAR_TO = (
    int(Stage.PLACE_S),
    int(Stage.FREE_S),
    int(Stage.CLEAR_FROM),
    int(Stage.CLEAR_TO),
)
CAST_FIRST, CAST_LAST, LIGHT_FIRST, LIGHT_LAST, LIGHT_UNTIL = (
    int(Stage.CAST_FIRST),
    int(Stage.CAST_LAST),
    int(Stage.LIGHT_FIRST),
    int(Stage.LIGHT_LAST),
    int(Stage.LIGHT_UNTIL),
)
START_LATERAL = int(Stage.START_LATERAL)
SHAKE, SHAKE_FROM, SHAKE_TIME = int(Stage.SHAKE), int(Stage.SHAKE_FROM), int(Stage.SHAKE_TIME)
C_SLOT, C_KIND, C_COLOR, C_LENGTH, C_WIDTH, C_HEIGHT, C_MASS, C_LAMPS = (
    int(Cast.SLOT),
    int(Cast.KIND),
    int(Cast.COLOR),
    int(Cast.LENGTH),
    int(Cast.WIDTH),
    int(Cast.HEIGHT),
    int(Cast.MASS),
    int(Cast.LAMPS),
)
C_CLEARS = int(Cast.CLEARS)
C_BEGIN, C_BEGIN_SPEED, C_PLACE_DELAY, C_MODE, C_VANISHES, C_PHASE_STEP = (
    int(Cast.BEGIN),
    int(Cast.BEGIN_SPEED),
    int(Cast.PLACE_DELAY),
    int(Cast.MODE),
    int(Cast.VANISHES),
    int(Cast.PHASE_STEP),
)
STAND, DOOR = int(Mode.STAND), int(Mode.DOOR)
OFF, READY, ENDED = int(Phase.OFF), int(Phase.READY), int(Phase.ENDED)
WAITING, ON_STAGE, OVER = 0.0, 1.0, 2.0

DECISION_TICKS = 2
ON_PATH = 1.8  # [m] from a path is on it
ROOM = 4.0  # [m] free around a place where an actor appears, besides the bodies
EGO_ROOM = 25.0  # [m] a delayed actor does not appear nearer to the ego
BACK = 100  # route points behind the ego, too
WRECK = 20.0  # [s] that an actor which was hit lies there
STRANDED = 6.0  # [s] a vehicle may stand before an obstacle that no traffic passes
STRANDED_NEAR = 12.0  # [m] from the ego one is never taken away
SHAKE_HOLD = 0.4  # [s] between two pushes at the wheel


@kernel
def reset_events(w: int, script: Script, state: State) -> None:
    """Begin a world's events anew; an ego that parks is put beside its route."""
    state.event_state[w, :, :] = 0.0
    state.cast_state[w, :, :] = 0.0
    route, me = state.route_index[w], state.actors[w, 0]
    for e in range(script.event_start[route], script.event_start[route + 1]):
        aside = script.events[e, START_LATERAL]
        me[X] -= math.sin(me[YAW]) * aside
        me[Y] += math.cos(me[YAW]) * aside


@kernel
def _is_free(w: int, me: FloatArray, n: int, state: State) -> bool:
    """Whether nobody (the ego within EGO_ROOM) is where `me` wants to appear."""
    for a in range(n):
        other = state.actors[w, a]
        if other[ALIVE] > 0.0:
            room = 0.5 * (other[LENGTH] + me[LENGTH]) + ROOM if a > 0 else EGO_ROOM
            if math.hypot(other[X] - me[X], other[Y] - me[Y]) < room:
                return False
    return True


@kernel
def _is_on_path(w: int, other: FloatArray, cast: FloatArray, script: Script, state: State) -> bool:
    """Whether a vehicle away from the ego is on the first part of a cast member's path."""
    ego = state.actors[w, 0]
    if math.hypot(other[X] - ego[X], other[Y] - ego[Y]) < EGO_ROOM:
        return False
    first, last = int(cast[C_FIRST]), int(cast[C_LAST])
    for i in range(first, last, 2):
        point = script.points[i]
        if math.hypot(other[X] - point[W_X], other[Y] - point[W_Y]) < ON_PATH:
            return True
    return False


@kernel
def _enter(w: int, c: int, script: Script, state: State, rules: Rules) -> None:
    """Let a cast member appear; traffic that stands there goes elsewhere."""
    cast = script.cast[c]
    slot = int(cast[C_SLOT])
    me, part = state.actors[w, 1 + rules.vehicles + slot], state.cast_state[w, slot]
    me[:] = 0.0
    me[KIND], me[COLOR], me[LENGTH], me[WIDTH], me[HEIGHT], me[MASS] = (
        cast[C_KIND],
        cast[C_COLOR],
        cast[C_LENGTH],
        cast[C_WIDTH],
        cast[C_HEIGHT],
        cast[C_MASS],
    )
    me[GOAL], me[NEXT_LANE], me[OTHER_LANE], me[MOVER] = -1.0, -1.0, -1.0, EVENT
    me[TEMPER] = 0.5
    me[LAMPS], me[SPEED] = cast[C_LAMPS], cast[C_BEGIN_SPEED]
    part[P_PATH_S] = cast[C_BEGIN]
    put(me, cast, cast[C_BEGIN], 0.0, script.points)
    part[P_CLOCK], part[P_ACCEL], part[P_ASIDE] = 0.0, 0.0, 0.0
    if cast[C_MODE] == DOOR:
        part[P_CAST], part[P_PHASE] = c + 1, OFF
        return
    if cast[C_PLACE_DELAY] > 0.0 and not _is_free(w, me, rules.first_walker, state):
        part[P_CAST] = 0.0
        return
    part[P_CAST], part[P_PHASE], me[ALIVE] = c + 1, READY, 1.0
    for a in range(1, 1 + rules.vehicles):
        other = state.actors[w, a]
        room = 0.5 * (other[LENGTH] + me[LENGTH]) + ROOM
        if other[ALIVE] == 0.0:
            continue
        here = math.hypot(other[X] - me[X], other[Y] - me[Y]) < room
        if here or (cast[C_CLEARS] > 0.0 and _is_on_path(w, other, cast, script, state)):
            other[ALIVE] = 0.0  # the traffic's own rules put it elsewhere


@kernel
def _clear(
    w: int, row: FloatArray, near: float, still: float, paths: Paths, state: State, rules: Rules
) -> None:
    """Take traffic off the stretch of the route that an event closes.

    Only vehicles farther than `near` metres from the ego that have stood for `still` seconds go.
    """
    route = state.route_index[w]
    end = paths.start[route + 1]
    ego = state.actors[w, 0]
    for a in range(1, 1 + rules.vehicles):
        other = state.actors[w, a]
        if other[ALIVE] == 0.0 or other[TIMER] < still:
            continue
        if math.hypot(other[X] - ego[X], other[Y] - ego[Y]) < near:
            continue
        i = paths.start[route] + max(int(state.ego[w, ROUTE_INDEX]) - BACK, 0)
        while i < end and paths.points[i, R_S] < row[CLEAR_TO]:
            point = paths.points[i]
            close = math.hypot(other[X] - point[R_X], other[Y] - point[R_Y]) < 1.8
            if point[R_S] >= row[CLEAR_FROM] and close:
                other[ALIVE] = 0.0
                break
            i += 2


@kernel
def _leave(w: int, row: FloatArray, script: Script, state: State, rules: Rules) -> None:
    """Take an event's cast away."""
    for c in range(int(row[CAST_FIRST]), int(row[CAST_LAST])):
        slot = int(script.cast[c, C_SLOT])
        if state.cast_state[w, slot, P_CAST] == c + 1:
            state.cast_state[w, slot, P_CAST] = 0.0
            state.actors[w, 1 + rules.vehicles + slot, ALIVE] = 0.0


@kernel
def _shake(w: int, row: FloatArray, run: FloatArray, dt: float, state: State) -> None:
    """Disturb the ego's steering: a push to either side every SHAKE_HOLD seconds."""
    ego = state.ego[w]
    if ego[PROGRESS] < row[SHAKE_FROM] or run[V_SHAKEN] >= row[SHAKE_TIME]:
        ego[STEER_BIAS] = 0.0
        return
    pushes = math.floor(run[V_SHAKEN] / SHAKE_HOLD)
    run[V_SHAKEN] += dt
    if math.floor(run[V_SHAKEN] / SHAKE_HOLD) > pushes:
        state.counter[w] += 1
        draw = rng.uniform(state.key[w], state.counter[w])
        side = -1.0 if run[V_BIAS] > 0.0 else 1.0
        run[V_BIAS] = side * row[SHAKE] * (0.5 + 0.5 * draw)
    ego[STEER_BIAS] = run[V_BIAS]


@kernel
def _manage(
    w: int,
    row: FloatArray,
    run: FloatArray,
    dt: float,
    script: Script,
    paths: Paths,
    state: State,
    rules: Rules,
) -> None:
    """Begin, run or end one event."""
    come = state.ego[w, PROGRESS]
    if run[V_STATE] == WAITING and come >= row[PLACE_S]:
        run[V_STATE] = ON_STAGE
        run[V_BIAS] = 1.0 if rng.uniform(state.key[w], -2) < 0.5 else -1.0
        if row[CLEAR_TO] > row[CLEAR_FROM]:
            _clear(w, row, EGO_ROOM, 0.0, paths, state, rules)
    if run[V_STATE] != ON_STAGE:
        return
    if come > row[FREE_S]:
        run[V_STATE] = OVER
        state.ego[w, STEER_BIAS] = 0.0
        _leave(w, row, script, state, rules)
        return
    before = run[V_CLOCK]
    for c in range(int(row[CAST_FIRST]), int(row[CAST_LAST])):
        delay = script.cast[c, C_PLACE_DELAY]
        slot = int(script.cast[c, C_SLOT])
        due = before == 0.0 if delay == 0.0 else before >= delay
        if due and state.cast_state[w, slot, P_CAST] == 0.0:
            _enter(w, c, script, state, rules)
    run[V_CLOCK] = before + dt
    if row[CLEAR_TO] > row[CLEAR_FROM]:
        _clear(w, row, STRANDED_NEAR, STRANDED, paths, state, rules)
    if come < row[LIGHT_UNTIL]:
        for k in range(int(row[LIGHT_FIRST]), int(row[LIGHT_LAST])):
            state.lights[w, script.lights[k, 0]] = script.lights[k, 1]
    if row[SHAKE] > 0.0:
        _shake(w, row, run, dt, state)


@inlined_kernel
def direct(w: int, script: Script, roads: Roads, paths: Paths, state: State, rules: Rules) -> None:
    """Begin and end the events of world `w` and decide what their actors do."""
    route = state.route_index[w]
    first, last = script.event_start[route], script.event_start[route + 1]
    if first == last:
        return
    dt = DECISION_TICKS * rules.tick
    for e in range(first, last):
        run = state.event_state[w, e - first]
        if run[V_STATE] < OVER:
            _manage(w, script.events[e], run, dt, script, paths, state, rules)
    for slot in range(rules.staged):
        part = state.cast_state[w, slot]
        if part[P_CAST] > 0.0:
            cast = script.cast[int(part[P_CAST]) - 1]
            a = 1 + rules.vehicles + slot
            if state.actors[w, a, MOVER] != EVENT:  # it was hit, and lies in the way of all
                part[P_CLOCK] = dt if part[P_PHASE] != ENDED else part[P_CLOCK] + dt
                part[P_PHASE] = ENDED
                if part[P_CLOCK] > WRECK:
                    state.actors[w, a, ALIVE] = 0.0
            elif part[P_PHASE] != ENDED:
                decide_part(w, a, part, cast, dt, script, roads, state, rules)


@inlined_kernel
def perform(w: int, script: Script, state: State, rules: Rules) -> None:
    """Move the staged actors of world `w` by one tick."""
    route = state.route_index[w]
    if script.event_start[route] == script.event_start[route + 1]:
        return
    for slot in range(rules.staged):
        part = state.cast_state[w, slot]
        if part[P_CAST] == 0.0:
            continue
        me, cast = state.actors[w, 1 + rules.vehicles + slot], script.cast[int(part[P_CAST]) - 1]
        if me[ALIVE] == 0.0 or me[MOVER] != EVENT or cast[C_MODE] == STAND:
            continue
        if part[P_PHASE] == ENDED or cast[C_MODE] == DOOR:
            continue
        if advance(me, part, cast, rules.tick, script.points, cast[C_PHASE_STEP]):
            part[P_PHASE] = ENDED
            part[P_ACCEL] = 0.0
            if cast[C_VANISHES] > 0.0:
                me[ALIVE] = 0.0
