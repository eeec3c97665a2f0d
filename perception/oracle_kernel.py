"""The kernel that reads the true Scene off the state of many worlds.

Shape law: W worlds, A actors, K signals; see `sim.world.columns`, `sim.road.network` and
`perception.scene` for the columns. Worlds are independent of each other, so the result does not
depend on the batch size or on the number of threads.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import numpy as np
from numba import njit, prange

from roadworthy.perception.scene import (
    LIGHT_RANGE,
    ROUTE_DISTANCES,
    USER_RANGE,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    User,
    UserClass,
)
from roadworthy.perception.stop_lines import next_line, next_stop
from roadworthy.sim.kernel import kernel
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.world.columns import Actor, Ego, Kind

# Numba freezes plain integers at compile time; its support for IntEnum costs compile time.
_AX, _AY, _AYAW, _ASPEED = int(Actor.X), int(Actor.Y), int(Actor.YAW), int(Actor.SPEED)
_AACCEL, _ARATE = int(Actor.ACCEL), int(Actor.YAW_RATE)
_ALENGTH, _AWIDTH, _AKIND, _AALIVE = (
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.KIND),
    int(Actor.ALIVE),
)
_ES, _EINDEX, _ELATERAL, _EHEADING, _ECURVATURE, _ETIME = (
    int(Ego.ROUTE_S),
    int(Ego.ROUTE_INDEX),
    int(Ego.ROUTE_LATERAL),
    int(Ego.ROUTE_HEADING),
    int(Ego.CURVATURE),
    int(Ego.TIME),
)
_PX, _PY, _PYAW, _PS, _PWIDTH, _PLIMIT, _PLANE, _PLANE_S = (
    int(RoutePoint.X),
    int(RoutePoint.Y),
    int(RoutePoint.YAW),
    int(RoutePoint.S),
    int(RoutePoint.WIDTH),
    int(RoutePoint.SPEED_LIMIT),
    int(RoutePoint.LANE),
    int(RoutePoint.LANE_S),
)
_UX, _UY, _UCOS, _USIN, _UVX, _UVY, _ULENGTH, _UWIDTH, _UCLASS, _UCONFIDENCE = (
    int(column) for column in User
)
_RX, _RY, _RCOS, _RSIN, _RWIDTH, _RLIMIT, _RJUNCTION = (int(column) for column in RouteCol)
_LSTATE, _LDISTANCE, _LCONFIDENCE = (int(column) for column in LightCol)
(
    _CSPEED,
    _CACCEL,
    _CRATE,
    _CLATERAL,
    _CHEADING,
    _CLIMIT,
    _CREMAINING,
    _CCURVATURE,
    _CLENGTH,
    _CWIDTH,
) = (int(column) for column in EgoCol)

_KIND_LIGHT = int(SignalKind.LIGHT)
_RED, _GREEN = np.float32(LightState.RED), np.float32(LightState.GREEN)
_NEAR_SQUARE = np.float32(USER_RANGE * USER_RANGE)
_WALKER = float(Kind.WALKER)
_N_ROUTE = len(ROUTE_DISTANCES)
_DISTANCES = np.array(ROUTE_DISTANCES, np.float32)
# Kind -> UserClass and Light -> LightState, as tables.
_CLASS_OF_KIND = np.full(len(Kind), float(UserClass.VEHICLE), np.float32)
_CLASS_OF_KIND[[Kind.MOTORCYCLE, Kind.BICYCLE]] = float(UserClass.CYCLIST)
_CLASS_OF_KIND[Kind.WALKER] = float(UserClass.WALKER)
_STATE_OF_LIGHT = np.array(
    [LightState.RED, LightState.YELLOW, LightState.GREEN, LightState.NONE], np.float32
)


@kernel
def _list_users(actors, reach, most, nearest, near):
    """List the `most` nearest of those within reach; returns how many there are.

    The bits of a float that is not negative rise with it; with the actor's number behind them no
    two are alike, and who has so many smaller ones stands there. That takes vector instructions
    and no branch that nobody can foresee: sorted by insertion it took longer.
    """
    count = 0
    ex, ey = actors[0, _AX], actors[0, _AY]
    limit = np.float32(reach * reach)
    fx, fy = np.cos(actors[0, _AYAW]), np.sin(actors[0, _AYAW])
    for a in range(1, actors.shape[0]):
        dx, dy = actors[a, _AX] - ex, actors[a, _AY] - ey
        square = dx * dx + dy * dy
        # Of those who are farther than others ever look: only vehicles ahead.
        vehicle, ahead = actors[a, _AKIND] != _WALKER, fx * dx + fy * dy >= 0.0
        listed = (square <= limit) & ((square <= _NEAR_SQUARE) | (vehicle & ahead))
        near[count] = np.int64(np.float32(square).view(np.int32)) << 32 | a
        count += (actors[a, _AALIVE] != 0.0) & listed
    for i in range(count):
        rank = 0
        for j in range(count):
            rank += near[j] < near[i]
        if rank < most:
            nearest[rank] = near[i] & 0xFFFFFFFF
    return min(count, most)


@kernel
def fill_users(actors, users, valid, reach, nearest, near):
    """Write the nearest road users, sorted by distance.

    Args:
        actors: [A, Actor] of one world.
        users: out, [n, User]; the n nearest.
        valid: out, [n].
        reach: [m] nobody beyond is listed, and beyond USER_RANGE only vehicles ahead.
        nearest: int32 [n], written: the actor of each valid row.
        near: int64 [A], scratch.
    """
    most = users.shape[0]
    count = _list_users(actors, reach, most, nearest, near)
    ex, ey = actors[0, _AX], actors[0, _AY]
    c, s = np.cos(actors[0, _AYAW]), np.sin(actors[0, _AYAW])
    for slot in range(most):
        valid[slot] = slot < count
        if slot >= count:
            users[slot, :] = np.float32(0.0)
            continue
        row = actors[nearest[slot]]
        dx, dy = row[_AX] - ex, row[_AY] - ey
        cy, sy = np.cos(row[_AYAW]), np.sin(row[_AYAW])
        cos, sin = c * cy + s * sy, c * sy - s * cy
        users[slot, _UX] = c * dx + s * dy
        users[slot, _UY] = c * dy - s * dx
        users[slot, _UCOS] = cos
        users[slot, _USIN] = sin
        users[slot, _UVX] = row[_ASPEED] * cos
        users[slot, _UVY] = row[_ASPEED] * sin
        users[slot, _ULENGTH] = row[_ALENGTH]
        users[slot, _UWIDTH] = row[_AWIDTH]
        users[slot, _UCLASS] = _CLASS_OF_KIND[int(row[_AKIND])]
        users[slot, _UCONFIDENCE] = np.float32(1.0)


@kernel
def point_behind(points, first, last, s, hint):
    """Return the index of the last route point in [first, last - 2] whose S is at most `s`.

    It is looked for on both sides of point number `hint` of the route.
    """
    at = min(max(first + hint, first), last - 2)
    while at > first and points[at, _PS] > s:
        at -= 1
    while at < last - 2 and points[at + 1, _PS] <= s:
        at += 1
    return at


@kernel
def fill_route(points, first, last, begin, s0, x, y, yaw, lane_junction, out):
    """Write the rows of `Scene.route` for a vehicle at (x, y, yaw), `s0` metres along its route.

    `points` are route points of which this route owns [first, last); `begin` is the point behind.
    Rows beyond the end of the route repeat its last point.
    """
    i = begin
    c, s = np.cos(yaw), np.sin(yaw)
    for row in range(_N_ROUTE):
        target = s0 + _DISTANCES[row]
        while i < last - 2 and points[i + 1, _PS] <= target:
            i += 1
        span = points[i + 1, _PS] - points[i, _PS]
        t = (target - points[i, _PS]) / max(span, np.float32(1e-6))
        t = min(max(t, np.float32(0.0)), np.float32(1.0))
        dx = points[i, _PX] + t * (points[i + 1, _PX] - points[i, _PX]) - x
        dy = points[i, _PY] + t * (points[i + 1, _PY] - points[i, _PY]) - y
        heading = points[i, _PYAW] + t * (points[i + 1, _PYAW] - points[i, _PYAW]) - yaw
        at = i if t < 1.0 else i + 1
        out[row, _RX] = c * dx + s * dy
        out[row, _RY] = c * dy - s * dx
        out[row, _RCOS] = np.cos(heading)
        out[row, _RSIN] = np.sin(heading)
        out[row, _RWIDTH] = points[at, _PWIDTH]
        out[row, _RLIMIT] = points[at, _PLIMIT]
        lane = int(points[at, _PLANE])
        out[row, _RJUNCTION] = np.float32(lane >= 0 and lane_junction[lane] >= 0)


@kernel
def _fill_world(
    actors,
    ego,
    lights,
    points,
    first,
    last,
    lane_junction,
    lines,
    first_line,
    last_line,
    stood,
    reach,
    nearest,
    near,
    users,
    valid,
    light,
    route,
    ego_row,
):
    """Write the Scene of one world."""
    fill_users(actors, users, valid, reach, nearest, near)
    me = actors[0]
    s0 = ego[_ES]
    begin = point_behind(points, first, last, s0, int(ego[_EINDEX]))
    fill_route(points, first, last, begin, s0, me[_AX], me[_AY], me[_AYAW], lane_junction, route)
    front = s0 + np.float32(0.5) * me[_ALENGTH]
    here = points[begin, _PS]
    row, distance = next_line(lines, first_line, last_line, _KIND_LIGHT, here, front)
    state = np.float32(0.0)
    if row >= 0:
        state = _STATE_OF_LIGHT[min(lights[int(lines[row, 1])], 3)]
    if state == 0.0:
        distance = np.float32(LIGHT_RANGE)
    stop = next_stop(lines, first_line, last_line, here, front, me[_ASPEED], ego[_ETIME], stood)
    # A stop sign is shown as a red light that goes out once the ego has stood at its line.
    if stop < LIGHT_RANGE and (state == 0.0 or state == _GREEN or stop < distance):
        state, distance = _RED, stop
    light[_LSTATE], light[_LDISTANCE] = state, distance
    light[_LCONFIDENCE] = np.float32(1.0)
    ego_row[_CSPEED] = me[_ASPEED]
    ego_row[_CACCEL] = me[_AACCEL]
    ego_row[_CRATE] = me[_ARATE]
    ego_row[_CLATERAL] = ego[_ELATERAL]
    ego_row[_CHEADING] = ego[_EHEADING]
    ego_row[_CLIMIT] = points[begin, _PLIMIT]
    ego_row[_CREMAINING] = max(points[last - 1, _PS] - s0, np.float32(0.0))
    ego_row[_CCURVATURE] = ego[_ECURVATURE]
    ego_row[_CLENGTH] = me[_ALENGTH]
    ego_row[_CWIDTH] = me[_AWIDTH]


def _fill_scene(
    mask,
    actors,
    ego,
    lights,
    route_points,
    route_start,
    route_index,
    lane_junction,
    lines,
    line_start,
    stood,
    reach,
    nearest,
    near,
    users,
    valid,
    light,
    route,
    ego_row,
):
    """Write the Scenes of the worlds of `mask`: `users`, `valid`, `light`, `route`, `ego_row`.

    Inputs: mask [W], actors [W, A, Actor], ego [W, Ego], lights uint8 [W, K], route_points
    [., RoutePoint], route_start [R + 1], route_index [W], lane_junction [L], lines [., RouteLine],
    line_start [R + 1], stood [W, 2] (memory), reach [m], and nearest [W, n] and near [W, A] of
    `fill_users`. Outputs: the arrays of a Scene with a leading axis of W.
    """
    for w in prange(actors.shape[0]):
        if not mask[w]:
            continue
        r = route_index[w]
        _fill_world(
            actors[w],
            ego[w],
            lights[w],
            route_points,
            route_start[r],
            route_start[r + 1],
            lane_junction,
            lines,
            line_start[r],
            line_start[r + 1],
            stood[w],
            reach,
            nearest[w],
            near[w],
            users[w],
            valid[w],
            light[w],
            route[w],
            ego_row[w],
        )


fill_scene = njit(cache=True, nogil=True, error_model="numpy")(_fill_scene)
# For large batches; starting threads costs more than a small batch needs (DESIGN.md, section 5).
fill_scene_parallel = njit(cache=True, nogil=True, error_model="numpy", parallel=True)(_fill_scene)
