"""Meshes of the ground: lanes, kerbs, paint, junction floors and the terrain below."""

from __future__ import annotations

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, MarkType, Point, RoadNetwork
from roadworthy.sim.scenery.ground import DRIVEN, LaneRaster, raster_of
from roadworthy.sim.scenery.material import Material
from roadworthy.sim.scenery.soup import SoupMaker

FloatArray = NDArray[np.float32]

KERB_HEIGHT = 0.12  # [m] of sidewalks above the road
MARK_WIDTH = 0.15  # [m]
DASH, GAP = 3.0, 6.0  # [m] of broken marks
STOP_LINE = 0.4  # [m] along the lane
STRIPE = 0.5  # [m] of a zebra crossing, and of the gap between two stripes
_PAINT_Z = 0.012  # [m] above the surface; the raster's layers keep it visible from afar
_UP = (0.0, 0.0, 1.0)
_CLOSED = 7  # [cells] gaps up to twice this wide are closed in junctions
_ISLAND = 500  # [cells] enclosed islands that are smaller are paved

_SURFACE = {
    LaneType.DRIVING: Material.ROAD,
    LaneType.SIDEWALK: Material.SIDEWALK,
    LaneType.SHOULDER: Material.SHOULDER,
    LaneType.PARKING: Material.SHOULDER,
    LaneType.BIKING: Material.SHOULDER,
    LaneType.MEDIAN: Material.VERGE,
    LaneType.OTHER: Material.VERGE,
    LaneType.BIDIRECTIONAL: Material.ROAD,
}


def add_ground(maker: SoupMaker, network: RoadNetwork) -> None:
    """Add everything that lies on the ground of a town."""
    strips = _strips(network)
    _add_lanes(maker, network, strips)
    _add_marks(maker, network, strips)
    _add_stop_lines(maker, network)
    raster = raster_of(network)
    _add_crossings(maker, network, raster)
    _add_junction_floors(maker, network, raster)
    _add_terrain(maker, network)


def _strips(network: RoadNetwork) -> NDArray[np.int64]:
    """First and last point of each piece of a lane that may be drawn as one quad, [N, 2]."""
    keep = np.zeros(len(network.points), np.bool_)
    _simplify(network.points, network.lane_start, keep, 0.03, 24.0)
    index = np.flatnonzero(keep)
    same = network.point_lane[index[1:]] == network.point_lane[index[:-1]]
    return np.stack([index[:-1][same], index[1:][same]], 1)


@njit(cache=True, nogil=True, error_model="numpy")
def _simplify(
    points: FloatArray,
    lane_start: NDArray[np.int32],
    keep: NDArray[np.bool_],
    tolerance: float,
    longest: float,
) -> None:
    """Mark the points that are needed to stay within `tolerance` [m] of the true surface."""
    for lane in range(len(lane_start) - 1):
        first, last = lane_start[lane], lane_start[lane + 1] - 1
        if last < first:
            continue
        keep[first] = keep[last] = True
        anchor = first
        for i in range(first + 2, last + 1):
            length = points[i, 4] - points[anchor, 4]
            good = length <= longest
            for j in range(anchor + 1, i):
                if not good:
                    break
                t = (points[j, 4] - points[anchor, 4]) / max(length, 1e-6)
                # Position and height of the centre line, and of the edge through the width.
                for column in range(3):
                    line = points[anchor, column] * (1 - t) + points[i, column] * t
                    good = good and abs(points[j, column] - line) <= tolerance
                width = points[anchor, 5] * (1 - t) + points[i, 5] * t
                good = good and abs(points[j, 5] - width) <= 2 * tolerance
            if not good:
                keep[i - 1] = True
                anchor = i - 1


def _edge(points: FloatArray, lateral: NDArray[np.floating], lift: float) -> FloatArray:
    """World positions beside lane points, `lateral` [m] to the right, `lift` [m] above, [N, 3]."""
    yaw = points[:, Point.YAW].astype(np.float64)
    x = points[:, Point.X] - np.sin(yaw) * lateral
    y = points[:, Point.Y] + np.cos(yaw) * lateral
    return np.stack([x, y, points[:, Point.Z] + lift], 1).astype(np.float32)


