"""What the world's truth tells beyond a Scene: room beside the route, and where others will be.

Others are taken to follow their lanes at their speed of now, a while longer at their acceleration
of now, and to stop where they have no right to enter a junction yet or see a red light. Those on
no lane go straight on.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import (
    FUTURE_STEP,
    FUTURES,
    ROUTE_DISTANCES,
    Outlook,
    Room,
    Scene,
    Trait,
)
from roadworthy.sim.kernel import kernel
from roadworthy.sim.road.network import Point, RoadNetwork, SignalKind
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.world.columns import Actor, Ego, Flaw, Kind, Lamp, Light, Mover

_AX, _AY, _AYAW, _ASPEED, _AACCEL = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.ACCEL),
)
_AKIND, _ALANE, _AS, _ALAT, _ANEXT, _AGOAL, _ALEN = (
    int(Actor.KIND),
    int(Actor.LANE),
    int(Actor.S),
    int(Actor.LATERAL),
    int(Actor.NEXT_LANE),
    int(Actor.GOAL),
    int(Actor.LENGTH),
)
_AALIVE, _AFLAWS = int(Actor.ALIVE), int(Actor.FLAWS)
_AMOVER, _ALAMPS, _ALATSPEED, _ASLIDEX, _ASLIDEY = (
    int(Actor.MOVER),
    int(Actor.LAMPS),
    int(Actor.LATERAL_SPEED),
    int(Actor.SLIDE_X),
    int(Actor.SLIDE_Y),
)
_WALKER, _PROP = int(Kind.WALKER), int(Kind.PROP)
_TRAFFIC, _EVENT, _LOOSE = int(Mover.TRAFFIC), int(Mover.EVENT), int(Mover.LOOSE)
_RUNS_RED, _NO_LOOK = int(Flaw.RUNS_RED), int(Flaw.NO_LOOK)
_SPECIAL = int(Lamp.SPECIAL)
_DOOR_LEFT, _DOOR_RIGHT = int(Lamp.DOOR_LEFT), int(Lamp.DOOR_RIGHT)
_HAZARD = int(Lamp.LEFT_BLINKER | Lamp.RIGHT_BLINKER)
_PX, _PY, _PZ, _PYAW, _PS, _PWIDTH = (
    int(Point.X),
    int(Point.Y),
    int(Point.Z),
    int(Point.YAW),
    int(Point.S),
    int(Point.WIDTH),
)
_RX, _RY, _RZ, _RYAW, _RS, _RWIDTH, _RLANE = (
    int(RoutePoint.X),
    int(RoutePoint.Y),
    int(RoutePoint.Z),
    int(RoutePoint.YAW),
    int(RoutePoint.S),
    int(RoutePoint.WIDTH),
    int(RoutePoint.LANE),
)
_ES, _EINDEX, _ETIME = int(Ego.ROUTE_S), int(Ego.ROUTE_INDEX), int(Ego.TIME)
_KIND_LIGHT, _GREEN, _OFF = int(SignalKind.LIGHT), int(Light.GREEN), int(Light.OFF)
_N_ROOM = len(Room)
_STILL, _SPECIAL_COL, _DOOR, _ACTOR, _STOOD = (int(column) for column in Trait)
_DISTANCES = np.array(ROUTE_DISTANCES, np.float32)

_LOOK = 1.6  # [m] beyond the own lane's border, where a neighbour is looked for
_NEAR = 1.7  # [m] from there to the neighbour's nearest point
_STOREY = 3.0  # [m]
_AGAINST, _ALONG = np.cos(np.radians(120.0)), np.cos(np.radians(60.0))
_PULL = 2.0  # [s] for which somebody goes on accelerating
_CLAIM_BRAKE, _CLAIM_SPARE = 2.0, 6.0  # [m/s^2], [m] before a junction one has asked to enter
_LEFT = 4.0  # [s] an actor of an event that has stood for so long is taken to stay
_HARD = 6.0  # [m/s^2] who would have to brake harder for a red light goes on


@kernel
def _neighbour(table, cells, x, y, z, own, out):
    """Find the point of a driving lane nearest to (x, y) but not of lane `own`; -1 for none."""
    points, point_lane, grid_start, grid_point = table
    cell, origin_x, origin_y, columns, rows = cells
    column, row = int((x - origin_x) // cell), int((y - origin_y) // cell)
    best, best_d = -1, _NEAR * _NEAR
    for r in range(max(row - 1, 0), min(row + 2, rows)):
        for c in range(max(column - 1, 0), min(column + 2, columns)):
            k = r * columns + c
            for j in range(grid_start[k], grid_start[k + 1]):
                p = grid_point[j]
                d = (points[p, _PX] - x) ** 2 + (points[p, _PY] - y) ** 2
                if d < best_d and point_lane[p] != own and abs(points[p, _PZ] - z) < _STOREY:
                    best, best_d = p, d
    return best


@kernel
def _measure_room(route, lane_junction, table, cells, out):
    """Write [N, Room] for route points [N, RoutePoint]."""
    points = table[0]
    for i in range(len(route)):
        here = route[i]
        half = 0.5 * here[_RWIDTH]
        out[i, 0], out[i, 1], out[i, 2] = half, 0.0, 0.0
        out[i, 3], out[i, 4], out[i, 5] = half, 0.0, 0.0
        lane = int(here[_RLANE])
        if lane < 0 or lane_junction[lane] >= 0:
            continue
        c, s = np.cos(here[_RYAW]), np.sin(here[_RYAW])
        for side in range(2):
            sign = -1.0 if side == 0 else 1.0
            away = sign * (half + _LOOK)
            x, y = here[_RX] - s * away, here[_RY] + c * away
            p = _neighbour(table, cells, x, y, here[_RZ], lane, out)
            if p < 0:
                continue
            near = points[p]
            dx, dy = near[_PX] - here[_RX], near[_PY] - here[_RY]
            centre = sign * (c * dy - s * dx)
            along = np.cos(near[_PYAW] - here[_RYAW])
            if centre < 0.6 * half + 0.5 * near[_PWIDTH] or _AGAINST < along < _ALONG:
                continue
            out[i, 3 * side] = centre + 0.5 * near[_PWIDTH]
            out[i, 3 * side + 1] = centre
            out[i, 3 * side + 2] = 1.0 if along < 0.0 else 0.0


def room_of_routes(network: RoadNetwork, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure the room beside route points [N, RoutePoint], float32 [N, Room]."""
    out = np.zeros((len(points), _N_ROOM), np.float32)
    table = network.points, network.point_lane, network.grid_start, network.grid_point
    cells = (
        float(network.cell),
        *(float(v) for v in network.grid_origin),
        *(int(v) for v in network.grid_shape),
    )
    _measure_room(points, network.lane_junction, table, cells, out)
    return out


