"""Stop signs that a town only paints: the word STOP on the road, as CARLA's Town04 has it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from roadworthy.sim.road.network import LaneType, Point, SignalKind
from roadworthy.sim.road.opendrive import MapSpec, Stencil
from roadworthy.sim.road.sample import Lane
from roadworthy.sim.road.signals import STOP_SETBACK, Signal

POST = 1.0  # [m] to the right of the lane's border, where the sign is put up
HEAD = 2.2  # [m] above the road
BEYOND = 8.0  # [m] into a junction that a stencil still belongs to its edge
SAME = 20.0  # [m] a sign so near a stencil is the same one


def add_painted_stops(
    signals: list[Signal],
    carla_map: Any,
    spec: MapSpec,
    lanes: Sequence[Lane],
    predecessors: Sequence[Sequence[int]],
) -> None:
    """Put up a stop sign for each STOP stencil on a lane that no signal stops yet."""
    stopped = {
        lane for signal in signals for lane, s in signal.stops.items() if _near_end(lanes[lane], s)
    }
    for stencil in spec.stop_stencils:
        under = _lane_under(stencil, carla_map, spec, lanes)
        if under is None:
            continue
        # Some lie just beyond the edge of the junction: their traffic stops before it.
        inside = lanes[under].junction >= 0
        if inside and _along(lanes[under], stencil.s) > BEYOND:
            continue
        for lane in predecessors[under] if inside else [under]:
            if lane not in stopped and lanes[lane].junction < 0:
                stopped.add(lane)
                s = lanes[lane].length if inside else _along(lanes[lane], stencil.s)
                signals.append(_sign(stencil.id, lane, s, lanes[lane]))


def _along(lane: Lane, road_s: float) -> float:
    """Return s along a lane [m], at its end where that is near."""
    order = np.argsort(lane.road_s)
    s = float(np.interp(road_s, lane.road_s[order], lane.points[order, Point.S]))
    return lane.length if lane.junction < 0 and _near_end(lane, s) else s


def _sign(id: str, lane: int, s: float, sampled: Lane) -> Signal:
    s = max(min(s, sampled.length - STOP_SETBACK), 0.0)
    at = sampled.points[np.argmin(np.abs(sampled.points[:, Point.S] - s))]
    aside, yaw = at[Point.WIDTH] / 2 + POST, float(at[Point.YAW])
    pose = (
        float(at[Point.X] - math.sin(yaw) * aside),
        float(at[Point.Y] + math.cos(yaw) * aside),
        float(at[Point.Z]) + HEAD,
        math.remainder(yaw + math.pi, 2 * math.pi),
    )
    return Signal(id, SignalKind.STOP, pose, 0.0, stops={lane: s})


def _near_end(lane: Lane, s: float) -> bool:
    return lane.length - s < SAME


def _lane_under(
    stencil: Stencil, carla_map: Any, spec: MapSpec, lanes: Sequence[Lane]
) -> int | None:
    """Return the driving lane whose middle lies nearest to a stencil; None where none is near."""
    road = next((road for road in spec.roads if road.id == stencil.road), None)
    sections = road.sections if road else ()
    section = next((part for part in sections if part.begin <= stencil.s <= part.end), None)
    if section is None:
        return None
    side = sorted(
        (entry for entry in section.lanes if (entry.id > 0) == (stencil.t > 0)),
        key=lambda entry: abs(entry.id),
    )
    index = {lane.key: i for i, lane in enumerate(lanes)}
    found, nearest, border = None, math.inf, 0.0
    for entry in side:
        waypoint = carla_map.get_waypoint_xodr(stencil.road, entry.id, stencil.s)
        if waypoint is None:
            continue
        width = float(waypoint.lane_width)
        lane = index.get((stencil.road, section.index, entry.id))
        miss = abs(border + width / 2 - abs(stencil.t))
        if lane is not None and lanes[lane].type == LaneType.DRIVING and miss < nearest:
            found, nearest = lane, miss
        border += width
    return found if nearest < 2.0 else None