def _strip_quads(
    points: FloatArray,
    strips: NDArray[np.int64],
    left: NDArray[np.floating],
    right: NDArray[np.floating],
    lift: float,
) -> FloatArray:
    """Quads along strips between two lateral offsets, given per point [P], [N, 4, 3]."""
    a, b = strips[:, 0], strips[:, 1]
    return np.stack(
        [
            _edge(points[a], left[a], lift),
            _edge(points[b], left[b], lift),
            _edge(points[b], right[b], lift),
            _edge(points[a], right[a], lift),
        ],
        1,
    )


def _add_lanes(maker: SoupMaker, network: RoadNetwork, strips: NDArray[np.int64]) -> None:
    points = network.points
    kind = network.lane_type[network.point_lane[strips[:, 0]]]
    half = 0.5 * points[:, Point.WIDTH]
    outside = network.lane_junction[network.point_lane[strips[:, 0]]] < 0
    for lane_type, material in _SURFACE.items():
        # Verges end where a junction begins: inside, they would lie across the driven lanes.
        chosen = strips[(kind == lane_type) & (outside | (material != Material.VERGE))]
        if lane_type == LaneType.SIDEWALK:
            quads = _strip_quads(points, chosen, -half, half, KERB_HEIGHT)
            maker.quads(quads, material, _UP)
            _add_kerbs(maker, quads)
        else:
            # 4 cm of overlap hide the cracks between neighbours that were simplified apart.
            wide = half + 0.04
            maker.quads(_strip_quads(points, chosen, -wide, wide, 0.0), material, _UP)


def _add_kerbs(maker: SoupMaker, quads: FloatArray) -> None:
    """Walls at both sides of raised quads."""
    foot = np.array([0.0, 0.0, -KERB_HEIGHT - 0.1], np.float32)
    for near, far in (((0, 1), (3, 2)), ((3, 2), (0, 1))):
        a, b = quads[:, near[0]], quads[:, near[1]]
        walls = np.stack([a, b, b + foot, a + foot], 1)
        maker.quads(walls, Material.KERB, a - quads[:, far[0]], detail=True)


def _at(network: RoadNetwork, lane: NDArray[np.int32], s: NDArray[np.floating]) -> FloatArray:
    """Interpolate lane points at arc lengths `s` of lanes `lane`, [n, Point]."""
    points = network.points
    # One rising key over all lanes: lane number times more than any lane's length, plus s.
    span = float(network.lane_length.max()) + 10.0
    keys = network.point_lane * span + points[:, Point.S].astype(np.float64)
    upper = np.searchsorted(keys, lane * span + s.astype(np.float64))
    upper = np.clip(upper, network.lane_start[lane] + 1, network.lane_start[lane + 1] - 1)
    a, b = points[upper - 1], points[upper]
    t = (s - a[:, Point.S]) / np.maximum(b[:, Point.S] - a[:, Point.S], 1e-6)
    return np.asarray(a + (b - a) * np.clip(t, 0.0, 1.0)[:, None], np.float32)


def _drawn_marks(network: RoadNetwork) -> list[tuple[NDArray[np.intp], int]]:
    """Lanes whose left (0) and right (1) marks are drawn, so that shared ones are drawn once."""
    driving = (network.lane_type == LaneType.DRIVING) & (network.lane_junction < 0)
    road, section, number = network.lane_road.T
    # The centre line belongs to both directions; lanes with negative numbers draw it. One-way
    # roads whose only lanes have positive numbers draw it themselves.
    key = road.astype(np.int64) * 100_000 + section
    negative = set(key[driving & (number < 0)].tolist())
    alone = np.array([k not in negative for k in key.tolist()], np.bool_)
    left = driving & (network.lane_left < 0) & ((number < 0) | alone)
    long_enough = network.lane_length > 1.0
    return [
        (np.flatnonzero(left & long_enough), 0),
        (np.flatnonzero(driving & long_enough), 1),
    ]


def _add_marks(maker: SoupMaker, network: RoadNetwork, strips: NDArray[np.int64]) -> None:
    points = network.points
    strip_lane = network.point_lane[strips[:, 0]]
    half = 0.5 * points[:, Point.WIDTH]
    for lanes, side in _drawn_marks(network):
        marks = (network.lane_mark_right if side else network.lane_mark_left)[lanes]
        sign = 1.0 if side else -1.0
        for yellow in (False, True):
            chosen = network.lane_mark_yellow[lanes, side] == yellow
            material = Material.YELLOW_PAINT if yellow else Material.WHITE_PAINT
            for mark, shifts in (
                (MarkType.SOLID, (0.0,)),
                (MarkType.SOLID_SOLID, (-0.13, 0.13)),
            ):
                of_mark = np.isin(strip_lane, lanes[chosen & (marks == mark)])
                for shift in shifts:
                    middle = sign * half + shift
                    low, high = middle - MARK_WIDTH / 2, middle + MARK_WIDTH / 2
                    quads = _strip_quads(points, strips[of_mark], low, high, _PAINT_Z)
                    maker.quads(quads, material, _UP, detail=True)
            broken = lanes[chosen & (marks == MarkType.BROKEN)]
            maker.quads(_dashes(network, broken, sign), material, _UP, detail=True)


