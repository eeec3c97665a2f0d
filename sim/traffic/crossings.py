"""Where walkers cross: the town's crosswalks, and places where some cross who should not.

Both are crossings of the same form, so that vehicles see and let pass who is on either; those
behind `Crossings.marked` are for walkers with `Flaw.JAYWALKS` alone.

Shape law: C crossings in all, L lanes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

END_REACH = 8.0  # [m] from the end of a crossing to the sidewalk it leads to
SPACING = 15.0  # [m] between places where somebody may step out along a sidewalk
FROM_JUNCTION = 15.0  # [m] of a lane before and after a junction where nobody does
FROM_CROSSING = 15.0  # [m] from a crosswalk, which they would use
NARROWEST, WIDEST = 5.0, 24.0  # [m] from sidewalk to sidewalk
SIDEWAYS = 1.5  # [m] beside the straight way over that the other sidewalk's point may lie
MOST = 240  # places in one town
STOREY = 2.0  # [m]


@dataclass(frozen=True, eq=False)
class Crossings:
    """All crossings of a town, as the traffic reads them."""

    marked: int  # the first so many are crosswalks
    points: FloatArray  # [C, 4] x0, y0, x1, y1
    z: FloatArray  # [C]
    ends: FloatArray  # [C, 2 ends, (sidewalk lane, s)]; lane -1 where none is near
    lane_start: IntArray  # [L + 1] crossings that a lane passes, rising s
    lane_crossing: IntArray
    lane_s: FloatArray  # [., 2] enter, leave


def find_crossings(network: RoadNetwork) -> Crossings:
    """Collect the crosswalks of a town and the places where somebody may jaywalk."""
    ends = _crosswalk_ends(network)
    marked = len(network.crossing_points)
    rows = _jaywalk_places(network)
    owner = np.repeat(np.arange(network.n_lanes), np.diff(network.crosslane_start))
    passed = [
        (int(lane), float(s[0]), float(s[1]), int(c))
        for lane, s, c in zip(owner, network.crosslane_s, network.crosslane_crossing, strict=True)
    ]
    for number, place in enumerate(rows):
        passed += [(lane, s - 1.0, s + 1.0, marked + number) for lane, s in place.crossed]
    passed.sort()
    lanes = np.array([row[0] for row in passed], np.int32)
    counts = (
        np.bincount(lanes, minlength=network.n_lanes)
        if len(lanes)
        else np.zeros(network.n_lanes, np.int64)
    )
    return Crossings(
        marked=marked,
        points=np.concatenate(
            [network.crossing_points, np.array([p.points for p in rows]).reshape(-1, 4)]
        ).astype(np.float32),
        z=np.concatenate([network.crossing_z, [p.z for p in rows]]).astype(np.float32),
        ends=np.concatenate([ends, np.array([p.ends for p in rows]).reshape(-1, 2, 2)]).astype(
            np.float32
        ),
        lane_start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        lane_crossing=np.array([row[3] for row in passed], np.int32),
        lane_s=np.array([row[1:3] for row in passed], np.float32).reshape(-1, 2),
    )


def _sidewalk_points(network: RoadNetwork) -> IntArray:
    """Indices of all points of sidewalks."""
    kinds = network.lane_type[network.point_lane]
    return np.flatnonzero(kinds == LaneType.SIDEWALK).astype(np.int32)


def _crosswalk_ends(network: RoadNetwork) -> FloatArray:
    """Sidewalk lane and s at both ends of each crosswalk, [C, 2, 2]; lane -1: none is near."""
    ends = np.full((len(network.crossing_points), 2, 2), -1.0, np.float32)
    candidates = _sidewalk_points(network)
    if len(candidates) == 0:
        return ends
    xy = network.points[candidates][:, [Point.X, Point.Y]]
    for c, crossing in enumerate(network.crossing_points):
        for end in range(2):
            distance = np.hypot(*(xy - crossing[2 * end : 2 * end + 2]).T)
            nearest = int(distance.argmin())
            if distance[nearest] <= END_REACH:
                point = candidates[nearest]
                ends[c, end] = network.point_lane[point], network.points[point, Point.S]
    return ends


@dataclass(frozen=True)
class _Place:
    """Where somebody may jaywalk."""

    points: tuple[float, float, float, float]
    z: float
    ends: tuple[tuple[int, float], tuple[int, float]]
    crossed: tuple[tuple[int, float], ...]  # driving lane, s


def _jaywalk_places(network: RoadNetwork) -> list[_Place]:
    """Straight ways over a road between two sidewalks, away from junctions and crosswalks."""
    walks = _sidewalk_points(network)
    driving = np.flatnonzero(network.lane_type[network.point_lane] == LaneType.DRIVING)
    if len(walks) == 0 or len(driving) == 0:
        return []
    found: list[_Place] = []
    for lane in np.unique(network.point_lane[walks]):
        rows = network.lane_points(int(lane))
        stations = np.arange(SPACING, float(network.lane_length[lane]) - SPACING, SPACING)
        for s in stations:
            start = rows[int(np.searchsorted(rows[:, Point.S], s))]
            place = _way_over(network, int(lane), start, walks, driving)
            if place is not None:
                found.append(place)
    step = max(-(-len(found) // MOST), 1)
    return found[::step]


def _way_over(
    network: RoadNetwork, lane: int, start: FloatArray, walks: IntArray, driving: NDArray[np.intp]
) -> _Place | None:
    """The way over the road to the left of a sidewalk's point (to the right if it runs so)."""
    points = network.points
    origin, yaw = start[[Point.X, Point.Y]].astype(np.float64), float(start[Point.YAW])
    along = np.array([np.cos(yaw), np.sin(yaw)])
    across = np.array([-along[1], along[0]])
    rel = points[walks][:, [Point.X, Point.Y]] - origin
    aside, far = rel @ along, rel @ across
    level = np.abs(points[walks, Point.Z] - start[Point.Z]) < STOREY
    distance = np.abs(far)
    fits = level & (np.abs(aside) < SIDEWAYS) & (distance > NARROWEST) & (distance < WIDEST)
    fits &= network.point_lane[walks] > lane  # each pair once
    if not fits.any():
        return None
    end = walks[np.flatnonzero(fits)[distance[fits].argmin()]]
    goal = points[end, [Point.X, Point.Y]].astype(np.float64)
    length = float(np.linalg.norm(goal - origin))
    if _near_crosswalk(network, 0.5 * (origin + goal)):
        return None
    way = (goal - origin) / length
    rel = points[driving][:, [Point.X, Point.Y]] - origin
    ahead, beside = rel @ way, np.abs(rel @ np.array([-way[1], way[0]]))
    level = np.abs(points[driving, Point.Z] - start[Point.Z]) < STOREY
    near = level & (beside < 1.0) & (ahead > 0.0) & (ahead < length)
    crossed: list[tuple[int, float]] = []
    for other in np.unique(network.point_lane[driving[near]]):
        own = driving[near & (network.point_lane[driving] == other)]
        s = float(points[own, Point.S].mean())
        length_of = float(network.lane_length[other])
        if network.lane_junction[other] >= 0:
            return None
        if not FROM_JUNCTION < s < length_of - FROM_JUNCTION:
            return None
        crossed.append((int(other), s))
    if not crossed:
        return None
    return _Place(
        (float(origin[0]), float(origin[1]), float(goal[0]), float(goal[1])),
        float(start[Point.Z]),
        (
            (lane, float(start[Point.S])),
            (int(network.point_lane[end]), float(points[end, Point.S])),
        ),
        tuple(crossed),
    )


def _near_crosswalk(network: RoadNetwork, middle: NDArray[np.float64]) -> bool:
    ends = network.crossing_points
    if len(ends) == 0:
        return False
    centres = 0.5 * (ends[:, :2] + ends[:, 2:])
    return bool((np.hypot(*(centres - middle).T) < FROM_CROSSING).any())
