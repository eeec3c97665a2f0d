"""The rays of a lidar against panels (pairs of triangles, see `panels`).

A lidar's rays are a fan: columns of equal azimuth, channels of equal elevation. A ray of the
direction (cos, sin, t), t the tangent of its elevation, meets the plane of a panel where the
reciprocal of its horizontal distance is linear in these three, and passes its edges where t is
linear in the other two. So a panel is set up once (four edges at a time), and then compared with
LANES columns at once (see `lanes`). Edges and depth are taken from planes through the sensor, so
nothing is clipped, and the hit of each ray is exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.lanes import EDGES, GROUP, LANES, bound, keep_nearer, project
from roadworthy.sim.sensors.panels import ORDER, TownPanels

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

BATCH = 256  # panels that go through each step together
BINS = 1024  # of the table from tangents to channels
DETAIL_RANGE = 40.0  # [m] kerbs, benches and the like are thinner than the rays' spacing beyond
MARGIN = 0.02  # [columns] of the table-free column numbers of `project`


class Fan(NamedTuple):
    """Directions of the rays: C channels from the highest down, K columns of rising azimuth."""

    tangent: FloatArray  # [C] of the elevation
    first: IntArray  # [BINS + 2] from tangents to channels, see `channel_table`
    cosine: FloatArray  # [K + LANES] of the azimuth
    sine: FloatArray
    begin: float  # [rad] azimuth where column 0 begins; its ray is half a column farther
    per_angle: float  # [1/rad] columns
    full: float  # columns of a whole circle
    reach: float  # [m]


class Hits(NamedTuple):
    """What the rays have met so far, and the buffers of the search."""

    recip: FloatArray  # [C, K + LANES] reciprocal of the horizontal distance, 0: nothing
    number: IntArray  # the triangle, actors' triangles counted on after the town's
    # Panels of one batch, up to BATCH:
    kept: IntArray  # those that are not turned away or out of reach
    away: FloatArray  # [m] distance of the plane along its normal
    edges: FloatArray  # [BATCH, EDGES] see `lanes.project`
    span: IntArray  # [2 BATCH, 3] row of `edges`, first and last column
    pose: FloatArray  # [4, 3]
    corner: FloatArray  # [BATCH, 12] of actors, as in TownPanels
    face: FloatArray  # [BATCH, 8]
    triangle: IntArray
    group: FloatArray  # [GROUP]
    cells: IntArray  # [cells of the town]
    square: NDArray[np.float64]  # [cells of the town] of the distance


class Bodies(NamedTuple):
    """The triangles of an ActorSoup as the rays need them."""

    corners: FloatArray  # [3 D, 3]
    normal: FloatArray
    tag: NDArray[np.uint8]
    panel: NDArray[np.uint8]
    start: IntArray
    sphere: FloatArray


def make_fan(azimuth: tuple[float, float], columns: int, elevation: NDArray[np.float64],
             reach: float) -> Fan:  # fmt: skip
    """Make the tables of a fan.

    Args:
        azimuth: [rad] where the first column begins, and the width of all columns together.
        columns: K.
        elevation: [rad] of the channels, falling, [C].
        reach: how far the rays go [m].
    """
    begin, width = azimuth
    angle = begin + (np.arange(columns + LANES) + 0.5) * (width / columns)
    tangent = np.tan(elevation).astype(np.float32)
    return Fan(
        tangent,
        channel_table(tangent),
        np.cos(angle).astype(np.float32),
        np.sin(angle).astype(np.float32),
        float(begin),
        columns / width,
        columns / width * 2.0 * math.pi,
        float(reach),
    )


def channel_table(tangent: FloatArray) -> IntArray:
    """Make the table from tangents to channels.

    Row b + 1: the first channel at or below the upper edge of bin b, where the exact search
    begins. Row 0 is for all below the lowest channel, the last for all above the highest.
    """
    low, high = float(tangent[-1]), float(tangent[0])
    edges = low + (high - low) * (np.arange(BINS + 1)) / BINS
    found = np.searchsorted(-tangent, -edges[1:], side="left")
    return np.concatenate([[len(tangent)], found, [0]]).astype(np.int32)


def make_hits(fan: Fan, cells: int) -> Hits:
    """Allocate for a fan in a town of so many cells."""
    shape = len(fan.tangent), len(fan.cosine)
    return Hits(
        np.zeros(shape, np.float32),
        np.zeros(shape, np.int32),
        np.zeros(BATCH + 1, np.int32),
        np.zeros(BATCH + 1, np.float32),
        np.zeros((BATCH + 1, EDGES), np.float32),
        np.zeros((2 * BATCH, 3), np.int32),
        np.zeros((4, 3), np.float32),
        np.zeros((BATCH, 12), np.float32),
        np.zeros((BATCH, 8), np.float32),
        np.zeros(BATCH, np.int32),
        np.zeros(GROUP, np.float32),
        np.zeros(cells, np.int32),
        np.zeros(cells, np.float64),
    )


@kernel
def cast_all(
    town: TownPanels, still: int, bodies: Bodies, pose: NDArray[np.float64], fan: Fan, hits: Hits
) -> None:
    """Cast all rays of a fan at a town's cells and at the actors in it.

    `still` is the number of triangles of the town, `pose` [4, 3] holds position, forward, right
    and up of the sensor; `hits` receives what each ray meets first.
    """
    hits.recip[:] = 0.0
    for row in range(4):
        for k in range(3):
            hits.pose[row, k] = pose[row, k]
    count = _near_cells(town.bounds, pose, fan.reach, hits)
    # Near cells first: what lies behind a house is then skipped as a whole.
    for i in range(count):
        c, square = hits.cells[i], hits.square[i]
        bounds = town.bounds[c]
        x, y = 0.5 * (bounds[0] + bounds[3]), 0.5 * (bounds[1] + bounds[4])
        radius = math.hypot(bounds[3] - x, bounds[4] - y)
        if not _hidden(
            x, y, bounds[2], bounds[5], radius, math.sqrt(square), pose, fan, hits.recip
        ):
            px, py = pose[0, 0] - town.origin[c, 0], pose[0, 1] - town.origin[c, 1]
            middle = town.detail_start[c]
            _cast_panels(town, town.start[c], middle, fan.reach, px, py, pose, fan, hits)
            if square < DETAIL_RANGE * DETAIL_RANGE:
                reach = min(fan.reach, DETAIL_RANGE)
                _cast_panels(town, middle, town.start[c + 1], reach, px, py, pose, fan, hits)
    for a in range(len(bodies.sphere)):
        if bodies.start[a] == bodies.start[a + 1]:
            continue
        sphere = bodies.sphere[a]
        x, y, z, radius = sphere[0], sphere[1], sphere[2], sphere[3]
        away = math.hypot(x - pose[0, 0], y - pose[0, 1]) - radius
        if away < fan.reach and not _hidden(
            x, y, z - radius, z + radius, radius, away, pose, fan, hits.recip
        ):
            _cast_body(bodies, a, still, pose, fan, hits)


@kernel
def _near_cells(bounds: FloatArray, pose: NDArray[np.float64], reach: float, hits: Hits) -> int:
    """Collect the cells within reach in `hits.cells`, nearest first; returns how many."""
    count = 0
    px, py = pose[0, 0], pose[0, 1]
    for c in range(len(bounds)):
        dx = max(bounds[c, 0] - px, px - bounds[c, 3], 0.0)
        dy = max(bounds[c, 1] - py, py - bounds[c, 4], 0.0)
        square = dx * dx + dy * dy
        if square < reach * reach:
            i = count
            while i > 0 and hits.square[i - 1] > square:
                hits.cells[i], hits.square[i] = hits.cells[i - 1], hits.square[i - 1]
                i -= 1
            hits.cells[i], hits.square[i] = c, square
            count += 1
    return count


@kernel
def _hidden(
    x: float,
    y: float,
    low: float,
    high: float,
    radius: float,
    distance: float,
    pose: NDArray[np.float64],
    fan: Fan,
    recip: FloatArray,
) -> bool:
    """Has every ray that can meet an upright cylinder already hit something nearer?

    The cylinder has its axis at (x, y), reaches from `low` to `high`, and no part of it is nearer
    than `distance` [m]. All bounds are generous: what is called hidden is hidden.
    """
    if distance < 15.0:
        return False
    x, y = x - pose[0, 0], y - pose[0, 1]
    low, high = low - pose[0, 2], high - pose[0, 2]
    away = math.hypot(x, y)
    # A tilted sensor sees the cylinder higher or lower by the tilt's share of the distance.
    tilt = math.hypot(pose[3, 0], pose[3, 1]) * 1.1 + 1e-3
    nearest = distance * (0.99 - tilt)
    top = high / (nearest if high > 0.0 else away + radius) + 1.1 * tilt
    bottom = low / (nearest if low < 0.0 else away + radius) - 1.1 * tilt
    needed = np.float32(1.0 / nearest)
    forward = x * pose[1, 0] + y * pose[1, 1]
    right = x * pose[2, 0] + y * pose[2, 1]
    middle = (math.atan2(right, forward) - fan.begin) * fan.per_angle - 0.5
    half = (math.asin(min(1.0, radius / away)) + tilt) * fan.per_angle + 1.0
    columns = recip.shape[1] - LANES
    begin = middle - half
    begin -= fan.full * math.floor(begin / fan.full)
    begin -= fan.full
    channels = len(fan.tangent)
    for _ in range(2):
        first, last = max(0, math.floor(begin)), min(columns, math.ceil(begin + 2.0 * half) + 1)
        begin += fan.full
        for channel in range(_first_channel(top, fan), channels):
            if fan.tangent[channel] < bottom:
                break
            for column in range(first, last):
                if recip[channel, column] < needed:
                    return False
    return True


@njit(cache=True, inline="always", error_model="numpy")
def _first_channel(top: float, fan: Fan) -> int:
    """A channel above which none has a tangent of at most `top`."""
    low, high = fan.tangent[len(fan.tangent) - 1], fan.tangent[0]
    place = (top - low) * (BINS / max(1e-9, high - low))
    return int(fan.first[int(min(max(place, -1.0), BINS)) + 1])


@kernel
def _cast_panels(
    town: TownPanels,
    begin: int,
    end: int,
    reach: float,
    px: float,
    py: float,
    pose: NDArray[np.float64],
    fan: Fan,
    hits: Hits,
) -> None:
    """Test the town's panels `begin`..`end` of one cell, with the sensor at (px, py) in it."""
    x, y, z, far = np.float32(px), np.float32(py), np.float32(pose[0, 2]), np.float32(reach)
    for chunk in range(begin, end, BATCH):
        count = 0
        # Whether a panel is kept is hard to predict, so there is no branch.
        for p in range(chunk, min(chunk + BATCH, end)):
            face = town.face[p]
            dx, dy, limit = face[4] - x, face[5] - y, far + face[6]
            side = face[3] - (face[0] * x + face[1] * y + face[2] * z)
            hits.kept[count], hits.away[count] = p, side
            count += int(dx * dx + dy * dy <= limit * limit) & int(side < face[7])
        _cast(town.corner, town.face, town.triangle, count, px, py, pose, fan, hits)