def _dashes(network: RoadNetwork, lanes: NDArray[np.intp], sign: float) -> FloatArray:
    """Quads of broken marks at the left (-1) or right (1) edges of lanes."""
    starts = [np.arange(1.5, network.lane_length[lane] - DASH, DASH + GAP) for lane in lanes]
    if not starts:
        return np.zeros((0, 4, 3), np.float32)
    lane = np.repeat(lanes, [len(s) for s in starts]).astype(np.int32)
    s = np.concatenate(starts)
    return _across(network, lane, s, s + DASH, sign)


def _across(
    network: RoadNetwork,
    lane: NDArray[np.int32],
    s0: NDArray[np.floating],
    s1: NDArray[np.floating],
    sign: float,
) -> FloatArray:
    """Quads of paint between two arc lengths at a lane's edge; sign 0: across the whole lane."""
    a, b = _at(network, lane, s0), _at(network, lane, s1)
    corners = []
    for end, order in ((a, (-1.0, 1.0)), (b, (1.0, -1.0))):
        half = 0.5 * end[:, Point.WIDTH]
        for direction in order:
            lateral = (
                direction * (half - 0.1) if sign == 0 else sign * half + direction * MARK_WIDTH / 2
            )
            corners.append(_edge(end, lateral, _PAINT_Z))
    return np.stack(corners, 1)


def _add_stop_lines(maker: SoupMaker, network: RoadNetwork) -> None:
    counts = np.diff(network.stop_start)
    lane = np.repeat(np.arange(network.n_lanes), counts).astype(np.int32)
    if not len(lane):
        return
    s = np.clip(network.stop_s, STOP_LINE, None)
    quads = _across(network, lane, s - STOP_LINE, s, 0.0)
    maker.quads(quads, Material.WHITE_PAINT, _UP, detail=True)


def _add_crossings(maker: SoupMaker, network: RoadNetwork, raster: LaneRaster) -> None:
    """Zebra stripes along the axis of each crossing, where it lies on driven lanes."""
    for (x0, y0, x1, y1), width, z in zip(
        network.crossing_points, network.crossing_width, network.crossing_z, strict=True
    ):
        start, end = np.array([x0, y0]), np.array([x1, y1])
        length = float(np.hypot(*(end - start)))
        if length < 2 * STRIPE:
            continue
        along = (end - start) / length
        side = np.array([-along[1], along[0]]) * 0.5 * width
        for s in np.arange(STRIPE, length - STRIPE, 2 * STRIPE):
            a, b = start + along * s, start + along * (s + STRIPE)
            column, row = (int(v) for v in (0.5 * (a + b) - np.array(raster.origin)) / raster.cell)
            if raster.cells[row, column] & DRIVEN == 0:
                continue
            flat = np.array([a - side, b - side, b + side, a + side])
            quad = np.column_stack([flat, np.full(4, z + _PAINT_Z)])
            maker.quads(quad[None], Material.WHITE_PAINT, _UP, detail=True)


def _add_junction_floors(maker: SoupMaker, network: RoadNetwork, raster: LaneRaster) -> None:
    """Fill the small gaps between the lanes of a junction, at the height of the nearest lane."""
    for junction in range(int(network.lane_junction.max(initial=-1)) + 1):
        inside = (network.lane_junction == junction) & (network.lane_type == LaneType.DRIVING)
        points = network.points[inside[network.point_lane]]
        if not len(points):
            continue
        place = (points[:, :2] - np.array(raster.origin)) / raster.cell
        low = np.maximum(place.min(axis=0).astype(int) - 2 * _CLOSED, 0)
        high = place.max(axis=0).astype(int) + 2 * _CLOSED + 1
        window = (raster.cells[low[1] : high[1], low[0] : high[0]] & DRIVEN) > 0
        rows, firsts, lasts = _runs(_gaps(window))
        quads = np.zeros((len(rows), 4, 3), np.float32)
        for i, (row, first, last) in enumerate(zip(rows, firsts, lasts, strict=True)):
            x = raster.origin[0] + (low[0] + np.array([first, last])) * raster.cell
            y = raster.origin[1] + (low[1] + np.array([row, row + 1])) * raster.cell
            near = np.hypot(points[:, 0] - x.mean(), points[:, 1] - y.mean()).argmin()
            quads[i, :, 0] = x[[0, 1, 1, 0]]
            quads[i, :, 1] = y[[0, 0, 1, 1]]
            quads[i, :, 2] = points[near, Point.Z] - 0.02
        maker.quads(quads, Material.FILL, _UP)


