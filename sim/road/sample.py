"""Sample the lanes of a `carla.Map` into arrays. Runs in the child process only.

CARLA's parser answers exact points of any lane at any s; we ask for one about every metre, in the
direction of travel, from the very beginning of the lane to its very end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, MarkType, Point
from roadworthy.sim.road.opendrive import LaneSpec, MapSpec, RoadSpec, SectionSpec
from roadworthy.sim.road.slope import slope

SPACING = 1.0  # [m] between points, at most
MIN_LENGTH = 0.5  # [m] shorter lanes are artefacts of editors; they are bridged
MIN_WIDTH = 0.2  # [m] lanes that never get wider are artefacts too
EDGE = 1e-3  # [m] distance kept from the ends of a section, where the parser may pick the next one
CURVATURE_WINDOW = 5  # points over which the heading is fitted for the curvature

_TYPES = {
    "driving": LaneType.DRIVING,
    "sidewalk": LaneType.SIDEWALK,
    "shoulder": LaneType.SHOULDER,
    "parking": LaneType.PARKING,
    "biking": LaneType.BIKING,
    "median": LaneType.MEDIAN,
    "bidirectional": LaneType.BIDIRECTIONAL,
}
_IGNORED = frozenset({"none"})
_MARKS = {
    "Broken": MarkType.BROKEN,
    "BrokenBroken": MarkType.BROKEN,
    "BottsDots": MarkType.BROKEN,
    "BrokenSolid": MarkType.SOLID,
    "SolidBroken": MarkType.SOLID,
    "Solid": MarkType.SOLID,
    "SolidSolid": MarkType.SOLID_SOLID,
    "Curb": MarkType.CURB,
    "Grass": MarkType.CURB,
}

Key = tuple[int, int, int]  # road, section, lane


@dataclass(eq=False)
class Lane:
    """One sampled lane; n points in the direction of travel."""

    key: Key
    type: LaneType
    junction: int  # OpenDRIVE id, -1 outside
    points: NDArray[np.float64]  # [n, Point]
    road_s: NDArray[np.float64]  # [n] s of each point along its road
    speed: float  # [m/s], nan where the file gives none
    urban: bool = False  # its road is of type "town"
    left: Key | None = None
    right: Key | None = None
    oncoming: Key | None = None  # to the left, of the other direction
    change_left: bool = False
    change_right: bool = False
    marks: tuple[int, int] = (0, 0)  # MarkType left, right
    yellow: tuple[bool, bool] = (False, False)
    successors: list[Key] = field(default_factory=list)

    @property
    def length(self) -> float:
        """Length [m]."""
        return float(self.points[-1, Point.S])


def sample_lanes(carla_map: Any, spec: MapSpec) -> list[Lane]:
    """Sample all lanes that are worth having, in the file's order, linked to each other."""
    lanes: dict[Key, Lane] = {}
    ends: dict[Key, Any] = {}
    for road in spec.roads:
        for section in road.sections:
            if section.end - section.begin < MIN_LENGTH:
                continue
            for lane_spec in section.lanes:
                if lane_spec.type in _IGNORED:
                    continue
                found = _sample_lane(carla_map, road, section, lane_spec)
                if found is not None:
                    lane, end = found
                    lanes[lane.key] = lane
                    ends[lane.key] = end
    for key, lane in lanes.items():
        lane.successors = _successors(ends[key], key, lanes)
        for side in ("left", "right"):
            other = lanes.get(getattr(lane, side))
            if other is None or other.type != LaneType.DRIVING or lane.type != LaneType.DRIVING:
                setattr(lane, side, None)
                setattr(lane, f"change_{side}", False)
        facing = lanes.get(lane.oncoming) if lane.oncoming else None
        if facing is None or facing.type != LaneType.DRIVING or lane.type != LaneType.DRIVING:
            lane.oncoming = None
    _bridge(lanes)
    _link_sidewalks([lane for lane in lanes.values() if lane.type == LaneType.SIDEWALK])
    return list(lanes.values())


