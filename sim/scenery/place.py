"""Placing of scenery: buildings, trees, poles, lights and signs beside the roads of a town.

Everything is drawn from one counter-based stream whose key is a hash of the network, so a town
looks the same on every machine. No box touches a lane: a raster of the lanes (see `ground`)
answers for all of them at once, also for roads that cross nearby.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.rng import derive, uniform
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork, SignalKind
from roadworthy.sim.scenery.ground import BUILT, DRIVEN, LaneRaster, box_bits, raster_of
from roadworthy.sim.scenery.layout import Box, Prop, Scenery

BUILDING_MARGIN = 1.6  # [m] between a building and any lane
LIGHT_HEIGHT = 3.9  # [m] of a traffic light: the head is at its top, see mesh
SIGN_HEIGHT = 2.6  # [m]
STOREY = 7.0  # [m] between a signal's head and the road that it stands at, at most
FAR = 1e6  # [m] added to the distance of a road of another storey

_MAX_BOXES = 40_000

# Rows of `_ROW_RULES`: what is set up along the lanes, in this order.
# prop, spacing [m], chance, nearest and farthest distance from the lane's edge [m], margin [m]
_ROW_RULES = np.array(
    [
        [Prop.POLE, 27.0, 1.0, 0.4, 1.6, 0.2],
        [Prop.BUILDING, 2.0, 0.9, 0.2, 9.0, BUILDING_MARGIN],
        [Prop.BENCH, 19.0, 0.35, 0.6, 1.8, 0.2],
        [Prop.TREE, 9.0, 0.65, 1.2, 2.6, 0.5],
        [Prop.FENCE, 10.0, 0.45, 2.2, 4.0, 0.8],
        [Prop.WALL, 12.0, 0.2, 3.0, 5.0, 0.8],
        [Prop.BUILDING, 6.0, 0.5, 12.0, 28.0, BUILDING_MARGIN],
        [Prop.TREE, 7.0, 0.6, 4.0, 45.0, 0.6],
    ],
    np.float32,
)


def place_scenery(network: RoadNetwork) -> Scenery:
    """Set up everything that stands beside the roads of a town.

    Deterministic: a function of the network's name, lane points and signals alone.

    Returns:
        Boxes in world axes; none touches a lane (lights and signs may stand on sidewalks), and
        buildings keep `BUILDING_MARGIN` from every lane.
    """
    raster = raster_of(network)
    posts = _place_signals(network, raster)
    boxes = np.zeros((_MAX_BOXES, len(Box)), np.float32)
    boxes[: len(posts)] = posts
    kinds = (LaneType.DRIVING, LaneType.SIDEWALK, LaneType.SHOULDER, LaneType.PARKING)
    lanes = np.flatnonzero(
        np.isin(network.lane_type, [int(kind) for kind in kinds]) & (network.lane_junction < 0)
    ).astype(np.int32)
    count = len(posts)
    for rule_number, rule in enumerate(_ROW_RULES):
        count = _place_rows(
            boxes,
            count,
            raster.cells,
            *raster.origin,
            raster.cell,
            network.points,
            network.lane_start,
            lanes,
            network.lane_speed_limit,
            rule,
            np.uint64(derive(_network_key(network), rule_number)),
        )
    return Scenery(boxes[:count].copy())


def _network_key(network: RoadNetwork) -> np.uint64:
    """Hash the parts of a network that shape its scenery; coordinates count to 1 cm."""
    digest = hashlib.blake2b(network.name.encode(), digest_size=8)
    digest.update(np.round(network.points[:, : Point.Z + 1] * 100.0).astype("<i4").tobytes())
    return np.uint64(int.from_bytes(digest.digest(), "little"))


def _place_signals(network: RoadNetwork, raster: LaneRaster) -> NDArray[np.float32]:
    """Make the posts of lights and signs, moved to the road's edge where they stand on it.

    A sign for which there is no room beside the road, as on a bridge over another road, is left
    out: nobody reads it here, and it would stand in a lane.
    """
    posts = np.zeros((len(network.signals), len(Box)), np.float32)
    kept = np.ones(len(posts), np.bool_)
    for k, (x, y, z, yaw) in enumerate(network.signals.astype(np.float64)):
        x, y, free = _off_the_road(raster, x, y, yaw)
        away = np.hypot(network.points[:, Point.X] - x, network.points[:, Point.Y] - y)
        storey = np.abs(network.points[:, Point.Z] - z) < STOREY
        near = np.where(storey, away, away + FAR).argmin()
        light = network.signal_kind[k] == SignalKind.LIGHT
        posts[k, Box.X], posts[k, Box.Y], posts[k, Box.YAW] = x, y, yaw
        posts[k, Box.Z] = network.points[near, Point.Z]
        posts[k, Box.LENGTH] = posts[k, Box.WIDTH] = 0.2 if light else 0.1
        posts[k, Box.HEIGHT] = LIGHT_HEIGHT if light else SIGN_HEIGHT
        posts[k, Box.PROP] = Prop.LIGHT if light else Prop.SIGN
        posts[k, Box.STYLE] = 0.5
        posts[k, Box.SIGNAL] = k
        kept[k] = free or light
        if not kept[k]:
            continue
        box_bits(raster.cells, *raster.origin, raster.cell, x, y, yaw, 0.5, 0.5, BUILT)
    return posts[kept]


def _off_the_road(raster: LaneRaster, x: float, y: float, yaw: float) -> tuple[float, float, bool]:
    """Move a signal to the nearest free edge: right of the traffic that it tells, else left.

    Returns:
        Its place, and whether that is free; where none is, the place that it has.
    """
    # The light shines towards the traffic, so the traffic's heading is yaw + pi and its right
    # side, (-sin, cos) of that heading, is (sin yaw, -cos yaw).
    right_x, right_y = math.sin(yaw), -math.cos(yaw)
    for step in range(61):
        for side in (1.0, -1.0) if step > 24 else (1.0,):
            # To the left only where 6 m to the right were not enough.
            shift = side * 0.25 * (step if side > 0 else step - 24)
            at_x, at_y = x + right_x * shift, y + right_y * shift
            bits = box_bits(
                raster.cells, *raster.origin, raster.cell, at_x, at_y, yaw, 0.25, 0.25, 0
            )
            if not bits & DRIVEN:
                return at_x, at_y, True
    return x, y, False


@njit(cache=True, nogil=True, error_model="numpy")
def _zone(key: np.uint64, x: float, y: float) -> float:
    """Smooth noise in [0, 1] with a period of about 130 m: 0 is a park, 1 is downtown."""
    u, v = x / 130.0, y / 130.0
    iu, iv = math.floor(u), math.floor(v)
    u, v = u - iu, v - iv
    total = np.float64(0.0)
    for du in range(2):
        for dv in range(2):
            counter = (int(iu) + du + 5000) * 10007 + int(iv) + dv + 5000
            weight = (u if du else 1.0 - u) * (v if dv else 1.0 - v)
            total += weight * uniform(key, counter)
    return float(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _size(prop: int, zone: float, draw: np.uint64) -> tuple[float, float, float]:
    """Draw length along the road, depth and height [m] of a prop."""
    a, b, c = float(uniform(draw, 1)), float(uniform(draw, 2)), float(uniform(draw, 3))
    if prop == 0:  # BUILDING
        height = 6.0 + 4.0 * a + max(0.0, zone - 0.4) * (10.0 + 55.0 * a * a)
        # Whole floors of 3.1 m; up to two make a house, whose roof is 28 % of its height.
        floors = max(1.0, math.floor(height / 3.1))
        height = (3.1 * floors + 0.4) / 0.72 if floors <= 2.0 else 3.1 * floors + 0.9
        return 9.0 + 15.0 * b, 8.0 + 8.0 * c, height
    if prop == 1:  # TREE: the crown is as wide as the box is long, see mesh
        return 0.35, 0.35, 4.5 + 4.5 * a
    if prop == 2:  # POLE of a street light
        return 0.18, 0.18, 7.0
    if prop == 5:  # WALL
        return 8.0 + 4.0 * b, 0.25, 1.2 + 0.8 * a
    if prop == 6:  # FENCE
        return 7.0 + 3.0 * b, 0.08, 1.1
    return 1.8, 0.55, 0.85  # BENCH


@njit(cache=True, nogil=True, error_model="numpy")
def _place_rows(
    boxes: NDArray[np.float32],
    count: int,
    cells: NDArray[np.uint8],
    origin_x: float,
    origin_y: float,
    cell: float,
    points: NDArray[np.float32],
    lane_start: NDArray[np.int32],
    lanes: NDArray[np.int32],
    speed_limit: NDArray[np.float32],
    rule: NDArray[np.float32],
    key: np.uint64,
) -> int:
    """Set up the props of one rule along both edges of the lanes; returns the new count."""
    prop, spacing, chance = int(rule[0]), rule[1], rule[2]
    nearest, farthest, margin = rule[3], rule[4], rule[5]
    zone_key = np.uint64(12345)
    for lane in lanes:
        for side in range(2):
            toward = 1.0 if side == 0 else -1.0
            free_from = points[lane_start[lane], 4] + 0.35 * spacing
            for i in range(lane_start[lane], lane_start[lane + 1]):
                if points[i, 4] < free_from or count >= len(boxes):
                    continue
                free_from = points[i, 4] + spacing
                draw = derive(key, 2 * i + side)
                px, py, yaw = points[i, 0], points[i, 1], points[i, 3]
                zone = _zone(zone_key, px, py)
                fast = speed_limit[lane] > 22.0
                limit = chance
                if prop == 0:
                    limit = chance * (0.12 if fast else min(1.0, max(0.0, 4.0 * (zone - 0.22))))
                elif prop == 1:
                    limit = chance * (1.0 - 0.4 * zone)
                elif prop >= 5:
                    limit = 0.0 if fast else chance * (1.0 - zone)
                if uniform(draw, 0) >= limit:
                    continue
                length, depth, height = _size(prop, zone, draw)
                normal_x, normal_y = -math.sin(yaw) * toward, math.cos(yaw) * toward
                reach = 0.5 * points[i, 5] + 0.5 * depth
                steps = int((farthest - nearest) / 0.5) + 1
                # Trees and houses in the second row scatter, all else keeps the nearest place.
                first = int(uniform(draw, 4) * steps) if farthest - nearest > 15.0 else 0
                if first == 0 and farthest - nearest < 9.5 and prop == 0:
                    first = int(uniform(draw, 4) * 3.0)
                for step in range(first, min(steps, first + 20)):
                    away = reach + nearest + margin * (prop == 0) + 0.5 * step
                    x, y = px + normal_x * away, py + normal_y * away
                    half_l, half_w = 0.5 * length + margin, 0.5 * depth + margin
                    if prop == 1:
                        half_l = half_w = 1.2
                    if box_bits(cells, origin_x, origin_y, cell, x, y, yaw, 0.1, 0.1, 0):
                        continue
                    if box_bits(cells, origin_x, origin_y, cell, x, y, yaw, half_l, half_w, 0):
                        continue
                    box_bits(
                        cells, origin_x, origin_y, cell, x, y, yaw, 0.5 * length, 0.5 * depth, BUILT
                    )
                    row = boxes[count]
                    row[0], row[1], row[2] = x, y, points[i, 2]
                    # A building's front (local +y of the box's frame) looks at the road.
                    row[3] = yaw + (math.pi if side == 0 else 0.0)
                    row[4], row[5], row[6] = length, depth, height
                    row[7], row[8], row[9] = prop, uniform(draw, 5), -1.0
                    count += 1
                    if prop == 0:
                        free_from = points[i, 4] + length + 1.0 + 5.0 * uniform(draw, 6)
                    break
    return count
