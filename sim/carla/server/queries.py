"""Questions about the world: rays through it, and the boxes of what stands in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motion import road_point
from roadworthy.sim.carla.server.values import Vector
from roadworthy.sim.road.network import Point
from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.world.columns import Actor

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.episode import Episode

ANY, NONE, ROADS, TERRAIN = 255, 0, 1, 10
STEP = 0.25  # [m] between looks at the ground along a ray
MOST_STEPS = 8000
_TAG = {
    Prop.BUILDING: 3, Prop.TREE: 9, Prop.POLE: 6, Prop.LIGHT: 7, Prop.SIGN: 8, Prop.WALL: 4,
    Prop.FENCE: 5, Prop.BENCH: 20,
}  # fmt: skip


def box_tag(prop: int) -> int:
    """CARLA's semantic label of a box of the scenery."""
    return _TAG.get(Prop(prop), 20)


def _solids(episode: Episode) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Upright boxes of everything, [N, (x, y, yaw, length, width, foot, top)], and their tags."""
    still = episode.bodies.statics.boxes.astype(np.float64)
    tags = [box_tag(int(prop)) for prop in episode.bodies.statics.prop]
    rows = [still]
    entries = list(episode.ledger.row_entry.values())
    if entries:
        me = episode.bodies.actors[[entry.row for entry in entries]].astype(np.float64)
        columns = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH, Actor.Z]
        rows.append(np.column_stack([me[:, columns], me[:, Actor.Z] + me[:, Actor.HEIGHT]]))
        tags += [entry.tags[0] for entry in entries]
    return np.concatenate(rows), np.array(tags, np.int64)


def _through_boxes(
    begin: NDArray[np.float64], way: NDArray[np.float64], boxes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where a ray from `begin` along `way` (share 0 to 1) enters and leaves each box; inf: never.

    The slab method (Kay and Kajiya, Ray Tracing Complex Scenes, 1986) in each box's own axes.
    """
    c, s = np.cos(boxes[:, 2]), np.sin(boxes[:, 2])
    dx, dy = begin[0] - boxes[:, 0], begin[1] - boxes[:, 1]
    low, high = np.full(len(boxes), -np.inf), np.full(len(boxes), np.inf)
    with np.errstate(divide="ignore", invalid="ignore"):
        for place, slope, near, far in (
            (c * dx + s * dy, c * way[0] + s * way[1], -0.5 * boxes[:, 3], 0.5 * boxes[:, 3]),
            (c * dy - s * dx, c * way[1] - s * way[0], -0.5 * boxes[:, 4], 0.5 * boxes[:, 4]),
            (begin[2] + 0 * dx, way[2] + 0 * dx, boxes[:, 5], boxes[:, 6]),
        ):
            one, two = (near - place) / slope, (far - place) / slope
            first, last = np.fmin(one, two), np.fmax(one, two)
            parallel = np.abs(slope) < 1e-12
            inside = (place >= near) & (place <= far)
            first[parallel] = np.where(inside[parallel], -np.inf, np.inf)
            last[parallel] = np.where(inside[parallel], np.inf, -np.inf)
            low, high = np.fmax(low, first), np.fmin(high, last)
    missed = (low > high) | (high < 0.0) | (low > 1.0)
    return np.where(missed, np.inf, low), np.where(missed, np.inf, high)


def _ground(episode: Episode, x: float, y: float, z: float) -> tuple[float, int]:
    """Height of the ground at (x, y) seen from z, and its tag."""
    points = episode.town.network.points
    at = road_point(x, y, z, episode.bodies.ground)
    if at < 0:
        return float(points[:, Point.Z].min(initial=0.0)), TERRAIN
    point = points[at]
    dx, dy = x - float(point[Point.X]), y - float(point[Point.Y])
    yaw = float(point[Point.YAW])
    ahead, aside = dx * math.cos(yaw) + dy * math.sin(yaw), dy * math.cos(yaw) - dx * math.sin(yaw)
    height = float(point[Point.Z]) + math.tan(float(point[Point.PITCH])) * ahead
    on_road = abs(aside) <= 0.5 * float(point[Point.WIDTH]) + 0.5
    return height, ROADS if on_road else TERRAIN


def _into_ground(
    episode: Episode, begin: NDArray[np.float64], way: NDArray[np.float64]
) -> tuple[float, int]:
    """Share of the way at which a ray goes below the ground, and the tag there; inf: never."""
    if way[2] >= 0.0:
        return math.inf, NONE
    if math.hypot(way[0], way[1]) < 1e-6:
        height, tag = _ground(episode, float(begin[0]), float(begin[1]), float(begin[2]))
        share = (height - float(begin[2])) / float(way[2])
        return (share, tag) if 0.0 <= share <= 1.0 else (math.inf, NONE)
    steps = min(MOST_STEPS, max(2, int(np.linalg.norm(way) / STEP)))
    for k in range(steps + 1):
        share = k / steps
        x, y, z = (float(value) for value in begin + share * way)
        height, tag = _ground(episode, x, y, max(z, float(begin[2])))
        if z < height:
            return (share, tag) if k else (math.inf, NONE)  # it began below
    return math.inf, NONE


def cast(episode: Episode, begin: Vector, end: Vector) -> list[list[Any]]:
    """All that a ray meets, as LabelledPoints, nearest first."""
    start, way = np.array(begin), np.array(end) - np.array(begin)
    boxes, tags = _solids(episode)
    met: list[tuple[float, int]] = []
    if len(boxes):
        enter, leave = _through_boxes(start, way, boxes)
        for k in np.flatnonzero(np.isfinite(enter)):
            share = float(enter[k] if enter[k] >= 0.0 else leave[k])
            if share <= 1.0:
                met.append((share, int(tags[k])))
    share, tag = _into_ground(episode, start, way)
    if math.isfinite(share):
        met.append((share, tag))
    return [[(start + share * way).tolist(), tag] for share, tag in sorted(met)]


def level_boxes(episode: Episode, tag: int) -> list[list[Any]]:
    """Boxes of the scenery of a label, as rpc::BoundingBox in world axes."""
    found = []
    for index, box in enumerate(episode.town.scenery.boxes.astype(float)):
        if tag in (ANY, box_tag(int(box[Box.PROP]))):
            found.append([*scenery_box(box), index + 1])
    return found


def scenery_box(box: NDArray[np.floating[Any]]) -> list[list[float]]:
    """Centre, half sizes and rotation of a box of the scenery."""
    half = [0.5 * float(box[column]) for column in (Box.LENGTH, Box.WIDTH, Box.HEIGHT)]
    return [
        [float(box[Box.X]), float(box[Box.Y]), float(box[Box.Z]) + half[2]], half,
        [0.0, math.degrees(float(box[Box.YAW])), 0.0],
    ]  # fmt: skip
