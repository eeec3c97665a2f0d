"""The ego vehicle: its motion, and where it is on its route."""

from __future__ import annotations

import math

from roadworthy.sim.angles import advance_phase, wrap_angle
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.physics.bicycle import (
    GAIN,
    GRIP,
    L_REAR,
    MASS,
    PEDAL_LAG,
    STEER_LAG,
    accel_to_pedal,
    curvature_to_steer,
    full_brake,
    pedal_to_accel,
    steer_to_bend,
)
from roadworthy.sim.physics.tyres import GRAVITY, SLIDING, grip_share, road_friction, slowed
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.motion import WHEEL_RADIUS
from roadworthy.sim.world.columns import Actor, Ego, Tuning
from roadworthy.sim.world.layout import FloatArray, Paths, Rules, State

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
LENGTH, BRAKE, PHASE, SLIDE_X, SLIDE_Y, A_MASS, A_STEER = (
    int(Actor.LENGTH),
    int(Actor.BRAKE),
    int(Actor.PHASE),
    int(Actor.SLIDE_X),
    int(Actor.SLIDE_Y),
    int(Actor.MASS),
    int(Actor.STEER),
)
R_X, R_Y, R_Z, R_YAW, R_S = (
    int(RoutePoint.X),
    int(RoutePoint.Y),
    int(RoutePoint.Z),
    int(RoutePoint.YAW),
    int(RoutePoint.S),
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
TIME, CURVATURE, LATERAL_ACCEL, LAST_ACCEL, SPIN = (
    int(E.TIME),
    int(E.CURVATURE),
    int(E.LATERAL_ACCEL),
    int(E.LAST_ACCEL),
    int(E.SPIN),
)
T_THROTTLE, T_BRAKE, T_STEER, T_BIAS, T_PEDAL_LAG, T_STEER_LAG, T_FRICTION = (
    int(Tuning.THROTTLE_GAIN),
    int(Tuning.BRAKE_GAIN),
    int(Tuning.STEER_GAIN),
    int(Tuning.STEER_BIAS),
    int(Tuning.PEDAL_LAG),
    int(Tuning.STEER_LAG),
    int(Tuning.FRICTION),
)

TOP_REVERSE = 8.0  # [m/s]
DRIVE_GRIP = 0.9 * GRAVITY  # [m/s^2] what the driven wheels hold on a dry road
WINDOW = 12  # route points looked at on either side of the last projection
GIVE_UP = 2  # route points in a row that come no nearer before the search ends
SPIN_BRAKE = 3.0 * SLIDING * GRAVITY  # [m rad/s^2] of a body with all wheels skidding; see _skid


@inlined_kernel
def _command(
    w: int, wish: FloatArray, as_plan: bool, climb: float, state: State, rules: Rules
) -> float:
    """Take the wish as commands, let the actuators follow; the gear, 1 or -1."""
    ego, tune, dt = state.ego[w], state.tuning[w], rules.tick
    geometry, gear = rules.profile.geometry, 1.0
    if as_plan:
        pedal = accel_to_pedal(rules.profile.accel, state.actors[w, 0, SPEED], wish[0] + climb)
        ego[THROTTLE], ego[PEDAL_BRAKE] = max(pedal, 0.0), max(-pedal, 0.0)
        ego[STEER] = curvature_to_steer(geometry, wish[1])
    else:
        ego[THROTTLE] = min(max(wish[0], 0.0), 1.0)
        ego[PEDAL_BRAKE] = min(max(wish[1], 0.0), 1.0)
        ego[STEER] = min(max(wish[2], -1.0), 1.0)
        gear = -1.0 if wish[3] > 0.5 else 1.0
    if ego[PEDAL_BRAKE] > 0.0:
        pedal = -min(ego[PEDAL_BRAKE] * tune[T_BRAKE], 1.0)
    else:
        pedal = min(ego[THROTTLE] * tune[T_THROTTLE], 1.0)
    steer = min(max(ego[STEER] * tune[T_STEER] + tune[T_BIAS], -1.0), 1.0)
    ego[PEDAL_ACTUAL] += (
        (pedal - ego[PEDAL_ACTUAL]) * dt / (geometry[PEDAL_LAG] + tune[T_PEDAL_LAG] + dt)
    )
    ego[STEER_ACTUAL] += (
        (steer - ego[STEER_ACTUAL]) * dt / (geometry[STEER_LAG] + tune[T_STEER_LAG] + dt)
    )
    return gear


@kernel
def _skid(me: FloatArray, ego: FloatArray, friction: float, dt: float) -> float:
    """Go on sideways and turning after a touch, while the tyres take it away; the turn [rad].

    Wheels that slide brake with mu g; turning is braked by the same force at about a third of
    the length from the centre, on a body whose radius of gyration is about as much.
    """
    me[X] += me[SLIDE_X] * dt
    me[Y] += me[SLIDE_Y] * dt
    turn = ego[SPIN] * dt
    slide = math.sqrt(me[SLIDE_X] * me[SLIDE_X] + me[SLIDE_Y] * me[SLIDE_Y])
    left = slowed(slide, SLIDING * GRAVITY * friction * dt)
    share = left / slide if slide > 0.0 else 0.0
    me[SLIDE_X] *= share
    me[SLIDE_Y] *= share
    ego[SPIN] = slowed(ego[SPIN], SPIN_BRAKE / me[LENGTH] * friction * dt)
    return turn


@inlined_kernel
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
    speed = me[SPEED]
    climb = GRAVITY * math.sin(me[PITCH]) if me[PITCH] != 0.0 else 0.0
    gear = _command(w, wish, as_plan, climb, state, rules)
    heading = gear if speed == 0.0 else (1.0 if speed > 0.0 else -1.0)
    load = geometry[MASS] / me[A_MASS]  # the forces are the car's, the mass is what it carries
    along = pedal_to_accel(table, speed, ego[PEDAL_ACTUAL]) * load
    accel = along * heading
    if heading != gear and ego[PEDAL_ACTUAL] > 0.0:
        # Rolling against the gear (a hill start): the engine pushes forward, drag acts backward.
        coast = pedal_to_accel(table, speed, 0.0) * load
        along = along - coast
        accel = along * gear + coast * heading
    friction = road_friction(state.weather[w]) * state.tuning[w, T_FRICTION]
    bend = steer_to_bend(geometry, ego[STEER_ACTUAL] + ego[STEER_BIAS])
    mean = speed + 0.5 * accel * dt
    hold = DRIVE_GRIP if accel * heading >= 0.0 else full_brake(table, speed)
    share = grip_share(accel, mean * mean * bend, friction * hold, friction * geometry[GRIP])
    accel = accel * share - climb
    after = speed + accel * dt
    if along <= 0.0 and after * heading < 0.0:
        after = 0.0  # brakes and friction stop a car, they never push it
    if speed == 0.0 and ego[PEDAL_ACTUAL] < 0.01:
        after = 0.0
    after = max(after, -TOP_REVERSE)
    mean, bend = 0.5 * (speed + after), bend * share
    slip_sine = bend * geometry[L_REAR]
    slip_cosine = math.sqrt(1.0 - slip_sine * slip_sine)
    cosine, sine = math.cos(me[YAW]), math.sin(me[YAW])
    me[X] += mean * (cosine * slip_cosine - sine * slip_sine) * dt
    me[Y] += mean * (sine * slip_cosine + cosine * slip_sine) * dt
    turn = mean * bend * dt
    if me[SLIDE_X] != 0.0 or me[SLIDE_Y] != 0.0 or ego[SPIN] != 0.0:
        turn += _skid(me, ego, friction, dt)
    me[YAW] = wrap_angle(me[YAW] + turn)
    ego[LAST_ACCEL] = me[ACCEL]
    me[ACCEL], me[SPEED], me[YAW_RATE] = (after - speed) / dt, after, mean * bend + ego[SPIN]
    me[BRAKE] = 1.0 if ego[PEDAL_ACTUAL] < -0.02 else 0.0
    me[PHASE] = advance_phase(me[PHASE], mean * dt / WHEEL_RADIUS)
    me[A_STEER] = geometry[GAIN] * ego[STEER_ACTUAL]
    ego[CURVATURE], ego[LATERAL_ACCEL] = bend, mean * mean * bend
    ego[TIME] += dt


@kernel
def _nearest_on(a: FloatArray, b: FloatArray, x: float, y: float) -> tuple[float, float]:
    """Squared distance [m^2] from (x, y) to the stretch of a route from a to b, and where."""
    dx, dy = b[R_X] - a[R_X], b[R_Y] - a[R_Y]
    t = ((x - a[R_X]) * dx + (y - a[R_Y]) * dy) / max(dx * dx + dy * dy, 1e-9)
    t = min(max(t, 0.0), 1.0)
    ex, ey = a[R_X] + t * dx - x, a[R_Y] + t * dy - y
    return ex * ex + ey * ey, t


@inlined_kernel
def project(w: int, paths: Paths, state: State, window: int) -> None:
    """Find the ego on its route, walking at most `window` points on from where it was."""
    me, ego, route = state.actors[w, 0], state.ego[w], state.route_index[w]
    first, end = paths.start[route], paths.start[route + 1]
    best = min(first + int(ego[ROUTE_INDEX]), end - 2)
    x, y, at = me[X], me[Y], best
    best_d, best_t = _nearest_on(paths.points[at], paths.points[at + 1], x, y)
    i, missed = at + 1, 0
    while i < min(at + window, end - 1) and missed < GIVE_UP:
        d, t = _nearest_on(paths.points[i], paths.points[i + 1], x, y)
        missed += 1
        if d < best_d:
            best, best_d, best_t, missed = i, d, t, 0
        i += 1
    i, missed = at - 1, 0
    while i >= max(at - window, first) and missed < GIVE_UP:
        d, t = _nearest_on(paths.points[i], paths.points[i + 1], x, y)
        missed += 1
        if d <= best_d:  # of two that are as near, the first one, whichever way it was come to
            best, best_d, best_t, missed = i, d, t, 0
        i -= 1
    a, b = paths.points[best], paths.points[best + 1]
    yaw = a[R_YAW] + (b[R_YAW] - a[R_YAW]) * best_t
    px, py = a[R_X] + (b[R_X] - a[R_X]) * best_t, a[R_Y] + (b[R_Y] - a[R_Y]) * best_t
    ego[ROUTE_INDEX] = best - first
    ego[ROUTE_S] = a[R_S] + (b[R_S] - a[R_S]) * best_t
    ego[ROUTE_LATERAL] = -math.sin(yaw) * (x - px) + math.cos(yaw) * (y - py)
    if best_t <= 0.0 or best_t >= 1.0:  # beyond an end the distance is not only lateral
        side = 1.0 if ego[ROUTE_LATERAL] >= 0.0 else -1.0
        ego[ROUTE_LATERAL] = side * math.sqrt(best_d)
    ego[ROUTE_HEADING] = wrap_angle(me[YAW] - yaw)
    ego[PROGRESS] = max(ego[PROGRESS], ego[ROUTE_S])
    if best_d < 100.0:
        rise = b[R_Z] - a[R_Z]
        me[Z] = a[R_Z] + rise * best_t
        me[PITCH] = 0.0
        if rise != 0.0:
            slope = math.atan2(rise, max(b[R_S] - a[R_S], 0.1))
            me[PITCH] = slope * math.cos(ego[ROUTE_HEADING])
