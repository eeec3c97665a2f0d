"""The rays of a lidar against triangles and panels (pairs of triangles, see `panels`).

The horizon is cut into four faces of 90 degrees. On a face a panel is drawn as a camera would
draw it (see `raster`), but its samples are the rays: column k of a face lies at
`x = tan(azimuth)`, and channel c of that column at `y = tan(elevation) / cos(azimuth)`, both
measured from the face's axis. Straight edges stay straight and the reciprocal of the depth is
linear, so the hit of each ray is exact. Edges and depth are taken from planes through the sensor
(Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", 1997), so nothing
is clipped; the rays of a column are compared several at once (see `lanes`).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.lanes import LANES, keep_nearer
from roadworthy.sim.sensors.panels import ORDER
from roadworthy.sim.sensors.raster import NEAR

FloatArray = NDArray[np.float32]

BINS = 1024  # of the tables from tangents to channels and columns
DETAIL_RANGE = 40.0  # [m] kerbs, benches and the like are thinner than the rays' spacing beyond


@njit(cache=True, nogil=True, error_model="numpy")
def cast_all(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    panel: NDArray[np.uint8],
    start: NDArray[np.int32],
    detail_start: NDArray[np.int32],
    bounds: FloatArray,
    actor_corners: FloatArray,
    actor_normal: FloatArray,
    actor_tag: NDArray[np.uint8],
    actor_panel: NDArray[np.uint8],
    actor_start: NDArray[np.int32],
    sphere: FloatArray,
    pose: NDArray[np.float64],
    reach: float,
    tangent: FloatArray,
    channels: int,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_start: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    face_first: NDArray[np.int32],
    stretch: NDArray[np.float64],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Cast all rays of a sweep at a town's cells and at the actors in it.

    The first arrays are those of a TownMesh and an ActorSoup, corners [3 T, 3] with three rows
    to a triangle, panels as `find_panels` tells. `pose` [4, 3] holds position,
    forward, right and up of the sensor, `reach` its range [m]; the tables are those of a Lidar.
    `recip` and `number` [steps, channels padded to whole LANES] receive the reciprocal of the
    depth along the face's axis (0: nothing) and the triangle, actors' triangles counted on after
    the town's.
    """
    recip[:] = 0.0
    cells = np.empty(len(bounds), np.int32)
    away = np.empty(len(bounds), np.float64)
    count = 0
    for c in range(len(bounds)):
        dx = max(bounds[c, 0] - pose[0, 0], pose[0, 0] - bounds[c, 3], 0.0)
        dy = max(bounds[c, 1] - pose[0, 1], pose[0, 1] - bounds[c, 4], 0.0)
        square = dx * dx + dy * dy
        if square < reach * reach:
            cells[count], away[count] = c, square
            count += 1
    # Near cells first: what lies behind a house is then skipped as a whole.
    for i in np.argsort(away[:count]):
        c = cells[i]
        x, y = 0.5 * (bounds[c, 0] + bounds[c, 3]), 0.5 * (bounds[c, 1] + bounds[c, 4])
        radius = math.hypot(bounds[c, 3] - x, bounds[c, 4] - y)
        if _hidden(
            x, y, bounds[c, 2], bounds[c, 5], radius, math.sqrt(away[i]), pose, tangent,
            stretch, recip,
        ):  # fmt: skip
            continue
        last = start[c + 1] if away[i] < DETAIL_RANGE * DETAIL_RANGE else detail_start[c]
        _cast_range(
            corners, normal, tag, panel, start[c], last, 0, pose, tangent, channels, first,
            face_step, face_start, face_x, face_stretch, face_first, recip, number,
        )  # fmt: skip
    for a in range(len(sphere)):
        if actor_start[a] == actor_start[a + 1]:
            continue
        x, y, z, radius = sphere[a, 0], sphere[a, 1], sphere[a, 2], sphere[a, 3]
        distance = math.hypot(x - pose[0, 0], y - pose[0, 1]) - radius
        if distance < reach and not _hidden(
            x, y, z - radius, z + radius, radius, distance, pose, tangent, stretch, recip
        ):
            _cast_range(
                actor_corners, actor_normal, actor_tag, actor_panel,
                actor_start[a], actor_start[a + 1],
                len(normal), pose, tangent, channels, first,
                face_step, face_start, face_x, face_stretch, face_first, recip, number,
            )  # fmt: skip


