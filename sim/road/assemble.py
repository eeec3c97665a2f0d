"""Build a RoadNetwork out of sampled lanes, signals and crosswalks. Runs in the child process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.conflicts import Zone, find_chains, find_conflicts
from roadworthy.sim.road.crossings import MIN_AXIS, CrossLane, axis_of, lanes_across, read_polygons
from roadworthy.sim.road.network import LaneType, MarkType, Point, RoadNetwork
from roadworthy.sim.road.opendrive import MapSpec, parse
from roadworthy.sim.road.priority import Movement, rank_zones, read_movements
from roadworthy.sim.road.sample import Key, Lane, sample_lanes
from roadworthy.sim.road.signals import (
    Signal,
    read_signals,
    stop_before_crossings,
    stop_before_heads,
)
from roadworthy.sim.road.spatial_index import CELL, build_grid
from roadworthy.sim.road.speed_limits import speed_limits
from roadworthy.sim.road.stencils import add_painted_stops

MAX_SPAN = 100_000.0  # [m] ten times CARLA's largest town


def build_network(text: str, path: Path, open_map: Callable[[str, str], Any]) -> RoadNetwork:
    """Compile an OpenDRIVE text.

    Args:
        text: the OpenDRIVE text.
        path: where it comes from; its stem becomes the network's name.
        open_map: `carla.Map`.

    Raises:
        MapError: the file cannot be compiled.
    """
    spec = parse(text, path)
    try:
        carla_map = open_map(path.stem, text)
        lanes = sample_lanes(carla_map, spec)
    except RuntimeError as error:
        raise MapError(f"{path}: CARLA's OpenDRIVE parser refuses it: {error}") from None
    if not any(lane.type == LaneType.DRIVING for lane in lanes):
        raise MapError(f"{path}: its driving lanes have no length or no width; draw them again")
    span = np.ptp([lane.points[0, :2] for lane in lanes], axis=0).max()
    if span > MAX_SPAN:
        raise MapError(
            f"{path} is {span / 1000:.0f} km wide; some <geometry> has a wrong x or y, or the town "
            "must be cut into smaller ones"
        )
    index = {lane.key: i for i, lane in enumerate(lanes)}
    successors = [[index[key] for key in lane.successors if key in index] for lane in lanes]
    predecessors: list[list[int]] = [[] for _ in lanes]
    for before, followers in enumerate(successors):
        for follower in followers:
            predecessors[follower].append(before)
    signals, group_phases = read_signals(carla_map, spec, lanes, predecessors)
    add_painted_stops(signals, carla_map, spec, lanes, predecessors)
    crossings = _read_crossings(carla_map, lanes)
    stop_before_crossings(signals, lanes, crossings.passed)
    stop_before_heads(signals, lanes)
    signs: dict[int, list[tuple[float, float]]] = {}
    for signal in signals:
        for at, s in signal.limits:
            signs.setdefault(at, []).append((s, signal.value))
    limits = speed_limits(lanes, predecessors, successors, signs, spec.vendor == "VectorZero")
    chains = find_chains(lanes, predecessors, successors)
    zones = find_conflicts(lanes, predecessors, successors, chains)
    movements = read_movements(lanes, predecessors, successors, signals, limits.tolist(), chains)
    ranks = rank_zones(zones, movements, spec.priorities)
    parts = _Parts(
        spec, lanes, index, successors, predecessors, signals, group_phases, crossings,
        zones, ranks, movements,
    )  # fmt: skip
    return _pack(path.stem, parts, limits)


@dataclass(frozen=True, eq=False)
class _Crossings:
    axes: NDArray[np.float64]  # [C, 4]
    widths: NDArray[np.float64]  # [C]
    heights: NDArray[np.float64]  # [C]
    passed: list[list[CrossLane]]  # of each lane


@dataclass(frozen=True, eq=False)
class _Parts:
    spec: MapSpec
    lanes: Sequence[Lane]
    index: dict[Key, int]
    successors: list[list[int]]
    predecessors: list[list[int]]
    signals: Sequence[Signal]
    group_phases: Sequence[int]
    crossings: _Crossings
    zones: list[list[Zone]]  # of each lane
    ranks: list[list[int]]  # of each zone
    movements: dict[int, Movement]


def _lists(items: Sequence[Any]) -> tuple[NDArray[np.int32], list[Any]]:
    start = np.cumsum([0, *(len(item) for item in items)]).astype(np.int32)
    return start, [value for item in items for value in item]


def _ints(values: Iterable[Any]) -> NDArray[np.int32]:
    return np.array(list(values), np.int32)


def _bytes(values: Iterable[Any]) -> NDArray[np.int8]:
    return np.array(list(values), np.int8)


def _floats(values: Sequence[Any], columns: int) -> NDArray[np.float32]:
    return np.array(values, np.float32).reshape(-1, columns)


def _pack(name: str, parts: _Parts, limits: NDArray[np.float32]) -> RoadNetwork:
    spec, lanes, index, signals = parts.spec, parts.lanes, parts.index, parts.signals
    crossings, moves = parts.crossings, parts.movements
    lane_start, _ = _lists([lane.road_s for lane in lanes])
    points = np.concatenate([lane.points for lane in lanes]).astype(np.float32)
    types = _ints(lane.type for lane in lanes)
    point_lane = np.repeat(np.arange(len(lanes), dtype=np.int32), np.diff(lane_start))
    driving = np.nonzero(types[point_lane] == LaneType.DRIVING)[0].astype(np.int32)
    grid = build_grid(points[driving][:, [Point.X, Point.Y]], driving)
    junctions = {number: i for i, number in enumerate(spec.junctions)}
    for lane in lanes:  # a road may name a junction that the file does not list
        if lane.junction >= 0:
            junctions.setdefault(lane.junction, len(junctions))
    successor_start, successor_list = _lists(parts.successors)
    predecessor_start, predecessor_list = _lists(parts.predecessors)
    stops: list[list[tuple[float, int]]] = [[] for _ in lanes]
    for number, signal in enumerate(signals):
        for at, s in signal.stops.items():
            stops[at].append((s, number))
    stop_start, stop_list = _lists([sorted(entry) for entry in stops])
    conflict_start, conflict_list = _lists(parts.zones)
    crosslane_start, crosslane_list = _lists(crossings.passed)
    return RoadNetwork(
        name=name,
        points=points,
        lane_start=lane_start,
        lane_length=np.array([lane.length for lane in lanes], np.float32),
        lane_type=types,
        lane_speed_limit=limits,
        lane_road=np.array([lane.key for lane in lanes], np.int32),
        lane_junction=_ints(junctions.get(lane.junction, -1) for lane in lanes),
        lane_left=_ints(index.get(lane.left, -1) if lane.left else -1 for lane in lanes),
        lane_right=_ints(index.get(lane.right, -1) if lane.right else -1 for lane in lanes),
        lane_change_left=np.array([lane.change_left for lane in lanes], np.bool_),
        lane_change_right=np.array([lane.change_right for lane in lanes], np.bool_),
        lane_mark_left=_ints(lane.marks[0] for lane in lanes),
        lane_mark_right=_ints(lane.marks[1] for lane in lanes),
        lane_mark_yellow=np.array([lane.yellow for lane in lanes], np.bool_),
        successor_start=successor_start,
        successors=_ints(successor_list),
        predecessor_start=predecessor_start,
        predecessors=_ints(predecessor_list),
        signals=_floats([s.pose for s in signals], 4),
        signal_kind=_ints(s.kind for s in signals),
        signal_value=np.array([s.value for s in signals], np.float32),
        signal_group=_ints(s.group for s in signals),
        signal_phase=_ints(s.phase for s in signals),
        signal_id=tuple(s.id for s in signals),
        group_phases=_ints(parts.group_phases),
        stop_start=stop_start,
        stop_s=np.array([s for s, _ in stop_list], np.float32),
        stop_signal=_ints(number for _, number in stop_list),
        conflict_start=conflict_start,
        conflict_lane=_ints(zone[0] for zone in conflict_list),
        conflict_s=_floats([zone[1:] for zone in conflict_list], 4),
        crossing_points=crossings.axes.astype(np.float32),
        crossing_width=crossings.widths.astype(np.float32),
        crossing_z=crossings.heights.astype(np.float32),
        crosslane_start=crosslane_start,
        crosslane_crossing=_ints(entry[0] for entry in crosslane_list),
        crosslane_s=_floats([entry[1:] for entry in crosslane_list], 2),
        cell=CELL,
        grid_origin=grid[0],
        grid_shape=grid[1],
        grid_start=grid[2],
        grid_point=grid[3],
        point_lane=point_lane,
        geo_reference=spec.geo_reference,
        conflict_priority=_bytes(_lists(parts.ranks)[1]),
        lane_turn=_bytes(moves[i].turn if i in moves else 0 for i in range(len(lanes))),
        lane_control=_bytes(moves[i].control if i in moves else 0 for i in range(len(lanes))),
        lane_oncoming=_ints(index[lane.oncoming] if lane.oncoming else -1 for lane in lanes),
        lane_oncoming_mark=np.array(
            [bool(lane.oncoming) and lane.marks[0] == MarkType.BROKEN for lane in lanes], np.bool_
        ),
    ).validate()


def _read_crossings(carla_map: Any, lanes: Sequence[Lane]) -> _Crossings:
    axes, widths, heights = [], [], []
    for polygon in read_polygons(carla_map):
        if not np.isfinite(polygon).all():
            continue
        ends, width = axis_of(polygon)
        if np.linalg.norm(ends[1] - ends[0]) >= MIN_AXIS and width > 0.1:
            axes.append(ends.ravel())
            widths.append(width)
            heights.append(polygon[:, 2].mean())
    table, wide = np.array(axes).reshape(-1, 4), np.array(widths)
    return _Crossings(table, wide, np.array(heights), lanes_across(lanes, table, wide))
