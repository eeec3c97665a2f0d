"""Which rules the ego breaks, and whether its drive is over."""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.road.network import MarkType, Point
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.lookup import nearest_driving_point
from roadworthy.sim.world.columns import Actor, Ego, Event, Light
from roadworthy.sim.world.layout import Paths, Roads, Rules, State

X, Y, Z, YAW, SPEED, LENGTH, WIDTH, LANE, S, LATERAL = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
)
P_X, P_Y, P_YAW, P_S, P_WIDTH = (
    int(Point.X),
    int(Point.Y),
    int(Point.YAW),
    int(Point.S),
    int(Point.WIDTH),
)
R_S, R_WIDTH, R_LANE, R_LANE_S = (
    int(RoutePoint.S),
    int(RoutePoint.WIDTH),
    int(RoutePoint.LANE),
    int(RoutePoint.LANE_S),
)
ROUTE_S, ROUTE_LATERAL, ROUTE_HEADING, ROUTE_INDEX = (
    int(Ego.ROUTE_S),
    int(Ego.ROUTE_LATERAL),
    int(Ego.ROUTE_HEADING),
    int(Ego.ROUTE_INDEX),
)
BLOCKED_TIME, OFFROAD_DISTANCE, TIME = (
    int(Ego.BLOCKED_TIME),
    int(Ego.OFFROAD_DISTANCE),
    int(Ego.TIME),
)
STOP_LINE, STOP_STOOD, LINES_OVER, LINE_CROSSED, LINE_LANE = (
    int(Ego.STOP_LINE),
    int(Ego.STOP_STOOD),
    int(Ego.LINES_OVER),
    int(Ego.LINE_CROSSED),
    int(Ego.LINE_LANE),
)
EV_RED, EV_OFF_ROAD, EV_WRONG, EV_DEVIATION, EV_BLOCKED, EV_FINISHED, EV_TIMEOUT = (
    int(Event.RED_LIGHT),
    int(Event.OFF_ROAD),
    int(Event.WRONG_LANE),
    int(Event.ROUTE_DEVIATION),
    int(Event.BLOCKED),
    int(Event.FINISHED),
    int(Event.TIMEOUT),
)
EV_STOP_SIGN, EV_LANE_INVASION = int(Event.STOP_SIGN), int(Event.LANE_INVASION)
RED = int(Light.RED)
NO_MARK = int(MarkType.NONE)
OVER_LEFT, OVER_RIGHT = 1, 2  # bits of LINES_OVER

OUTSIDE_MARGIN = 0.5  # [m] leaderboard OutsideRouteLanesTest
WRONG_ANGLE = math.radians(120.0)  # leaderboard OutsideRouteLanesTest
STOP_REACH = 4.0  # [m] before the line; leaderboard RunningStopTest, PROXIMITY_THRESHOLD
STOP_SPEED = 0.1  # [m/s] below which a vehicle stands; RunningStopTest, SPEED_THRESHOLD
ROUTE_REACH = 4.0  # [m] beside the route; who is farther away crosses no line of it
WHEELS = 0.45  # of the width, from the middle to the outside of a wheel
TAIL_SHARE = 0.8  # of the half length: leaderboard RunningRedLightTest looks at the tail


@inlined_kernel
def _locate(w: int, roads: Roads, paths: Paths, state: State) -> tuple[bool, float]:
    """Find the ego's lane.

    Returns:
        True, with a note, where it is off the road or on the wrong side; and the width of its
        lane [m], 0 where it is on none.
    """
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    point = paths.points[paths.start[route] + int(ego[ROUTE_INDEX])]
    width = np.float64(point[R_WIDTH])
    if abs(ego[ROUTE_LATERAL]) <= 0.5 * width and abs(ego[ROUTE_HEADING]) < 1.0:
        me[LANE] = point[R_LANE]
        me[S] = point[R_LANE_S] + max(ego[ROUTE_S] - point[R_S], 0.0)
        me[LATERAL] = ego[ROUTE_LATERAL]
        return False, width
    p = nearest_driving_point(roads, me[X], me[Y], me[Z], me[YAW], math.pi)
    me[LANE] = -1.0
    if p < 0:
        state.events[w, EV_OFF_ROAD] = 1
        return True, 0.0
    near = roads.points[p]
    dx, dy = me[X] - near[P_X], me[Y] - near[P_Y]
    lateral = -math.sin(near[P_YAW]) * dx + math.cos(near[P_YAW]) * dy
    width = np.float64(near[P_WIDTH])
    if math.hypot(dx, dy) > 0.5 * width + OUTSIDE_MARGIN + 0.5:
        state.events[w, EV_OFF_ROAD] = 1
        return True, 0.0
    lane = roads.point_lane[p]
    turn = abs(wrap_angle(me[YAW] - near[P_YAW]))
    if turn > WRONG_ANGLE and roads.lane_junction[lane] < 0:
        state.events[w, EV_WRONG] = 1
        return True, 0.0
    if turn < 0.5 * math.pi:
        me[LANE], me[S], me[LATERAL] = lane, near[P_S], lateral
        return False, width
    return False, 0.0


