"""How a staged actor moves along its path, and what it brakes for."""

from __future__ import annotations

import math

from roadworthy.sim.angles import advance_phase, wrap_angle
from roadworthy.sim.kernel import kernel
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.scenario.script import Cast, Minds, Mode, Part, Phase, Script, Waypoint
from roadworthy.sim.world.columns import Actor, Light, Mover
from roadworthy.sim.world.layout import FloatArray, Roads, State

X, Y, Z, YAW, PITCH, SPEED, ACCEL, YAW_RATE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.PITCH),
    int(Actor.SPEED),
    int(Actor.ACCEL),
    int(Actor.YAW_RATE),
)
LENGTH, WIDTH, HEIGHT, KIND, COLOR, BRAKE, ALIVE = (
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.HEIGHT),
    int(Actor.KIND),
    int(Actor.COLOR),
    int(Actor.BRAKE),
    int(Actor.ALIVE),
)
LANE, S, LATERAL, NEXT_LANE, A_PHASE, GOAL, MOVER = (
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
    int(Actor.PHASE),
    int(Actor.GOAL),
    int(Actor.MOVER),
)
OTHER_LANE, LATERAL_SPEED, LAMPS, MASS, TEMPER = (
    int(Actor.OTHER_LANE),
    int(Actor.LATERAL_SPEED),
    int(Actor.LAMPS),
    int(Actor.MASS),
    int(Actor.TEMPER),
)
W_X, W_Y, W_Z, W_YAW, W_S, W_LANE, W_LANE_S, W_LATERAL, W_NEXT = (int(c) for c in Waypoint)
C_FIRST, C_LAST, C_MODE, C_MINDS = (
    int(Cast.FIRST),
    int(Cast.LAST),
    int(Cast.MODE),
    int(Cast.MINDS),
)
P_CAST, P_PATH_S, P_PHASE, P_CLOCK, P_ACCEL, P_ASIDE = (int(c) for c in Part)
OFF, READY, ACTING, ENDED = int(Phase.OFF), int(Phase.READY), int(Phase.ACTING), int(Phase.ENDED)
EVENT = int(Mover.EVENT)
CHASE = int(Mode.CHASE)
LEADERS, EGO, LIGHTS = int(Minds.LEADERS), int(Minds.EGO), int(Minds.LIGHTS)
KIND_LIGHT = int(SignalKind.LIGHT)
RED, YELLOW = int(Light.RED), int(Light.YELLOW)

SPARE = 2.0  # [m] kept at standstill
HEADWAY = 1.0  # [s]
BRAKE_HARD = 8.0  # [m/s^2]
COMFORT = 2.5  # [m/s^2]
BESIDE = 0.3  # [m] that must be free between two who pass each other
FAR = 1e6  # [m]
TOO_LATE = 5.0  # [m/s^2] who would have to brake harder passes the light
OFF_LANE = 1.6  # [m] who is so far beside its path is on none of its lanes
KEEP_RIGHT = 0.7  # [m] beside its path, where the ego is in its way
NOTICE = 25.0  # [m]
DRIFT = 0.06  # [m] in one decision
PROBE = 1.2  # [m] a walker keeps from the ego's body


@kernel
def waypoint_at(first: int, last: int, s: float, points: FloatArray) -> tuple[int, float]:
    """Index of the path's point at or before `s`, and the share towards the next one."""
    if last - first < 2:
        return first, 0.0
    low, high = first, last - 1
    while high - low > 1:
        middle = (low + high) // 2
        if points[middle, W_S] <= s:
            low = middle
        else:
            high = middle
    span = points[low + 1, W_S] - points[low, W_S]
    share = (s - points[low, W_S]) / span if span > 0.0 else 0.0
    return low, min(max(share, 0.0), 1.0)


@kernel
def path_length(cast: FloatArray, points: FloatArray) -> float:
    """Length [m] of a cast member's path."""
    return float(points[int(cast[C_LAST]) - 1, W_S])