@kernel
def _free_way(actor, lights, roads):
    """How far [m] an actor's centre may go on before it will stop for a line; 1e9 for no line."""
    (_, _, lane_length, lane_junction, _, _, stop_start, stop_s, stop_signal, signal_kind) = roads
    lane, following = int(actor[_ALANE]), int(actor[_ANEXT])
    front, speed = actor[_AS] + 0.5 * actor[_ALEN], actor[_ASPEED]
    way, flaws = 1e9, int(actor[_AFLAWS])
    for k in range(stop_start[lane], stop_start[lane + 1]):
        signal = stop_signal[k]
        if signal < 0 or signal_kind[signal] != _KIND_LIGHT:
            continue
        gap = stop_s[k] - front
        closed = lights[signal] != _GREEN and lights[signal] != _OFF
        closed = closed and not flaws & _RUNS_RED
        if gap > -0.5 and closed and speed * speed < 2.0 * _HARD * max(gap, 0.5):
            way = min(way, max(gap, 0.0))
    if following >= 0 and lane_junction[following] >= 0 and lane_junction[lane] < 0:
        gap = lane_length[lane] - front
        asked = gap < speed * speed / (2.0 * _CLAIM_BRAKE) + _CLAIM_SPARE
        can = speed * speed < 2.0 * _HARD * max(gap, 0.5)
        if asked and can and not flaws & _NO_LOOK and int(actor[_AGOAL]) != following:
            way = min(way, max(gap, 0.0))
    return way