def _sample_lane(
    carla_map: Any, road: RoadSpec, section: SectionSpec, spec: LaneSpec
) -> tuple[Lane, Any] | None:
    length = section.end - section.begin
    edge = min(EDGE, length / 10)
    count = max(2, math.ceil(length / SPACING) + 1)
    road_s = np.linspace(section.begin + edge, section.end - edge, count)
    waypoints = [carla_map.get_waypoint_xodr(road.id, spec.id, float(s)) for s in road_s]
    if any(w is None or w.section_id != section.index for w in waypoints):
        return None
    rows = np.zeros((count, len(Point)))
    for row, waypoint in zip(rows, waypoints, strict=True):
        transform = waypoint.transform
        location = transform.location
        row[:4] = location.x, location.y, location.z, math.radians(transform.rotation.yaw)
        row[Point.WIDTH] = waypoint.lane_width
    middle = waypoints[count // 2]
    step = rows[-1, :2] - rows[0, :2]
    heading = np.array([np.cos(rows[:, Point.YAW]).sum(), np.sin(rows[:, Point.YAW]).sum()])
    backward = float(step @ heading) < 0 if np.hypot(*step) > 0.5 * length else spec.id > 0
    if backward:
        rows, road_s, waypoints = rows[::-1], road_s[::-1], waypoints[::-1]
    points = finish_points(rows)
    if points is None:
        return None
    speed = spec.speed if math.isfinite(spec.speed) else road.speed_at(float(road_s.mean()))
    lane = Lane(
        key=(road.id, section.index, spec.id),
        type=_TYPES.get(spec.type, LaneType.OTHER),
        junction=road.junction,
        points=points,
        road_s=np.interp(points[:, Point.S], _distance(rows), road_s),
        speed=speed,
        urban=road.urban,
    )
    _read_sides(lane, middle)
    return lane, waypoints[-1]


def _distance(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    steps = np.linalg.norm(np.diff(rows[:, :2], axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def finish_points(rows: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Resample x, y, z, yaw, width at even steps and fill in S, YAW, CURVATURE and PITCH.

    Args:
        rows: [n, Point] with X, Y, Z, YAW, WIDTH set, in the direction of travel.

    Returns:
        [m, Point], or None where the lane is too short or too thin to be one.
    """
    s = _distance(rows)
    if s[-1] < MIN_LENGTH or rows[:, Point.WIDTH].max() < MIN_WIDTH or not np.isfinite(rows).all():
        return None
    yaw = np.unwrap(rows[:, Point.YAW])
    count = max(2, math.ceil(s[-1] / SPACING) + 1)
    even = np.linspace(0.0, s[-1], count)
    points = np.zeros((count, len(Point)))
    for column in (Point.X, Point.Y, Point.Z, Point.WIDTH):
        points[:, column] = np.interp(even, s, rows[:, column])
    points[:, Point.YAW] = np.interp(even, s, yaw)
    points[:, Point.S] = even
    points[:, Point.CURVATURE] = slope(even, points[:, Point.YAW], CURVATURE_WINDOW)
    points[:, Point.PITCH] = np.arctan(slope(even, points[:, Point.Z], CURVATURE_WINDOW))
    return points


def _read_sides(lane: Lane, middle: Any) -> None:
    change = str(middle.lane_change)
    lane.change_left = change in ("Left", "Both")
    lane.change_right = change in ("Right", "Both")
    marks, yellow = [], []
    for side in ("left", "right"):
        marking = getattr(middle, f"{side}_lane_marking")
        marks.append(int(_MARKS.get(str(marking.type), MarkType.NONE)) if marking else 0)
        yellow.append(bool(marking) and str(marking.color) == "Yellow")
        other = getattr(middle, f"get_{side}_lane")()
        if other is None:
            continue
        found = (other.road_id, other.section_id, other.lane_id)
        if (other.lane_id > 0) == (lane.key[2] > 0):
            setattr(lane, side, found)
        elif side == "left":
            lane.oncoming = found
    lane.marks, lane.yellow = (marks[0], marks[1]), (yellow[0], yellow[1])


def _successors(end: Any, key: Key, lanes: dict[Key, Lane]) -> list[Key]:
    """Follow the parser's links from the end of a lane, across lanes that were not kept."""
    found: list[Key] = []
    frontier, seen = [(end, 0)], {key}
    while frontier:
        waypoint, depth = frontier.pop(0)
        for follower in waypoint.next(2 * EDGE if depth == 0 else MIN_LENGTH):
            other = (follower.road_id, follower.section_id, follower.lane_id)
            if other in seen:
                continue
            seen.add(other)
            if other in lanes:
                found.append(other)
            elif depth < 8:
                frontier.append((follower, depth + 1))
    return sorted(found)


def _bridge(lanes: dict[Key, Lane]) -> None:
    """Draw lanes out to where their successors begin, over the lanes that were not kept."""
    for lane in lanes.values():
        if not lane.successors:
            continue
        begins = np.array([lanes[key].points[0] for key in lane.successors])
        gaps = np.linalg.norm(begins[:, :2] - lane.points[-1, :2], axis=1)
        begin, gap = begins[np.argmin(gaps)], float(gaps.min())
        if 4 * EDGE < gap < 4 * MIN_LENGTH:
            points = finish_points(np.vstack([lane.points, begin]))
            if points is not None:
                old = lane.points[:, Point.S]
                lane.road_s = np.interp(points[:, Point.S], old, lane.road_s)
                lane.points = points


def _link_sidewalks(sidewalks: list[Lane], reach: float = 2.0) -> None:
    """Where the file links no sidewalk, let one follow another that begins where it ends."""
    if not sidewalks:
        return
    begins = np.array([lane.points[0, :2] for lane in sidewalks])
    for lane in sidewalks:
        if lane.successors:
            continue
        distance = np.linalg.norm(begins - lane.points[-1, :2], axis=1)
        for i in np.argsort(distance, kind="stable")[:3]:
            if distance[i] < reach and sidewalks[i] is not lane:
                lane.successors.append(sidewalks[i].key)