@kernel
def _hidden(
    x: float,
    y: float,
    low: float,
    high: float,
    radius: float,
    distance: float,
    pose: NDArray[np.float64],
    tangent: FloatArray,
    stretch: NDArray[np.float64],
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
    steps, channels = recip.shape
    forward = x * pose[1, 0] + y * pose[1, 1]
    right = x * pose[2, 0] + y * pose[2, 1]
    middle = (math.atan2(right, forward) + math.pi) / (2.0 * math.pi) * steps - 0.5
    half = (math.asin(min(1.0, radius / away)) + tilt) / (2.0 * math.pi) * steps + 1.0
    for k in range(math.floor(middle - half), math.ceil(middle + half) + 1):
        step = k % steps
        needed = stretch[step] / nearest
        for channel in range(channels):
            if bottom <= tangent[channel] <= top and recip[step, channel] < needed:
                return False
    return True


@njit(cache=True, inline="always", error_model="numpy")
def _face_of(x: float, y: float) -> int:
    """Face that sees a direction: 0 ahead, 1 right, 2 behind, 3 left."""
    # Two bits of the constant for each of the four outcomes; a chain of branches would be slower.
    return (0b11001001 >> (4 * (y <= x) + 2 * (y <= -x))) & 3


@kernel
def _cast_range(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    panel: NDArray[np.uint8],
    begin: int,
    end: int,
    offset: int,
    pose: NDArray[np.float64],
    tangent: FloatArray,
    channels: int,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_start: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    face_first: NDArray[np.int32],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Test the panels among the triangles `begin`..`end`; nearer hits replace those in `recip`."""
    high, low = float(tangent[0]), float(tangent[channels - 1])
    free_above = high * high if high > 0.0 else 0.0
    free_below = low * low if low < 0.0 else 0.0
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    fx, fy, fz = pose[1, 0], pose[1, 1], pose[1, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    ux, uy, uz = pose[3, 0], pose[3, 1], pose[3, 2]
    per_bin = BINS / max(1e-9, high - low)
    padded = recip.shape[1]
    after = begin
    while after < end:
        t = after
        code = panel[t]
        after += 2 if code > 0 else 1
        if tag[t, 3] == 0:
            continue
        i0, i1 = 3 * t + ORDER[code, 0], 3 * t + ORDER[code, 1]
        i2, i3 = 3 * t + ORDER[code, 2], 3 * t + ORDER[code, 3]
        ax, ay, az = corners[i0, 0] - px, corners[i0, 1] - py, corners[i0, 2] - pz
        nx, ny, nz = float(normal[t, 0]), float(normal[t, 1]), float(normal[t, 2])
        # Distance of the plane: negative on the outer side.
        away = ax * nx + ay * ny + az * nz
        # Bridges are seen from below, all else from its outer side alone (kerbs are details).
        one_sided = tag[t, 2] == 0 or tag[t, 4] != 0
        if (one_sided and away >= 0.0) or abs(away) < 1e-6:
            continue
        bx, by, bz = corners[i1, 0] - px, corners[i1, 1] - py, corners[i1, 2] - pz
        cx, cy, cz = corners[i2, 0] - px, corners[i2, 1] - py, corners[i2, 2] - pz
        dx, dy, dz = corners[i3, 0] - px, corners[i3, 1] - py, corners[i3, 2] - pz
        z0 = ax * ux + ay * uy + az * uz
        z1 = bx * ux + by * uy + bz * uz
        z2 = cx * ux + cy * uy + cz * uz
        z3 = dx * ux + dy * uy + dz * uz
        ax, ay = ax * fx + ay * fy + az * fz, ax * rx + ay * ry + az * rz
        bx, by = bx * fx + by * fy + bz * fz, bx * rx + by * ry + bz * rz
        cx, cy = cx * fx + cy * fy + cz * fz, cx * rx + cy * ry + cz * rz
        dx, dy = dx * fx + dy * fy + dz * fz, dx * rx + dy * ry + dz * rz
        # Above the highest and below the lowest channel the free space is a convex cone: a
        # panel with all corners in it is never hit.
        above = z0 > 0.0
        limit = free_above if above else free_below
        if (
            (z1 > 0.0) == above
            and (z2 > 0.0) == above
            and (z3 > 0.0) == above
            and z0 * z0 > limit * (ax * ax + ay * ay)
            and z1 * z1 > limit * (bx * bx + by * by)
            and z2 * z2 > limit * (cx * cx + cy * cy)
            and z3 * z3 > limit * (dx * dx + dy * dy)
        ):
            continue
        # The plane in the sensor's axes, such that its dot product with a point of it is 1.
        inverse = 1.0 / away
        nf = (nx * fx + ny * fy + nz * fz) * inverse
        nr = (nx * rx + ny * ry + nz * rz) * inverse
        per_z = (nx * ux + ny * uy + nz * uz) * inverse
        # Faces are convex wedges: with all corners in one, the others see nothing of it.
        face0, face1 = _face_of(ax, ay), _face_of(bx, by)
        face2, face3 = _face_of(cx, cy), _face_of(dx, dy)
        only = face0 == face1 and face0 == face2 and face0 == face3
        for turn in range(1 if only else 4):
            face = face0 if only else turn
            # Turn by a multiple of 90 degrees, so that x becomes the axis of the face.
            c, s = float((face == 0) - (face == 2)), float((face == 1) - (face == 3))
            x0, y0, x1, y1 = c * ax + s * ay, c * ay - s * ax, c * bx + s * by, c * by - s * bx
            x2, y2, x3, y3 = c * cx + s * cy, c * cy - s * cx, c * dx + s * dy, c * dy - s * dx
            nearest = min(x0, x1, x2, x3)
            if nearest >= NEAR:
                w0, w1, w2, w3 = 1.0 / x0, 1.0 / x1, 1.0 / x2, 1.0 / x3
                most = 1.0 / nearest
                h0, h1, h2, h3 = y0 * w0, y1 * w1, y2 * w2, y3 * w3
                low_x, high_x = min(h0, h1, h2, h3), max(h0, h1, h2, h3)
                h0, h1, h2, h3 = z0 * w0, z1 * w1, z2 * w2, z3 * w3
                low_y, high_y = min(h0, h1, h2, h3), max(h0, h1, h2, h3)
            else:
                if max(x0, x1, x2, x3) < NEAR:
                    continue
                if (y0 > x0 and y1 > x1 and y2 > x2 and y3 > x3) or (
                    -y0 > x0 and -y1 > x1 and -y2 > x2 and -y3 > x3
                ):
                    continue
                most = 1.0 / NEAR
                low_x, high_x, low_y, high_y = 1e9, -1e9, 1e9, -1e9
                for edge in range(4):
                    if edge == 0:
                        xa, ya, za, xb, yb, zb = x0, y0, z0, x1, y1, z1
                    elif edge == 1:
                        xa, ya, za, xb, yb, zb = x1, y1, z1, x2, y2, z2
                    elif edge == 2:
                        xa, ya, za, xb, yb, zb = x2, y2, z2, x3, y3, z3
                    else:
                        xa, ya, za, xb, yb, zb = x3, y3, z3, x0, y0, z0
                    if xa >= NEAR:
                        low_x, high_x = min(low_x, ya / xa), max(high_x, ya / xa)
                        low_y, high_y = min(low_y, za / xa), max(high_y, za / xa)
                    if (xa >= NEAR) != (xb >= NEAR):
                        # Where the edge meets the near plane.
                        part = (NEAR - xa) / (xb - xa)
                        ya, za = (ya + part * (yb - ya)) / NEAR, (za + part * (zb - za)) / NEAR
                        low_x, high_x = min(low_x, ya), max(high_x, ya)
                        low_y, high_y = min(low_y, za), max(high_y, za)
            # Most small panels fall between two columns ...
            last = face_start[face + 1]
            k = face_first[face, int(min(max((low_x + 1.0) * (0.5 * BINS), 0.0), BINS))]
            while k < last and face_x[k] < low_x:
                k += 1
            bin_x = int(min(max((high_x + 1.0) * (0.5 * BINS), -1.0), BINS - 1.0))
            last = face_first[face, bin_x + 1]
            while last > k and face_x[last - 1] > high_x:
                last -= 1
            if k >= last:
                continue
            # ... or between two channels: bound the tangents by the columns' least and greatest
            # share of y.
            share0, share1 = face_stretch[k, 1], face_stretch[last - 1, 1]
            least = min(share0, share1)
            middle = 1.0 if low_x < 0.0 and high_x > 0.0 else max(share0, share1)
            top = high_y * (middle if high_y > 0.0 else least)
            bottom = low_y * (least if low_y > 0.0 else middle)
            channel = first[int(min(max((top - low) * per_bin, -1.0), BINS)) + 1]
            while channel < channels and tangent[channel] > top:
                channel += 1
            # The first channel surely below: that of the next lower bin.
            under = first[int(min(max((bottom - low) * per_bin, 0.0), BINS))]
            while under > channel and tangent[under - 1] < bottom:
                under -= 1
            if channel >= under:
                continue
            # Planes through the sensor and each edge bound the rays from below or from above.
            low0, low_slope0, high0, high_slope0 = _bound(x0, y0, z0, x1, y1, z1, away)
            low1, low_slope1, high1, high_slope1 = _bound(x1, y1, z1, x2, y2, z2, away)
            low2, low_slope2, high2, high_slope2 = _bound(x2, y2, z2, x3, y3, z3, away)
            low3, low_slope3, high3, high_slope3 = _bound(x3, y3, z3, x0, y0, z0, away)
            base_w, per_x = c * nf + s * nr, c * nr - s * nf
            limit_w = np.float32(most)
            block = channel & ~(LANES - 1)
            for column in range(k, last):
                x = face_x[column]
                stretch, shrink = face_stretch[column, 0], face_stretch[column, 1]
                top = min(
                    min(high0 + high_slope0 * x, high1 + high_slope1 * x),
                    min(high2 + high_slope2 * x, high3 + high_slope3 * x),
                )
                bottom = max(
                    max(low0 + low_slope0 * x, low1 + low_slope1 * x),
                    max(low2 + low_slope2 * x, low3 + low_slope3 * x),
                )
                row = face_step[column] * padded
                for lane in range(block, under, LANES):
                    keep_nearer(
                        recip, number, tangent, row + lane, lane,
                        np.float32(top * shrink), np.float32(bottom * shrink),
                        np.float32(base_w + per_x * x), np.float32(per_z * stretch), limit_w,
                        np.int32(t + offset),
                    )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _bound(
    xa: float, ya: float, za: float, xb: float, yb: float, zb: float, away: float
) -> tuple[float, float, float, float]:
    """Bound from below and from above by the edge a-b: value at x = 0 of the face and slope, twice.

    The plane through the sensor and an edge has the panel on one side; a face's ray (1, x, y)
    is on that side if `away * (normal . ray) >= 0` with the normal a x b. The bound that an edge
    does not give is out of reach.
    """
    up = xa * yb - ya * xb
    inverse = -1.0 / up if abs(up) > 1e-12 else 0.0
    base, slope = (ya * zb - za * yb) * inverse, (za * xb - xa * zb) * inverse
    side = up * away
    below, above = side > 1e-12 * abs(away), side < -1e-12 * abs(away)
    return (
        base if below else -1e30,
        slope if below else 0.0,
        base if above else 1e30,
        slope if above else 0.0,
    )
