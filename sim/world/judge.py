"""Which rules the ego breaks, and whether its drive is over."""

from __future__ import annotations

import math

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.kernel import inlined_kernel
from roadworthy.sim.road.network import Point
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.lookup import nearest_driving_point
from roadworthy.sim.world.columns import Actor, Ego, Event, Light
from roadworthy.sim.world.layout import Paths, Roads, Rules, State

X, Y, Z, YAW, SPEED, LENGTH, LANE, S, LATERAL = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
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
EV_RED, EV_OFF_ROAD, EV_WRONG, EV_DEVIATION, EV_BLOCKED, EV_FINISHED, EV_TIMEOUT = (
    int(Event.RED_LIGHT),
    int(Event.OFF_ROAD),
    int(Event.WRONG_LANE),
    int(Event.ROUTE_DEVIATION),
    int(Event.BLOCKED),
    int(Event.FINISHED),
    int(Event.TIMEOUT),
)
RED = int(Light.RED)

OUTSIDE_MARGIN = 0.5  # [m] leaderboard OutsideRouteLanesTest
WRONG_ANGLE = math.radians(120.0)  # leaderboard OutsideRouteLanesTest
TAIL_SHARE = 0.8  # of the half length: leaderboard RunningRedLightTest looks at the tail


@inlined_kernel
def _locate(w: int, roads: Roads, paths: Paths, state: State) -> bool:
    """Find the ego's lane; True, with a note, where it is off the road or on the wrong side."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    point = paths.points[paths.start[route] + int(ego[ROUTE_INDEX])]
    inside = 0.5 * point[R_WIDTH]
    if abs(ego[ROUTE_LATERAL]) <= inside and abs(ego[ROUTE_HEADING]) < 1.0:
        me[LANE] = point[R_LANE]
        me[S] = point[R_LANE_S] + max(ego[ROUTE_S] - point[R_S], 0.0)
        me[LATERAL] = ego[ROUTE_LATERAL]
        return False
    p = nearest_driving_point(roads, me[X], me[Y], me[Z], me[YAW], math.pi)
    me[LANE] = -1.0
    if p < 0:
        state.events[w, EV_OFF_ROAD] = 1
        return True
    near = roads.points[p]
    dx, dy = me[X] - near[P_X], me[Y] - near[P_Y]
    lateral = -math.sin(near[P_YAW]) * dx + math.cos(near[P_YAW]) * dy
    if math.hypot(dx, dy) > 0.5 * near[P_WIDTH] + OUTSIDE_MARGIN + 0.5:
        state.events[w, EV_OFF_ROAD] = 1
        return True
    lane = roads.point_lane[p]
    turn = abs(wrap_angle(me[YAW] - near[P_YAW]))
    if turn > WRONG_ANGLE and roads.lane_junction[lane] < 0:
        state.events[w, EV_WRONG] = 1
        return True
    if turn < 0.5 * math.pi:
        me[LANE], me[S], me[LATERAL] = lane, near[P_S], lateral
    return False


@inlined_kernel
def _cross_lines(w: int, before: float, paths: Paths, state: State) -> None:
    """Count stop lines that the ego's tail passed at red since route position `before`."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    tail = TAIL_SHARE * 0.5 * me[LENGTH]
    for k in range(paths.stop_start[route], paths.stop_start[route + 1]):
        line = paths.stop_s[k]
        passed = before - tail < line <= ego[ROUTE_S] - tail
        if passed and state.lights[w, paths.stop_signal[k]] == RED and abs(ego[ROUTE_LATERAL]) < 4:
            state.events[w, EV_RED] += 1


@inlined_kernel
def judge(w: int, before: float, roads: Roads, paths: Paths, state: State, rules: Rules) -> None:
    """Note the rules that the ego broke in this tick and whether its drive is over."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    outside = _locate(w, roads, paths, state)
    _cross_lines(w, before, paths, state)
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
