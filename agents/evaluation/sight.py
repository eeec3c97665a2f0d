"""The kernel that looks at each ego once a step, for the measures that the world does not count."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.network import Point
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.scenario.script import Progress
from roadworthy.sim.traffic.lookup import nearest_driving_point
from roadworthy.sim.world.columns import Actor, Ego, Event, Mover


class Sight(IntEnum):
    """Columns of what was seen of one world after a step, float32 [W, Sight]."""

    TRAFFIC = 0  # [m/s] mean speed of the traffic's vehicles; NaN where there is none
    LIMIT = 1  # [m/s] speed limit of the route where the ego is
    JUNCTION = 2  # 1 where the ego is within a junction
    ON_ROAD = 3  # 1 where all four corners of the ego are on driving lanes, or in a junction
    CLOSING = 4  # 1 where it touches somebody ahead within TTC_BOUND if both go straight on
    STAGE_CLOCK = 5  # [s] that the event longest on stage has been there


# nuPlan's `time_to_collision_within_bound`: positions at these times, all below 0.95 s.
TTC_TIMES = (0.3, 0.6, 0.9)  # [s]
TTC_STANDING = 0.005  # [m/s] an ego that is slower collides with nobody
CORNER_MARGIN = 0.3  # [m] nuPlan's `drivable_area_compliance`, max_violation_threshold
_NEAR_ALONG = 6.0  # [m] a lane's point this far along is no longer beside a corner
_REACH = 14.0  # [m] between the centres of two bodies that touch, at most

X, Y, Z, YAW, SPEED, LENGTH, WIDTH, ALIVE, MOVER, LANE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.ALIVE),
    int(Actor.MOVER),
    int(Actor.LANE),
)
SLIDE_X, SLIDE_Y = int(Actor.SLIDE_X), int(Actor.SLIDE_Y)
ROUTE_LATERAL, ROUTE_HEADING, ROUTE_INDEX = (
    int(Ego.ROUTE_LATERAL),
    int(Ego.ROUTE_HEADING),
    int(Ego.ROUTE_INDEX),
)
P_X, P_Y, P_YAW, P_WIDTH = int(Point.X), int(Point.Y), int(Point.YAW), int(Point.WIDTH)
R_WIDTH, R_LIMIT, R_LANE = (
    int(RoutePoint.WIDTH),
    int(RoutePoint.SPEED_LIMIT),
    int(RoutePoint.LANE),
)
TRAFFIC, LOOSE = int(Mover.TRAFFIC), int(Mover.LOOSE)
OFF_ROAD = int(Event.OFF_ROAD)
CLOCK = int(Progress.CLOCK)
S_TRAFFIC, S_LIMIT, S_JUNCTION, S_ON_ROAD, S_CLOSING, S_CLOCK = (int(c) for c in Sight)

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


class Ground(NamedTuple):
    """What the kernel reads of a town and its routes."""

    points: FloatArray  # [P, Point]
    point_lane: IntArray  # [P]
    cell: float
    grid_origin: FloatArray
    grid_shape: IntArray
    grid_start: IntArray
    grid_point: IntArray
    lane_junction: IntArray  # [L] -1 outside of junctions
    route_points: FloatArray  # [sum N, RoutePoint]
    route_start: IntArray  # [R + 1]


@kernel
def _corner_on_road(x: float, y: float, z: float, ground: Ground) -> bool:
    """Whether a point is on a driving lane, with CORNER_MARGIN to spare."""
    p = nearest_driving_point(ground, x, y, z, 0.0, math.pi)
    if p < 0:
        return False
    near = ground.points[p]
    c, s = math.cos(near[P_YAW]), math.sin(near[P_YAW])
    dx, dy = x - near[P_X], y - near[P_Y]
    aside, along = c * dy - s * dx, c * dx + s * dy
    if ground.lane_junction[ground.point_lane[p]] >= 0:
        return True
    return bool(abs(aside) <= 0.5 * near[P_WIDTH] + CORNER_MARGIN and abs(along) <= _NEAR_ALONG)


@kernel
def _on_road(me: FloatArray, ego: FloatArray, width: float, ground: Ground) -> bool:
    """Whether all four corners are on driving lanes."""
    half_length, half_width = 0.5 * me[LENGTH], 0.5 * me[WIDTH]
    turn = ego[ROUTE_HEADING]
    reach = half_length * abs(math.sin(turn)) + half_width * abs(math.cos(turn))
    if abs(ego[ROUTE_LATERAL]) + reach <= 0.5 * width + CORNER_MARGIN:
        return True
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    for side in range(4):
        along = half_length if side < 2 else -half_length
        aside = half_width if side % 2 == 0 else -half_width
        x, y = me[X] + c * along - s * aside, me[Y] + s * along + c * aside
        if not _corner_on_road(x, y, np.float64(me[Z]), ground):
            return False
    return True


@kernel
def _is_closing(actors: FloatArray) -> bool:
    """Whether the ego touches somebody ahead within the bound if both go straight on."""
    me = actors[0]
    if abs(me[SPEED]) < TTC_STANDING:
        return False
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    vx, vy = me[SPEED] * c, me[SPEED] * s
    for a in range(1, len(actors)):
        other = actors[a]
        if other[ALIVE] == 0.0:
            continue
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        if c * dx + s * dy <= 0.0:
            continue  # beside the rear or behind: not the ego's to avoid
        if other[MOVER] == LOOSE:
            ox, oy = np.float64(other[SLIDE_X]), np.float64(other[SLIDE_Y])
        else:
            ox, oy = other[SPEED] * math.cos(other[YAW]), other[SPEED] * math.sin(other[YAW])
        far = _REACH + TTC_TIMES[2] * (abs(me[SPEED]) + math.hypot(ox, oy))
        if dx * dx + dy * dy > far * far or abs(other[Z] - me[Z]) > 3.0:
            continue
        for k in range(3):
            t = TTC_TIMES[k]
            if boxes_overlap(
                me[X] + vx * t, me[Y] + vy * t, me[YAW], me[LENGTH], me[WIDTH],
                other[X] + ox * t, other[Y] + oy * t, other[YAW], other[LENGTH], other[WIDTH],
            ):  # fmt: skip
                return True
    return False


@kernel
def look(
    which: NDArray[np.bool_],
    vehicles: int,
    actors: FloatArray,
    ego: FloatArray,
    events: IntArray,
    route_index: IntArray,
    event_state: FloatArray,
    ground: Ground,
    out: FloatArray,
) -> None:
    """Fill `out` [W, Sight] for the worlds of `which` [W]."""
    for w in range(len(which)):
        if not which[w]:
            continue
        me, own, row = actors[w, 0], ego[w], out[w]
        total, count = 0.0, 0
        for a in range(1, 1 + vehicles):
            other = actors[w, a]
            if other[ALIVE] > 0.0 and other[MOVER] == TRAFFIC:
                total += other[SPEED]
                count += 1
        row[S_TRAFFIC] = total / count if count > 0 else math.nan
        point = ground.route_points[ground.route_start[route_index[w]] + int(own[ROUTE_INDEX])]
        row[S_LIMIT] = point[R_LIMIT]
        lane = int(me[LANE]) if me[LANE] >= 0.0 else int(point[R_LANE])
        within = lane >= 0 and ground.lane_junction[lane] >= 0
        row[S_JUNCTION] = 1.0 if within else 0.0
        width = np.float64(point[R_WIDTH])
        good = events[w, OFF_ROAD] == 0 and (within or _on_road(me, own, width, ground))
        row[S_ON_ROAD] = 1.0 if good else 0.0
        row[S_CLOSING] = 1.0 if _is_closing(actors[w]) else 0.0
        longest = 0.0
        for e in range(event_state.shape[1]):
            longest = max(longest, np.float64(event_state[w, e, CLOCK]))
        row[S_CLOCK] = longest