@kernel
def _travelled(speed, accel, t, way):
    """Distance [m] after `t` seconds."""
    if speed < 0.05 and accel <= 0.05:
        return 0.0
    if accel < 0.0:
        t = min(t, speed / -accel)
        return min(speed * t + 0.5 * accel * t * t, way)
    pull = min(t, _PULL)
    d = speed * t + accel * (0.5 * pull * pull + pull * (t - pull))
    return min(d, way)


@kernel
def _on_lanes(actor, distance, lateral, roads, out):
    """Write x, y of the place `distance` metres further along an actor's lanes."""
    points, lane_start, lane_length = roads[0], roads[1], roads[2]
    successor_start, successors = roads[4], roads[5]
    lane, s = int(actor[_ALANE]), actor[_AS] + distance
    following = int(actor[_ANEXT])
    while s > lane_length[lane] and following >= 0:
        s -= lane_length[lane]
        lane = following
        first = successor_start[lane]
        following = successors[first] if first < successor_start[lane + 1] else -1
    first, count = lane_start[lane], lane_start[lane + 1] - lane_start[lane]
    f = min(max(s / max(lane_length[lane], 1e-3) * (count - 1), 0.0), count - 1.0)
    i = first + min(int(f), max(count - 2, 0))
    j = min(i + 1, first + count - 1)
    t = f - (i - first)
    a, b = points[i], points[j]
    yaw = a[_PYAW]
    beyond = max(s - lane_length[lane], 0.0)
    c, n = np.cos(yaw), np.sin(yaw)
    out[0] = a[_PX] + t * (b[_PX] - a[_PX]) - n * lateral + c * beyond
    out[1] = a[_PY] + t * (b[_PY] - a[_PY]) + c * lateral + n * beyond


@kernel
def _foresee(actor, lights, roads, ego, out, place):
    """Write the places of one actor, [FUTURES, 2], on the ego's axes."""
    speed = float(actor[_ASPEED])
    accel = min(max(float(actor[_AACCEL]), -8.0), 2.0)
    lane = int(actor[_ALANE])
    c, s = np.cos(actor[_AYAW]), np.sin(actor[_AYAW])
    follows = lane >= 0 and actor[_AKIND] != _WALKER and actor[_AMOVER] != _LOOSE
    way = 1e9
    if follows:
        f = int(actor[_AS] / max(roads[2][lane], 1e-3) * (roads[1][lane + 1] - roads[1][lane] - 1))
        at = min(max(roads[1][lane] + f, roads[1][lane]), roads[1][lane + 1] - 1)
        # Who stands across its lane, or goes against it, does not follow it.
        follows = np.cos(actor[_AYAW] - roads[0][at, _PYAW]) > 0.8 and speed >= 0.0
        if actor[_AMOVER] == _TRAFFIC:
            way = _free_way(actor, lights, roads)
    ce, se = np.cos(ego[_AYAW]), np.sin(ego[_AYAW])
    for k in range(FUTURES):
        t = (k + 1) * FUTURE_STEP
        if actor[_AMOVER] == _LOOSE:
            place[0] = actor[_AX] + actor[_ASLIDEX] * min(t, 0.5)
            place[1] = actor[_AY] + actor[_ASLIDEY] * min(t, 0.5)
        elif follows:
            shift = actor[_ALATSPEED] * min(t, 1.5)
            d = _travelled(speed, accel, t, way)
            _on_lanes(actor, d, actor[_ALAT] + shift, roads, place)
        else:
            d = speed * t
            if actor[_AKIND] != _WALKER:
                d = _travelled(max(speed, 0.0), accel, t, way) if speed > 0.0 else speed * t
            place[0], place[1] = actor[_AX] + c * d, actor[_AY] + s * d
        dx, dy = place[0] - ego[_AX], place[1] - ego[_AY]
        out[k, 0], out[k, 1] = ce * dx + se * dy, ce * dy - se * dx


