"""From a Town and its routes to the arrays that the kernels read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork, SignalKind
from roadworthy.sim.road.route import RoutePoint, RouteSet
from roadworthy.sim.scenery.layout import Box, Prop, Scenery
from roadworthy.sim.traffic.crossings import Crossings, find_crossings
from roadworthy.sim.world.layout import Paths, Places, Roads, Statics
from roadworthy.sim.world.overlaps import find_overlaps
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.stretches import build_stretches, point_rate

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

SPAWN_SPACING = 6.0  # [m] between places where a vehicle can appear
SPAWN_MARGIN = 4.0  # [m] kept from both ends of a lane
WALK_SPACING = 5.0  # [m]
PLACE_CELL = 32.0  # [m]
STATIC_CELL = 8.0  # [m]
VEHICLE_REACH = 3.0  # [m] from a vehicle's centre to its farthest corner
# A stop line may lie between the points of two lanes of a route; the same limits as in the Scene.
LINE_BEFORE = 1.0  # [m]
LINE_BEYOND = 2.0  # [m]
TRUNK = 0.5  # [m] edge of the box that stands for a tree's trunk


def row_pointer(owner: IntArray, count: int) -> IntArray:
    """Row pointer of a list whose entry i belongs to `owner[i]`; the list must be sorted."""
    counts = np.bincount(owner, minlength=count)[:count]
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


def _sample_lanes(
    network: RoadNetwork, lanes: IntArray, spacing: float, margin: float
) -> FloatArray:
    """Rows (lane, s, x, y) about every `spacing` metres along `lanes`."""
    rows: list[FloatArray] = []
    for lane in lanes:
        points = network.lane_points(int(lane))
        length = float(network.lane_length[lane])
        stations = np.arange(margin, length - margin, spacing)
        if len(stations) == 0:
            continue
        s = points[:, Point.S]
        x = np.interp(stations, s, points[:, Point.X])
        y = np.interp(stations, s, points[:, Point.Y])
        rows.append(np.stack([np.full_like(stations, lane), stations, x, y], 1).astype(np.float32))
    return np.concatenate(rows) if rows else np.zeros((0, 4), np.float32)


def _grid(low: FloatArray, high: FloatArray, cell: float) -> tuple[FloatArray, IntArray]:
    """Origin and shape (columns, rows) of a grid that covers a rectangle."""
    shape = np.maximum(np.ceil((high - low) / cell).astype(np.int32), 0) + 1
    return low.astype(np.float32), shape.astype(np.int32)


def build_places(rows: FloatArray) -> Places:
    """Sort rows (lane, s, x, y) into the cells of a grid."""
    if len(rows) == 0:
        one = np.ones(2, np.int32)
        return Places(rows, PLACE_CELL, np.zeros(2, np.float32), one, np.zeros(2, np.int32))
    origin, shape = _grid(rows[:, 2:].min(0), rows[:, 2:].max(0), PLACE_CELL)
    cells = np.floor((rows[:, 2:] - origin) / PLACE_CELL).astype(np.int32)
    flat = (cells[:, 1] * shape[0] + cells[:, 0]).astype(np.int32)
    order = np.argsort(flat, kind="stable")
    start = row_pointer(flat[order], int(shape[0] * shape[1]))
    return Places(np.ascontiguousarray(rows[order]), PLACE_CELL, origin, shape, start)


def _crossed_lanes(found: Crossings) -> tuple[IntArray, IntArray, FloatArray]:
    """Turn the list of crossings by lane into a list of driving lanes by crossing."""
    count = len(found.points)
    lanes = np.repeat(np.arange(len(found.lane_start) - 1), np.diff(found.lane_start))
    order = np.argsort(found.lane_crossing, kind="stable")
    crossing = found.lane_crossing[order].astype(np.int32)
    where = found.lane_s[order].mean(1) if len(order) else np.zeros(0)
    return row_pointer(crossing, count), lanes[order].astype(np.int32), where.astype(np.float32)


def dead_ends(network: RoadNetwork) -> NDArray[np.bool_]:
    """Driving lanes from which no way leads on for ever, by successors or changes of lanes, [L]."""
    dead = network.lane_type != LaneType.DRIVING
    before = -1
    while before != int(dead.sum()):
        before = int(dead.sum())
        for lane in np.flatnonzero(~dead):
            first, last = network.successor_start[lane : lane + 2]
            goes_on = not dead[network.successors[first:last]].all()
            for other, allowed in (
                (network.lane_left[lane], network.lane_change_left[lane]),
                (network.lane_right[lane], network.lane_change_right[lane]),
            ):
                goes_on = goes_on or bool(
                    allowed and other >= 0 and _leads_on(network, other, dead)
                )
            dead[lane] = not goes_on
    return np.asarray(dead, np.bool_)


def _leads_on(network: RoadNetwork, lane: int, dead: NDArray[np.bool_]) -> bool:
    first, last = network.successor_start[lane : lane + 2]
    return not dead[lane] and not bool(dead[network.successors[first:last]].all())


def _signals_by_group(network: RoadNetwork) -> tuple[IntArray, IntArray]:
    """Row pointer and signals of the groups of lights."""
    grouped = np.flatnonzero(network.signal_group >= 0)
    order = grouped[np.argsort(network.signal_group[grouped], kind="stable")]
    groups = network.signal_group[order].astype(np.int32)
    return row_pointer(groups, len(network.group_phases)), order.astype(np.int32)


def _walk_ahead(network: RoadNetwork, start: IntArray, s: FloatArray) -> IntArray:
    """For each point the first entry of the lane's rows of `s` that is not before it, [P].

    Points count as evenly spaced, as in `traffic.walkers`, which goes on from there.
    """
    ahead = np.zeros(len(network.points), np.int32)
    rate = point_rate(network).astype(np.float64)
    for lane in range(network.n_lanes):
        first, last = network.lane_start[lane : lane + 2]
        rows = s[start[lane] : start[lane + 1]] * rate[lane]
        ahead[first:last] = start[lane] + np.searchsorted(np.floor(rows), np.arange(last - first))
    return ahead


def build_roads(network: RoadNetwork) -> Roads:
    """Arrange a RoadNetwork for the traffic."""
    driving = np.flatnonzero(
        (network.lane_type == LaneType.DRIVING) & (network.lane_junction < 0)
    ).astype(np.int32)
    # A vehicle that appears on a lane that leads nowhere would only stop at its end.
    dead = dead_ends(network)
    driving = driving[~dead[driving] & (np.diff(network.successor_start)[driving] > 0)]
    sidewalks = np.flatnonzero(network.lane_type == LaneType.SIDEWALK).astype(np.int32)
    found = find_crossings(network)
    ends = found.ends
    begins = [
        (int(ends[c, e, 0]), float(ends[c, e, 1]), 2 * c + e)
        for c in range(len(ends))
        for e in range(2)
        if ends[c, e, 0] >= 0
    ]
    begins.sort()
    walk_start = row_pointer(np.array([b[0] for b in begins], np.int32), network.n_lanes)
    walk_s = np.array([b[1] for b in begins], np.float32)
    group_start, group_signal = _signals_by_group(network)
    crossed_start, crossed_lane, crossed_s = _crossed_lanes(found)
    overlaps = find_overlaps(network)
    return Roads(
        points=network.points,
        stretches=build_stretches(network),
        lane_start=network.lane_start,
        lane_length=network.lane_length,
        lane_type=network.lane_type,
        lane_limit=network.lane_speed_limit,
        lane_junction=network.lane_junction,
        successor_start=network.successor_start,
        successors=network.successors,
        stop_start=network.stop_start,
        stop_s=network.stop_s,
        stop_signal=network.stop_signal,
        signal_kind=network.signal_kind,
        signal_group=network.signal_group,
        signal_phase=network.signal_phase,
        group_phases=network.group_phases,
        conflict_start=network.conflict_start,
        conflict_lane=network.conflict_lane,
        crosslane_start=found.lane_start,
        crosslane_crossing=found.lane_crossing,
        crosslane_s=found.lane_s,
        crossing_points=found.points,
        crossing_z=found.z,
        crossing_ends=ends,
        walk_start=walk_start,
        walk_crossing=np.array([b[2] for b in begins], np.int32),
        walk_s=walk_s,
        walk_ahead=_walk_ahead(network, walk_start, walk_s),
        crossed_start=crossed_start,
        crossed_lane=crossed_lane,
        crossed_s=crossed_s,
        spawns=build_places(_sample_lanes(network, driving, SPAWN_SPACING, SPAWN_MARGIN)),
        walk_spawns=build_places(_sample_lanes(network, sidewalks, WALK_SPACING, 1.0)),
        cell=float(network.cell),
        grid_origin=network.grid_origin,
        grid_shape=network.grid_shape,
        grid_start=network.grid_start,
        grid_point=network.grid_point,
        point_lane=network.point_lane,
        conflict_s=network.conflict_s,
        conflict_priority=network.conflict_priority,
        overlap_start=overlaps.start,
        overlap_lane=overlaps.lane,
        overlap_s=overlaps.s,
        lane_turn=network.lane_turn,
        lane_control=network.lane_control,
        lane_left=network.lane_left,
        lane_right=network.lane_right,
        lane_change_left=network.lane_change_left,
        lane_change_right=network.lane_change_right,
        lane_oncoming=network.lane_oncoming,
        lane_oncoming_mark=network.lane_oncoming_mark,
        predecessor_start=network.predecessor_start,
        predecessors=network.predecessors,
        lane_mark_left=network.lane_mark_left,
        lane_mark_right=network.lane_mark_right,
        point_rate=point_rate(network),
        dead_end=dead,
        changes=bool(network.lane_change_left.any() or network.lane_change_right.any()),
        crosswalks=found.marked,
        group_start=group_start,
        group_signal=group_signal,
    )


def build_statics(scenery: Scenery) -> Statics:
    """Sort the solid boxes of a town into the cells from which a vehicle can touch them."""
    columns = [Box.X, Box.Y, Box.YAW, Box.LENGTH, Box.WIDTH, Box.Z, Box.HEIGHT]
    solid = np.ascontiguousarray(scenery.boxes[:, columns], np.float32)  # a box in one line
    solid[:, 6] += solid[:, 5]
    solid[scenery.boxes[:, Box.PROP] == Prop.TREE, 3:5] = TRUNK
    prop = scenery.boxes[:, Box.PROP].astype(np.int32)
    if len(solid) == 0:
        one = np.ones(2, np.int32)
        none = np.zeros(0, np.int32)
        origin = np.zeros(2, np.float32)
        return Statics(solid, STATIC_CELL, origin, one, np.zeros(2, np.int32), none, prop)
    c, s = np.abs(np.cos(solid[:, 2])), np.abs(np.sin(solid[:, 2]))
    half = 0.5 * np.stack([c * solid[:, 3] + s * solid[:, 4], s * solid[:, 3] + c * solid[:, 4]], 1)
    low, high = solid[:, :2] - half - VEHICLE_REACH, solid[:, :2] + half + VEHICLE_REACH
    origin, shape = _grid(low.min(0), high.max(0), STATIC_CELL)
    first = np.floor((low - origin) / STATIC_CELL).astype(np.int64)
    last = np.floor((high - origin) / STATIC_CELL).astype(np.int64)
    cells: list[int] = []
    index: list[int] = []
    for box, ((c0, r0), (c1, r1)) in enumerate(zip(first, last, strict=True)):
        for row in range(r0, r1 + 1):
            cells.extend(range(row * shape[0] + c0, row * shape[0] + c1 + 1))
            index.extend([box] * (c1 - c0 + 1))
    flat = np.array(cells, np.int32)
    order = np.argsort(flat, kind="stable")
    start = row_pointer(flat[order], int(shape[0] * shape[1]))
    listed = np.array(index, np.int32)[order]
    return Statics(solid, STATIC_CELL, origin, shape, start, listed, prop)


def _stops_on_route(
    network: RoadNetwork, points: FloatArray, kind: SignalKind
) -> list[tuple[float, int]]:
    """Signals of a kind on one route as (route s of the stop line, signal)."""
    stops: list[tuple[float, int]] = []
    lanes = points[:, RoutePoint.LANE].astype(int)
    cuts = np.flatnonzero(np.diff(lanes)) + 1
    for first, last in zip([0, *cuts], [*cuts, len(lanes)], strict=True):
        lane, run = lanes[first], points[first:last]
        if lane < 0:
            continue
        low, high = run[0, RoutePoint.LANE_S], run[-1, RoutePoint.LANE_S]
        for k in range(network.stop_start[lane], network.stop_start[lane + 1]):
            s, signal = float(network.stop_s[k]), int(network.stop_signal[k])
            on_route = low - LINE_BEFORE <= s <= high + LINE_BEYOND
            if network.signal_kind[signal] == kind and on_route:
                stops.append((float(run[0, RoutePoint.S] + s - low), signal))
    return stops


def _next_lanes(routes: RouteSet) -> IntArray:
    """For each point of all routes the index of the next one on another lane, or of the end."""
    lanes = routes.points[:, RoutePoint.LANE]
    changes = np.zeros(len(lanes), np.bool_)
    changes[1:] = np.diff(lanes) != 0
    changes[routes.start[1:-1]] = True
    cuts = np.append(np.flatnonzero(changes), len(lanes))
    return cuts[np.searchsorted(cuts, np.arange(len(lanes)), side="right")].astype(np.int32)


def _lines(
    network: RoadNetwork, routes: RouteSet, kind: SignalKind
) -> tuple[IntArray, FloatArray, IntArray]:
    """Stop lines of a kind of signal by route: row pointer, s along the route [m], signal."""
    start, s, signals = [0], [], []
    for route in routes.routes:
        for line, signal in _stops_on_route(network, route.points, kind):
            s.append(line)
            signals.append(signal)
        start.append(len(s))
    return np.array(start, np.int32), np.array(s, np.float32), np.array(signals, np.int32)


def build_paths(network: RoadNetwork, routes: RouteSet, settings: WorldSettings) -> Paths:
    """Arrange routes, with their lights, stop signs and time limits."""
    timeout = []
    for route in routes.routes:
        steps = np.diff(route.points[:, RoutePoint.S])
        limits = np.maximum(route.points[:-1, RoutePoint.SPEED_LIMIT], 1.0)
        share = settings.timeout_speed_share
        allowed = float((steps / (share * limits)).sum()) if share > 0 else np.inf
        timeout.append(settings.timeout_base + allowed)
    return Paths(
        routes.points,
        routes.start,
        _next_lanes(routes),
        *_lines(network, routes, SignalKind.LIGHT),
        np.array(timeout, np.float32),
        *_lines(network, routes, SignalKind.STOP),
    )