@inlined_kernel
def _cross_lights(w: int, before: float, paths: Paths, state: State) -> None:
    """Count stop lines that the ego's tail passed at red since route position `before`."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    tail = TAIL_SHARE * 0.5 * me[LENGTH]
    for k in range(paths.stop_start[route], paths.stop_start[route + 1]):
        line = paths.stop_s[k]
        passed = before - tail < line <= ego[ROUTE_S] - tail
        near = abs(ego[ROUTE_LATERAL]) < ROUTE_REACH
        if passed and state.lights[w, paths.stop_signal[k]] == RED and near:
            state.events[w, EV_RED] += 1


@kernel
def look_for_signs(w: int, paths: Paths, state: State) -> None:
    """Set the ego's columns about stop signs at the beginning of its route."""
    ego, route = state.ego[w], state.route_index[w]
    ego[STOP_LINE], ego[STOP_STOOD], ego[LINE_LANE] = -1.0, 0.0, -1.0
    for k in range(paths.sign_start[route], paths.sign_start[route + 1]):
        if paths.sign_s[k] > ego[ROUTE_S]:
            ego[STOP_LINE] = k
            return


@inlined_kernel
def _cross_signs(w: int, paths: Paths, state: State) -> None:
    """Count stop signs whose line the ego passed without having stood before it.

    Leaderboard RunningStopTest: the speed must have fallen below STOP_SPEED within STOP_REACH
    metres of the line; here that is the front's way to it. A line is passed with the centre.
    """
    me, ego = state.actors[w, 0], state.ego[w]
    k = int(ego[STOP_LINE])
    if k < 0:
        return
    line = paths.sign_s[k]
    if abs(me[SPEED]) < STOP_SPEED and line - ego[ROUTE_S] - 0.5 * me[LENGTH] <= STOP_REACH:
        ego[STOP_STOOD] = 1.0
    last = paths.sign_start[state.route_index[w] + 1]
    while k < last and paths.sign_s[k] <= ego[ROUTE_S]:
        if ego[STOP_STOOD] == 0.0 and abs(ego[ROUTE_LATERAL]) < ROUTE_REACH:
            state.events[w, EV_STOP_SIGN] += 1
        ego[STOP_STOOD] = 0.0
        k += 1
    ego[STOP_LINE] = k if k < last else -1


@inlined_kernel
def _cross_marks(w: int, width: float, roads: Roads, state: State) -> None:
    """Count marks that the wheels of either side crossed, to either side.

    A whole change of lanes counts twice: when the first wheels cross and when the last have.
    """
    me, ego = state.actors[w, 0], state.ego[w]
    if width <= 0.0:
        ego[LINE_LANE] = -1.0
        return
    over, reach = 0, 0.5 * width - WHEELS * me[WIDTH]
    if me[LATERAL] < -reach:
        over += OVER_LEFT
    if me[LATERAL] > reach:
        over += OVER_RIGHT
    changed = over ^ int(ego[LINES_OVER])
    if changed != 0 and me[LANE] == ego[LINE_LANE]:
        lane = int(me[LANE])
        left, right = roads.lane_mark_left[lane], roads.lane_mark_right[lane]
        if changed & OVER_LEFT and left != NO_MARK:
            state.events[w, EV_LANE_INVASION] += 1
            ego[LINE_CROSSED] = left
        if changed & OVER_RIGHT and right != NO_MARK:
            state.events[w, EV_LANE_INVASION] += 1
            ego[LINE_CROSSED] = right
    ego[LINES_OVER], ego[LINE_LANE] = over, me[LANE]


@inlined_kernel
def judge(w: int, before: float, roads: Roads, paths: Paths, state: State, rules: Rules) -> None:
    """Note the rules that the ego broke in this tick and whether its drive is over."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    outside, width = _locate(w, roads, paths, state)
    _cross_lights(w, before, paths, state)
    _cross_signs(w, paths, state)
    _cross_marks(w, width, roads, state)
    if outside:
        ego[OFFROAD_DISTANCE] += abs(me[SPEED]) * rules.tick
    ego[BLOCKED_TIME] = ego[BLOCKED_TIME] + rules.tick if abs(me[SPEED]) < 0.1 else 0.0
    length = paths.points[paths.start[route + 1] - 1, R_S]
    if abs(ego[ROUTE_LATERAL]) > rules.deviation:
        state.events[w, EV_DEVIATION] = 1
    if ego[BLOCKED_TIME] > rules.blocked_time:
        state.events[w, EV_BLOCKED] = 1
    if ego[TIME] > paths.timeout[route]:
        state.events[w, EV_TIMEOUT] = 1
    # Leaderboard RouteCompletionTest: over 99 % and within 10 m of the last point.
    remaining = length - ego[ROUTE_S]
    if remaining < min(10.0, max(0.01 * length, 1.0)) and abs(ego[ROUTE_LATERAL]) < 10.0:
        state.events[w, EV_FINISHED] = 1
    if (
        state.events[w, EV_DEVIATION]
        + state.events[w, EV_BLOCKED]
        + state.events[w, EV_TIMEOUT]
        + state.events[w, EV_FINISHED]
        > 0
    ):
        state.done[w] = True