@kernel
def put(me: FloatArray, cast: FloatArray, path_s: float, aside: float, points: FloatArray) -> None:
    """Write pose and lane of a staged actor at `path_s` of its path, `aside` to its right."""
    i, share = waypoint_at(int(cast[C_FIRST]), int(cast[C_LAST]), path_s, points)
    j = min(i + 1, int(cast[C_LAST]) - 1)
    a, b = points[i], points[j]
    me[X] = a[W_X] + (b[W_X] - a[W_X]) * share
    me[Y] = a[W_Y] + (b[W_Y] - a[W_Y]) * share
    me[Z] = a[W_Z] + (b[W_Z] - a[W_Z]) * share
    me[YAW] = wrap_angle(a[W_YAW] + (b[W_YAW] - a[W_YAW]) * share)
    me[PITCH] = math.atan2(b[W_Z] - a[W_Z], max(b[W_S] - a[W_S], 0.5)) if j > i else 0.0
    near = a if share < 0.5 else b
    lane = int(near[W_LANE])
    me[LANE], me[NEXT_LANE] = lane, -1.0
    if lane >= 0:
        me[S] = near[W_LANE_S] + (path_s - near[W_S])
        me[LATERAL] = near[W_LATERAL]
        following = (i if share < 0.5 else j) + int(near[W_NEXT])
        if following < int(cast[C_LAST]):
            me[NEXT_LANE] = points[following, W_LANE]
    if aside != 0.0:
        me[X] -= math.sin(me[YAW]) * aside
        me[Y] += math.cos(me[YAW]) * aside
        me[LATERAL] += aside
        if abs(aside) > OFF_LANE:
            me[LANE], me[NEXT_LANE] = -1.0, -1.0


@kernel
def _gap_on_lane(
    w: int, a: int, i: int, path_s: float, reach: float, script: Script, state: State
) -> tuple[float, float]:
    """Gap to the first one on the path's lane at point `i`, ahead of `path_s` and before `reach`.

    Walks the lane's entries in the order of the last sort; what counts is where they are now.
    """
    me, points = state.actors[w, a], script.points
    run = points[i]
    lane, end = int(run[W_LANE]), i + int(run[W_NEXT])
    best, speed = FAR, 0.0
    k = int(state.head[w, lane])
    while 0 <= k < state.placed[w] and state.order_lane[w, k] == lane:
        b = state.order[w, k]
        other = state.actors[w, b]
        k += 1
        if int(other[LANE]) != lane:
            continue
        at = run[W_S] + other[S] - run[W_LANE_S]
        if b == a or other[ALIVE] == 0.0 or not path_s < at < min(reach, points[end - 1, W_S] + 2):
            continue
        j, _ = waypoint_at(i, max(end, i + 1), at, points)
        aside = abs(other[LATERAL] - points[j, W_LATERAL])
        gap = at - path_s - 0.5 * (me[LENGTH] + other[LENGTH])
        if aside < 0.5 * (me[WIDTH] + other[WIDTH]) + BESIDE and gap < best:
            best, speed = gap, other[SPEED]
    return best, speed


@kernel
def leader_on_path(
    w: int, a: int, path_s: float, cast: FloatArray, script: Script, state: State
) -> tuple[float, float]:
    """Gap [m] to who is ahead on the lanes of the path, and its speed; FAR where nobody is."""
    me, points, last = state.actors[w, a], script.points, int(cast[C_LAST])
    i, _ = waypoint_at(int(cast[C_FIRST]), last, path_s, points)
    reach = path_s + 12.0 + 4.0 * me[SPEED] + me[SPEED] * me[SPEED] / 8.0
    for _ in range(8):
        if points[i, W_LANE] >= 0.0:
            gap, speed = _gap_on_lane(w, a, i, path_s, reach, script, state)
            if gap < FAR:
                return gap, speed
        i += int(points[i, W_NEXT])
        if i >= last or points[i, W_S] > reach:
            break
    return FAR, 0.0


@kernel
def light_on_path(
    w: int,
    me: FloatArray,
    path_s: float,
    cast: FloatArray,
    script: Script,
    roads: Roads,
    state: State,
) -> float:
    """Gap [m] to the first closed light on the path; FAR where none is."""
    points, last = script.points, int(cast[C_LAST])
    i, _ = waypoint_at(int(cast[C_FIRST]), last, path_s, points)
    front = path_s + 0.5 * me[LENGTH]
    reach = front + 5.0 + me[SPEED] * me[SPEED] / 4.0
    for _ in range(8):
        run, end = points[i], i + int(points[i, W_NEXT])
        lane = int(run[W_LANE])
        if lane >= 0:
            for k in range(roads.stop_start[lane], roads.stop_start[lane + 1]):
                at = run[W_S] + roads.stop_s[k] - run[W_LANE_S]
                light = state.lights[w, roads.stop_signal[k]]
                inside = run[W_LANE_S] - 1.0 <= roads.stop_s[k] <= points[end - 1, W_LANE_S] + 2.0
                governs = roads.signal_kind[roads.stop_signal[k]] == KIND_LIGHT
                if governs and inside and front - 1.0 < at < reach and light in (RED, YELLOW):
                    return at - front
        i = end
        if i >= last or points[i, W_S] > reach:
            break
    return FAR