@kernel
def _describe(actor, index, stood, out):
    """Write the traits of one actor that has stood for `stood` seconds."""
    lamps = int(actor[_ALAMPS])
    stands = abs(actor[_ASPEED]) < 0.1
    out[:] = np.float32(0.0)
    if lamps & _DOOR_LEFT:
        out[_DOOR] = np.float32(-1.0)
    elif lamps & _DOOR_RIGHT:
        out[_DOOR] = np.float32(1.0)
    hazard = (lamps & _HAZARD) == _HAZARD
    wreck = actor[_AMOVER] == _LOOSE or (actor[_AMOVER] == _EVENT and stood > _LEFT)
    if actor[_AKIND] == _PROP or (stands and (out[_DOOR] != 0.0 or hazard or wreck)):
        out[_STILL] = np.float32(1.0)
    if lamps & _SPECIAL and not stands:
        out[_SPECIAL_COL] = np.float32(1.0)
    out[_ACTOR], out[_STOOD] = np.float32(index), stood


@kernel
def _count_standing(actors, time, stood):
    """Count on for how long each actor has stood; `stood` [A], its first entry is the time."""
    dt = time - stood[0]
    stood[0] = time
    for a in range(1, actors.shape[0]):
        if dt < 0.0 or dt > 1.0 or abs(actors[a, _ASPEED]) > 0.1 or actors[a, _AALIVE] == 0.0:
            stood[a] = 0.0
        else:
            stood[a] += dt


@kernel
def _room_ahead(points, first, last, index, s0, room, out):
    """Write the rows of `Outlook.room` for an ego `s0` metres along its route."""
    i = min(first + index, last - 1)
    for row in range(len(_DISTANCES)):
        while i < last - 1 and points[i, _RS] < s0 + _DISTANCES[row]:
            i += 1
        for column in range(_N_ROOM):
            out[row, column] = room[i, column]


@kernel
def _look_out(
    mask, actors, ego, lights, points, start, route_index, room, roads, valid, nearest, stood, out
):
    rooms, future, traits, place = out
    for w in range(len(actors)):
        if not mask[w]:
            continue
        _count_standing(actors[w], ego[w, _ETIME], stood[w])
        r = route_index[w]
        _room_ahead(
            points, start[r], start[r + 1], int(ego[w, _EINDEX]), ego[w, _ES], room, rooms[w]
        )
        for u in range(valid.shape[1]):
            if not valid[w, u]:
                continue
            a = nearest[w, u]
            _foresee(actors[w, a], lights[w], roads, actors[w, 0], future[w, u], place)
            _describe(actors[w, a], a, stood[w, a], traits[w, u])


def look_out(
    mask: NDArray[np.bool_],
    batch: Any,
    room: NDArray[np.float32] | None,
    nearest: NDArray[np.int32],
    stood: NDArray[np.float32],
    scene: Scene,
) -> None:
    """Fill the Outlook of a Scene whose users have just been filled.

    Args:
        mask: bool [W], worlds to look at.
        batch: the worlds, see `oracle.WorldState`.
        room: [N, Room] of `room_of_routes` for all route points.
        nearest: [W, MAX_USERS] actor that each row of the users shows.
        stood: float32 [W, A], memory of how long each actor has stood.
        scene: batched, with an Outlook.
    """
    network, outlook = batch.network, scene.outlook
    assert isinstance(outlook, Outlook)
    roads = (
        network.points,
        network.lane_start,
        network.lane_length,
        network.lane_junction,
        network.successor_start,
        network.successors,
        network.stop_start,
        network.stop_s,
        network.stop_signal,
        network.signal_kind,
    )
    _look_out(
        mask,
        batch.actors,
        batch.ego,
        batch.lights,
        batch.routes.points,
        batch.routes.start,
        batch.route_index,
        room,
        roads,
        scene.valid,
        nearest,
        stood,
        (outlook.room, outlook.future, outlook.traits, np.empty(2)),
    )