def _gaps(driven: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Cells between driven ones: narrow gaps, and small islands that driven cells enclose."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _CLOSED + 1, 2 * _CLOSED + 1))
    closed = cv2.morphologyEx(driven.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    _, island, stats, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < _ISLAND
    # The raster's cells are half covered along a lane's edge: reach one cell below the lanes.
    inner = cv2.erode(driven.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.asarray(((closed > 0) | small[island]) & (inner == 0), np.bool_)


def _runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Rows, first and end columns of the runs of True."""
    step = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, firsts = np.nonzero(step == 1)
    return rows, firsts, np.nonzero(step == -1)[1]


def _add_terrain(maker: SoupMaker, network: RoadNetwork) -> None:
    """Grass below everything: lower than all lanes nearby, smooth in between."""
    cell, border = 8.0, 200.0
    points = network.points
    low = np.floor((points[:, :2].min(axis=0) - border) / cell) * cell
    shape = np.ceil((points[:, :2].max(axis=0) + border - low) / cell).astype(int) + 1
    heights = np.full((shape[1], shape[0]), np.inf, np.float32)
    column, row = ((points[:, :2] - low) / cell).round().astype(int).T
    # A lane point bounds the four corners of its cell and their neighbours: half a lane's width
    # and a cell's diagonal are covered, so that no triangle of grass can rise above a lane.
    for dr in (-1, 0, 1):
        for dc in (-1, 0, 1):
            np.minimum.at(heights, (row + dr, column + dc), points[:, Point.Z] - 0.1)
    heights = _filled(heights)
    y, x = np.mgrid[: shape[1], : shape[0]]
    vertices = np.stack([low[0] + x * cell, low[1] + y * cell, heights], 2).astype(np.float32)
    _add_patches(maker, vertices, 4)


def _filled(heights: FloatArray) -> FloatArray:
    """Replace infinite heights by the mean of known neighbours, ring after ring."""
    while np.isinf(heights).any():
        padded = np.pad(heights, 1, constant_values=np.inf)
        stack = np.stack([padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]])
        known = np.isfinite(stack)
        count = known.sum(axis=0)
        mean = np.where(known, stack, 0.0).sum(axis=0) / np.maximum(count, 1)
        heights = np.where(np.isinf(heights) & (count > 0), mean, heights).astype(np.float32)
    return heights


def _add_patches(maker: SoupMaker, vertices: FloatArray, size: int) -> None:
    """Quads of a grid of vertices; patches of up to `size` cells that are even become one."""
    quads: list[FloatArray] = []
    rows, columns = vertices.shape[:2]
    todo = [
        (row, column, size)
        for row in range(0, rows - 1, size)
        for column in range(0, columns - 1, size)
    ]
    while todo:
        row, column, step = todo.pop()
        patch = vertices[row : row + step + 1, column : column + step + 1]
        if min(patch.shape[:2]) < 2:
            continue
        corners = patch[[0, 0, -1, -1], [0, -1, -1, 0]]
        if step == 1 or _unevenness(patch[:, :, 2]) < 0.06:
            quads.append(corners)
            continue
        half = step // 2
        todo += [(row + r, column + c, half) for r in (0, half) for c in (0, half)]
    maker.quads(np.stack(quads), Material.TERRAIN, _UP)


def _unevenness(heights: FloatArray) -> float:
    """Greatest distance [m] of a patch's heights from the surface through its corners."""
    v = np.linspace(0.0, 1.0, heights.shape[0])[:, None]
    u = np.linspace(0.0, 1.0, heights.shape[1])[None, :]
    upper = heights[0, 0] * (1 - u) + heights[0, -1] * u
    lower = heights[-1, 0] * (1 - u) + heights[-1, -1] * u
    return float(np.abs(upper * (1 - v) + lower * v - heights).max())