@kernel
def keep_off(speed: float, gap: float, leader_speed: float, brake: float) -> float:
    """Acceleration [m/s^2] behind a leader: IDM's interaction term, at most `brake`."""
    closing = speed * (speed - leader_speed) / (2.0 * COMFORT)
    desired = SPARE + max(speed * HEADWAY + closing, 0.0)
    ratio = desired / max(gap, 0.2)
    return max(COMFORT * (1.0 - ratio * ratio), -brake)


@kernel
def ego_ahead(w: int, me: FloatArray, state: State) -> float:
    """Gap [m] to the ego's body straight ahead; FAR where it is not there."""
    ego = state.actors[w, 0]
    cos, sin = math.cos(me[YAW]), math.sin(me[YAW])
    dx, dy = ego[X] - me[X], ego[Y] - me[Y]
    along, aside = cos * dx + sin * dy, cos * dy - sin * dx
    turn = ego[YAW] - me[YAW]
    c, s = abs(math.cos(turn)), abs(math.sin(turn))
    half_along = 0.5 * (c * ego[LENGTH] + s * ego[WIDTH])
    half_aside = 0.5 * (s * ego[LENGTH] + c * ego[WIDTH])
    if along < 0.0 or abs(aside) > half_aside + 0.5 * me[WIDTH] + BESIDE:
        return FAR
    return max(along - half_along - 0.5 * me[LENGTH], 0.0)


@kernel
def heed(
    w: int,
    a: int,
    part: FloatArray,
    cast: FloatArray,
    wish: float,
    script: Script,
    roads: Roads,
    state: State,
) -> float:
    """Lower the wished acceleration to what those ahead allow, by what the cast member minds."""
    me, minds = state.actors[w, a], int(cast[C_MINDS])
    if minds & LEADERS:
        gap, speed = leader_on_path(w, a, part[P_PATH_S], cast, script, state)
        if gap < FAR:
            wish = min(wish, keep_off(me[SPEED], gap, speed, BRAKE_HARD))
    if minds & LIGHTS:
        gap = light_on_path(w, me, part[P_PATH_S], cast, script, roads, state)
        if gap < FAR and me[SPEED] * me[SPEED] < 2.0 * TOO_LATE * max(gap, 0.1):
            wish = min(wish, keep_off(me[SPEED], gap + SPARE, 0.0, BRAKE_HARD))
    if minds & EGO:
        gap = ego_ahead(w, me, state)
        if me[LENGTH] > 2.5:  # a vehicle passes it at the right where its lane has the room
            wanted = KEEP_RIGHT if gap < NOTICE else 0.0
            drift = min(DRIFT, 0.02 * me[SPEED])
            part[P_ASIDE] += min(max(wanted - part[P_ASIDE], -drift), drift)
        if gap < PROBE + me[SPEED] * me[SPEED] / 8.0:
            wish = -BRAKE_HARD
    return wish


@kernel
def advance(
    me: FloatArray, part: FloatArray, cast: FloatArray, dt: float, points: FloatArray, step: float
) -> bool:
    """Move a staged actor by one tick; True where it has come to the end of its path."""
    before, yaw, aside, lane = me[SPEED], me[YAW], me[LATERAL], me[LANE]
    speed = max(before + part[P_ACCEL] * dt, 0.0)
    end = path_length(cast, points)
    s = part[P_PATH_S] + 0.5 * (before + speed) * dt
    arrived = s >= end and end > 0.0
    if arrived:
        s, speed = end, 0.0
    part[P_PATH_S] = s
    put(me, cast, s, part[P_ASIDE], points)
    me[SPEED], me[ACCEL] = speed, (speed - before) / dt
    me[BRAKE] = 1.0 if me[ACCEL] < -0.4 or speed < 0.1 else 0.0
    me[YAW_RATE] = wrap_angle(me[YAW] - yaw) / dt
    me[LATERAL_SPEED] = (me[LATERAL] - aside) / dt if me[LANE] == lane and lane >= 0.0 else 0.0
    me[A_PHASE] = advance_phase(me[A_PHASE], 0.5 * (before + speed) * dt * step)
    return bool(arrived)