@kernel
def _cast_body(
    bodies: Bodies, actor: int, still: int, pose: NDArray[np.float64], fan: Fan, hits: Hits
) -> None:
    """Test the panels of one actor."""
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    after, end = bodies.start[actor], bodies.start[actor + 1]
    while after < end:
        count = 0
        while after < end and count < BATCH:
            t = after
            after += 2 if bodies.panel[t] > 0 else 1
            normal, first = bodies.normal[t], bodies.corners[3 * t]
            away = normal[0] * (first[0] - px) + normal[1] * (first[1] - py)
            away += normal[2] * (first[2] - pz)
            hits.triangle[count], hits.away[count] = t, away
            count += int(away < 0.0)
        for i in range(count):
            t = hits.triangle[i]
            code = bodies.panel[t]
            corner, normal = hits.corner[i], bodies.normal[t]
            for k in range(4):
                row = bodies.corners[3 * t + ORDER[code, k]]
                corner[k], corner[4 + k], corner[8 + k] = row[0], row[1], row[2]
            if code == 0:  # see `panels.around`
                for k in range(3, 12, 4):
                    corner[k] = np.float32(0.5) * (corner[k - 3] + corner[k - 1])
            hits.face[i, 0], hits.face[i, 1], hits.face[i, 2] = normal[0], normal[1], normal[2]
            hits.triangle[i], hits.kept[i] = still + t, i
        _cast(hits.corner, hits.face, hits.triangle, count, px, py, pose, fan, hits)


