"""The ego vehicle: its motion, where it is on its route, and which rules it breaks."""

from __future__ import annotations

import math

from roadworthy.sim.angles import advance_phase, wrap_angle
from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.bicycle import (
    GRIP,
    L_REAR,
    PEDAL_LAG,
    STEER_LAG,
    accel_to_pedal,
    curvature_to_steer,
    pedal_to_accel,
    steer_to_slip,
)
from roadworthy.sim.road.network import Point
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.lookup import nearest_driving_point
from roadworthy.sim.traffic.vehicles import WHEEL_RADIUS
from roadworthy.sim.world.columns import Actor, Ego, Event, Light
from roadworthy.sim.world.layout import FloatArray, Paths, Roads, Rules, State

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
LENGTH, BRAKE, LANE, S, LATERAL, PHASE = (
    int(Actor.LENGTH),
    int(Actor.BRAKE),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.PHASE),
)
P_X, P_Y, P_YAW, P_S, P_WIDTH = (
    int(Point.X),
    int(Point.Y),
    int(Point.YAW),
    int(Point.S),
    int(Point.WIDTH),
)
R_X, R_Y, R_Z, R_YAW, R_S, R_WIDTH, R_LANE, R_LANE_S = (
    int(RoutePoint.X),
    int(RoutePoint.Y),
    int(RoutePoint.Z),
    int(RoutePoint.YAW),
    int(RoutePoint.S),
    int(RoutePoint.WIDTH),
    int(RoutePoint.LANE),
    int(RoutePoint.LANE_S),
)
E = Ego
THROTTLE, PEDAL_BRAKE, STEER = int(E.THROTTLE), int(E.BRAKE), int(E.STEER)
STEER_ACTUAL, PEDAL_ACTUAL = int(E.STEER_ACTUAL), int(E.PEDAL_ACTUAL)
STEER_BIAS = int(E.STEER_BIAS)
ROUTE_S, ROUTE_LATERAL, ROUTE_HEADING, ROUTE_INDEX, PROGRESS = (
    int(E.ROUTE_S),
    int(E.ROUTE_LATERAL),
    int(E.ROUTE_HEADING),
    int(E.ROUTE_INDEX),
    int(E.PROGRESS),
)
BLOCKED_TIME, OFFROAD_DISTANCE, TIME, CURVATURE, LATERAL_ACCEL, LAST_ACCEL = (
    int(E.BLOCKED_TIME),
    int(E.OFFROAD_DISTANCE),
    int(E.TIME),
    int(E.CURVATURE),
    int(E.LATERAL_ACCEL),
    int(E.LAST_ACCEL),
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

GRAVITY = 9.81  # [m/s^2]
TOP_REVERSE = 8.0  # [m/s]
WINDOW = 12  # route points looked at on either side of the last projection
OUTSIDE_MARGIN = 0.5  # [m] leaderboard OutsideRouteLanesTest
WRONG_ANGLE = math.radians(120.0)  # leaderboard OutsideRouteLanesTest
TAIL_SHARE = 0.8  # of the half length: leaderboard RunningRedLightTest looks at the tail


@kernel
def drive(w: int, wish: FloatArray, as_plan: bool, state: State, rules: Rules) -> None:
    """Move the ego by one tick.

    Args:
        w: the world.
        wish: [4] throttle, brake, steer, reverse; or acceleration, curvature where `as_plan`.
        as_plan: how to read `wish`.
        state: the worlds.
        rules: settings and the ego's vehicle profile.
    """
    me, ego, dt = state.actors[w, 0], state.ego[w], rules.tick
    table, geometry = rules.profile.accel, rules.profile.geometry
    speed, gear = me[SPEED], 1.0
    if as_plan:
        pedal = accel_to_pedal(table, speed, wish[0] + GRAVITY * math.sin(me[PITCH]))
        ego[THROTTLE], ego[PEDAL_BRAKE] = max(pedal, 0.0), max(-pedal, 0.0)
        ego[STEER] = curvature_to_steer(geometry, wish[1])
    else:
        ego[THROTTLE] = min(max(wish[0], 0.0), 1.0)
        ego[PEDAL_BRAKE] = min(max(wish[1], 0.0), 1.0)
        ego[STEER] = min(max(wish[2], -1.0), 1.0)
        gear = -1.0 if wish[3] > 0.5 else 1.0
    pedal = -ego[PEDAL_BRAKE] if ego[PEDAL_BRAKE] > 0.0 else ego[THROTTLE]
    ego[PEDAL_ACTUAL] += (pedal - ego[PEDAL_ACTUAL]) * dt / (geometry[PEDAL_LAG] + dt)
    ego[STEER_ACTUAL] += (ego[STEER] - ego[STEER_ACTUAL]) * dt / (geometry[STEER_LAG] + dt)
    heading = gear if speed == 0.0 else (1.0 if speed > 0.0 else -1.0)
    along = pedal_to_accel(table, speed, ego[PEDAL_ACTUAL])
    accel = along * heading
    if heading != gear and ego[PEDAL_ACTUAL] > 0.0:
        # Rolling against the gear (a hill start): the engine pushes forward, drag acts backward.
        coast = pedal_to_accel(table, speed, 0.0)
        along = along - coast
        accel = along * gear + coast * heading
    accel -= GRAVITY * math.sin(me[PITCH])
    after = speed + accel * dt
    if along <= 0.0 and after * heading < 0.0:
        after = 0.0  # brakes and friction stop a car, they never push it
    if speed == 0.0 and ego[PEDAL_ACTUAL] < 0.01:
        after = 0.0
    after = max(after, -TOP_REVERSE)
    slip = steer_to_slip(geometry, ego[STEER_ACTUAL] + ego[STEER_BIAS])
    bend = math.sin(slip) / geometry[L_REAR]
    mean = 0.5 * (speed + after)
    limit = geometry[GRIP] / max(mean * mean, 1e-3)
    bend = min(max(bend, -limit), limit)
    slip = math.asin(min(max(bend * geometry[L_REAR], -0.99), 0.99))
    me[X] += mean * math.cos(me[YAW] + slip) * dt
    me[Y] += mean * math.sin(me[YAW] + slip) * dt
    me[YAW] = wrap_angle(me[YAW] + mean * bend * dt)
    ego[LAST_ACCEL] = me[ACCEL]
    me[ACCEL], me[SPEED], me[YAW_RATE] = (after - speed) / dt, after, mean * bend
    me[BRAKE] = 1.0 if ego[PEDAL_ACTUAL] < -0.02 else 0.0
    me[PHASE] = advance_phase(me[PHASE], mean * dt / WHEEL_RADIUS)
    ego[CURVATURE], ego[LATERAL_ACCEL] = bend, mean * mean * bend
    ego[TIME] += dt


@kernel
def project(w: int, paths: Paths, state: State, window: int) -> None:
    """Find the ego on its route, within `window` points of where it was."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    first, end = paths.start[route], paths.start[route + 1]
    at = first + int(ego[ROUTE_INDEX])
    best, best_d, best_t = at, 1e18, 0.0
    for i in range(max(at - window, first), min(at + window, end - 1)):
        a, b = paths.points[i], paths.points[i + 1]
        dx, dy = b[R_X] - a[R_X], b[R_Y] - a[R_Y]
        t = ((me[X] - a[R_X]) * dx + (me[Y] - a[R_Y]) * dy) / max(dx * dx + dy * dy, 1e-9)
        t = min(max(t, 0.0), 1.0)
        d = (a[R_X] + t * dx - me[X]) ** 2 + (a[R_Y] + t * dy - me[Y]) ** 2
        if d < best_d:
            best, best_d, best_t = i, d, t
    a, b = paths.points[best], paths.points[best + 1]
    yaw = a[R_YAW] + (b[R_YAW] - a[R_YAW]) * best_t
    px, py = a[R_X] + (b[R_X] - a[R_X]) * best_t, a[R_Y] + (b[R_Y] - a[R_Y]) * best_t
    ego[ROUTE_INDEX] = best - first
    ego[ROUTE_S] = a[R_S] + (b[R_S] - a[R_S]) * best_t
    ego[ROUTE_LATERAL] = -math.sin(yaw) * (me[X] - px) + math.cos(yaw) * (me[Y] - py)
    if best_t <= 0.0 or best_t >= 1.0:  # beyond an end the distance is not only lateral
        side = 1.0 if ego[ROUTE_LATERAL] >= 0.0 else -1.0
        ego[ROUTE_LATERAL] = side * math.sqrt(best_d)
    ego[ROUTE_HEADING] = wrap_angle(me[YAW] - yaw)
    ego[PROGRESS] = max(ego[PROGRESS], ego[ROUTE_S])
    if best_d < 100.0:
        rise = b[R_Z] - a[R_Z]
        me[Z] = a[R_Z] + rise * best_t
        me[PITCH] = math.atan2(rise, max(b[R_S] - a[R_S], 0.1)) * math.cos(ego[ROUTE_HEADING])


@kernel
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


@kernel
def _cross_lines(w: int, before: float, paths: Paths, state: State) -> None:
    """Count stop lines that the ego's tail passed at red since route position `before`."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    tail = TAIL_SHARE * 0.5 * me[LENGTH]
    for k in range(paths.stop_start[route], paths.stop_start[route + 1]):
        line = paths.stop_s[k]
        passed = before - tail < line <= ego[ROUTE_S] - tail
        if passed and state.lights[w, paths.stop_signal[k]] == RED and abs(ego[ROUTE_LATERAL]) < 4:
            state.events[w, EV_RED] += 1


@kernel
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