@kernel
def _cast(
    corner: FloatArray,
    face: FloatArray,
    triangle: IntArray,
    count: int,
    px: float,
    py: float,
    pose: NDArray[np.float64],
    fan: Fan,
    hits: Hits,
) -> None:
    """Test `count` kept panels; corners as in TownPanels, with the sensor at (px, py) in them."""
    spans = _spans(corner, face, count, px, py, pose, fan, hits)
    columns = hits.recip.shape[1]
    bins = np.float32(BINS)
    low = fan.tangent[len(fan.tangent) - 1]
    per_bin = bins / max(np.float32(1e-9), fan.tangent[0] - low)
    for i in range(spans):
        k, first, last = hits.span[i, 0], hits.span[i, 1], hits.span[i, 2]
        edges, value = hits.edges[k], triangle[hits.kept[k]]
        for column in range(first, last + 1, LANES):
            bound(edges, fan.cosine, fan.sine, column, hits.group)
            top = (hits.group[2 * LANES] - low) * per_bin
            bottom = (hits.group[2 * LANES + 1] - low) * per_bin
            channel = fan.first[int(min(max(top, np.float32(-1.0)), bins)) + 1]
            under = fan.first[int(min(max(bottom, np.float32(0.0)), bins))]
            if under > channel:
                keep_nearer(
                    hits.group, fan.cosine, fan.sine, column, fan.tangent, channel, under,
                    edges[18], edges[19], edges[20], value, hits.recip, hits.number, columns,
                )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _spans(
    corner: FloatArray,
    face: FloatArray,
    count: int,
    px: float,
    py: float,
    pose: NDArray[np.float64],
    fan: Fan,
    hits: Hits,
) -> int:
    """Fill `hits.edges` and `hits.span` for `count` kept panels; returns how many spans."""
    spans = 0
    columns = hits.recip.shape[1] - LANES
    x, y, z = np.float32(px), np.float32(py), np.float32(pose[0, 2])
    begin, per_angle, full = np.float32(fan.begin), np.float32(fan.per_angle), np.float32(fan.full)
    margin, widest, one = np.float32(MARGIN), np.float32(0.47) * full, np.float32(1.0)
    hits.kept[count], hits.away[count] = hits.kept[max(count - 1, 0)], -one
    for pair in range(0, count, 2):
        flags = project(
            corner, 12 * hits.kept[pair], 12 * hits.kept[pair + 1], x, y, z, hits.pose,
            hits.away[pair], hits.away[pair + 1], begin, per_angle, full,
            hits.edges, EDGES * pair,
        )  # fmt: skip
        for i in range(pair, min(pair + 2, count)):
            edges, normal, away = hits.edges[i], face[hits.kept[i]], hits.away[i]
            # The plane in the sensor's axes, such that its dot product with a point of it is 1.
            inverse = one / away
            for k in range(3):
                axis = hits.pose[k + 1]
                along = normal[0] * axis[0] + normal[1] * axis[1] + normal[2] * axis[2]
                edges[18 + k] = along * inverse
            low, high = edges[16] - margin, edges[17] + margin
            # Corners on opposite sides of the axis do not tell on which side the panel passes it.
            if flags & (1 << (i - pair)) or high - low > widest:
                low, high = np.float32(0.0), np.float32(columns - 1)
            if low < np.float32(0.0):
                low, high = low + full, high + full
            first, last = math.ceil(low), min(math.floor(high), columns - 1)
            seen = int(abs(away) > np.float32(1e-5))  # else it is seen from its edge
            hits.span[spans, 0], hits.span[spans, 1], hits.span[spans, 2] = i, first, last
            spans += int(first <= last) & seen
            if high >= full:
                last = min(math.floor(high - full), columns - 1)
                hits.span[spans, 0], hits.span[spans, 1], hits.span[spans, 2] = i, 0, last
                spans += seen
    return spans
