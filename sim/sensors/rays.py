"""The rays of a lidar against triangles.

The horizon is cut into four faces of 90 degrees. On a face a triangle is drawn as a camera would
draw it (see `raster`), but its samples are the rays: column k of a face lies at
`x = tan(azimuth)`, and channel c of that column at `y = tan(elevation) / cos(azimuth)`, both
measured from the face's axis. Straight edges stay straight and the reciprocal of the depth is
linear, so the hit of each ray is exact and costs one addition and one comparison.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.sensors.raster import NEAR, clip_near

FloatArray = NDArray[np.float32]

BINS = 1024  # of the tables from tangents to channels and columns
DETAIL_RANGE = 40.0  # [m] kerbs, benches and the like are thinner than the rays' spacing beyond


@njit(cache=True, nogil=True, error_model="numpy")
def cast_all(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    start: NDArray[np.int32],
    detail_start: NDArray[np.int32],
    bounds: FloatArray,
    actor_corners: FloatArray,
    actor_normal: FloatArray,
    actor_tag: NDArray[np.uint8],
    actor_start: NDArray[np.int32],
    sphere: FloatArray,
    pose: NDArray[np.float64],
    reach: float,
    tangent: FloatArray,
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

    The first arrays are those of a TownMesh and an ActorSoup. `pose` [4, 3] holds position,
    forward, right and up of the sensor, `reach` its range [m]; the tables are those of a Lidar.
    `recip` and `number` [steps, channels] receive the reciprocal of the depth along the face's
    axis (0: nothing) and the triangle, actors' triangles counted on after the town's.
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
            corners, normal, tag, start[c], last, 0, pose, tangent, first,
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
                actor_corners, actor_normal, actor_tag, actor_start[a], actor_start[a + 1],
                len(corners), pose, tangent, first,
                face_step, face_start, face_x, face_stretch, face_first, recip, number,
            )  # fmt: skip


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
def _cast_range(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    begin: int,
    end: int,
    offset: int,
    pose: NDArray[np.float64],
    tangent: FloatArray,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_start: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    face_first: NDArray[np.int32],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Test the triangles `begin`..`end` of a soup; nearer hits replace those in `recip`."""
    high, low = tangent[0], tangent[len(tangent) - 1]
    high2 = high * high if high > 0.0 else 0.0
    low2 = low * low if low < 0.0 else 0.0
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    fx, fy, fz = pose[1, 0], pose[1, 1], pose[1, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    ux, uy, uz = pose[3, 0], pose[3, 1], pose[3, 2]
    per_bin = BINS / max(1e-9, high - low)
    clip = np.empty((4, 3), np.float64)
    for t in range(begin, end):
        if tag[t, 3] == 0:
            continue
        ax, ay, az = corners[t, 0, 0] - px, corners[t, 0, 1] - py, corners[t, 0, 2] - pz
        # Bridges are seen from below, all else from its outer side alone (kerbs are details).
        one_sided = tag[t, 2] == 0 or tag[t, 4] != 0
        if one_sided and ax * normal[t, 0] + ay * normal[t, 1] + az * normal[t, 2] >= 0.0:
            continue
        bx, by, bz = corners[t, 1, 0] - px, corners[t, 1, 1] - py, corners[t, 1, 2] - pz
        cx, cy, cz = corners[t, 2, 0] - px, corners[t, 2, 1] - py, corners[t, 2, 2] - pz
        x0, y0 = ax * fx + ay * fy + az * fz, ax * rx + ay * ry + az * rz
        x1, y1 = bx * fx + by * fy + bz * fz, bx * rx + by * ry + bz * rz
        x2, y2 = cx * fx + cy * fy + cz * fz, cx * rx + cy * ry + cz * rz
        z0 = ax * ux + ay * uy + az * uz
        z1 = bx * ux + by * uy + bz * uz
        z2 = cx * ux + cy * uy + cz * uz
        # Above the highest and below the lowest channel the free space is a convex cone: a
        # triangle with all corners in it is never hit.
        if z0 > 0.0 and z1 > 0.0 and z2 > 0.0:
            if (
                z0 * z0 > high2 * (x0 * x0 + y0 * y0)
                and z1 * z1 > high2 * (x1 * x1 + y1 * y1)
                and z2 * z2 > high2 * (x2 * x2 + y2 * y2)
            ):
                continue
        elif (
            z0 < 0.0 and z1 < 0.0 and z2 < 0.0
            and z0 * z0 > low2 * (x0 * x0 + y0 * y0)
            and z1 * z1 > low2 * (x1 * x1 + y1 * y1)
            and z2 * z2 > low2 * (x2 * x2 + y2 * y2)
        ):  # fmt: skip
            continue
        # Faces are convex wedges: with all corners in one, the others see nothing of it.
        face0, face1, face2 = _face_of(x0, y0), _face_of(x1, y1), _face_of(x2, y2)
        only = face0 == face1 and face0 == face2
        ax, ay, bx, by, cx, cy = x0, y0, x1, y1, x2, y2
        for turn in range(1 if only else 4):
            face = face0 if only else turn
            # Turn by a multiple of 90 degrees, so that x becomes the axis of the face.
            c, s = (face == 0) - (face == 2), (face == 1) - (face == 3)
            x0, y0, x1, y1 = c * ax + s * ay, c * ay - s * ax, c * bx + s * by, c * by - s * bx
            x2, y2 = c * cx + s * cy, c * cy - s * cx
            if x0 < NEAR and x1 < NEAR and x2 < NEAR:
                continue
            if (y0 > x0 and y1 > x1 and y2 > x2) or (-y0 > x0 and -y1 > x1 and -y2 > x2):
                continue
            count = 3
            if x0 >= NEAR and x1 >= NEAR and x2 >= NEAR:
                clip[0, 0], clip[0, 1], clip[0, 2] = 1.0 / x0, y0, z0
                clip[1, 0], clip[1, 1], clip[1, 2] = 1.0 / x1, y1, z1
                clip[2, 0], clip[2, 1], clip[2, 2] = 1.0 / x2, y2, z2
            else:
                count = clip_near(x0, y0, z0, x1, y1, z1, x2, y2, z2, clip)
                for k in range(count):
                    clip[k, 0] = 1.0 / clip[k, 0]
            low_x, high_x, low_y, high_y = 1e9, -1e9, 1e9, -1e9
            for k in range(count):
                w = clip[k, 0]
                x, y = clip[k, 1] * w, clip[k, 2] * w
                clip[k, 1], clip[k, 2] = x, y
                low_x, high_x = min(low_x, x), max(high_x, x)
                low_y, high_y = min(low_y, y), max(high_y, y)
            # Most small triangles fall between two columns ...
            last = face_start[face + 1]
            k = face_first[face, min(BINS, max(0, int((low_x + 1.0) * (0.5 * BINS))))]
            while k < last and face_x[k] < low_x:
                k += 1
            if k >= last or face_x[k] > high_x:
                continue
            # ... or between two channels: bound the tangents by the columns' least and greatest
            # share of y.
            end_bin = min(BINS, int((high_x + 1.0) * (0.5 * BINS)) + 1)
            share0 = face_stretch[k, 1]
            share1 = face_stretch[min(last - 1, face_first[face, end_bin]), 1]
            least = min(share0, share1)
            most = 1.0 if low_x < 0.0 and high_x > 0.0 else max(share0, share1)
            top = high_y * (most if high_y > 0.0 else least)
            bottom = low_y * (least if low_y > 0.0 else most)
            channel = first[int(min(max((top - low) * per_bin, -1.0), BINS)) + 1]
            while channel < len(tangent) and tangent[channel] > top:
                channel += 1
            if channel >= len(tangent) or tangent[channel] < bottom:
                continue
            for corner in range(1, count - 1):
                _fill_face(
                    clip[0, 1], clip[0, 2], clip[0, 0],
                    clip[corner, 1], clip[corner, 2], clip[corner, 0],
                    clip[corner + 1, 1], clip[corner + 1, 2], clip[corner + 1, 0],
                    t + offset, k, last, high_x, tangent, first,
                    face_step, face_x, face_stretch, recip, number,
                )  # fmt: skip


@njit(cache=True, inline="always", error_model="numpy")
def _bound(
    x0: float, y0: float, x1: float, y1: float, area: float
) -> tuple[float, float, float, float]:
    """Line of an edge as a bound from below and one from above: value at x = 0, slope, twice.

    `area` is the signed area of the triangle that has the edge on its left where x is to the
    right and y up; the bound that the edge does not give is out of reach.
    """
    run = x1 - x0
    slope = (y1 - y0) / run if run != 0.0 else 0.0
    base = y0 - slope * x0
    side = run * area
    below, above = side > 0.0, side < 0.0
    return (
        base if below else -1e30,
        slope if below else 0.0,
        base if above else 1e30,
        slope if above else 0.0,
    )


@njit(cache=True, inline="always", error_model="numpy")
def _fill_face(
    x0: float,
    y0: float,
    w0: float,
    x1: float,
    y1: float,
    w1: float,
    x2: float,
    y2: float,
    w2: float,
    value: int,
    k: int,
    last: int,
    high_x: float,
    tangent: FloatArray,
    first: NDArray[np.int32],
    face_step: NDArray[np.int32],
    face_x: NDArray[np.float64],
    face_stretch: NDArray[np.float64],
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Give the rays of a face that a projected triangle covers its reciprocal depth, if nearer.

    `k` is the first column that may see it, `last` ends the face's columns, none beyond `high_x`
    sees it.
    """
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if abs(area) < 1e-12:
        return
    # Each edge bounds the triangle from below or from above. All are evaluated at each column, as
    # minima and maxima: branches would be hard to predict here.
    low0, low_slope0, high0, high_slope0 = _bound(x0, y0, x1, y1, area)
    low1, low_slope1, high1, high_slope1 = _bound(x1, y1, x2, y2, area)
    low2, low_slope2, high2, high_slope2 = _bound(x2, y2, x0, y0, area)
    inverse = 1.0 / area
    per_x = ((w1 - w0) * (y2 - y0) - (w2 - w0) * (y1 - y0)) * inverse
    per_y = ((w2 - w0) * (x1 - x0) - (w1 - w0) * (x2 - x0)) * inverse
    base_w = w0 - per_x * x0 - per_y * y0
    most = np.float32(max(w0, w1, w2))
    channels = len(tangent)
    low = float(tangent[channels - 1])
    per_bin = BINS / max(1e-9, tangent[0] - low)
    while k < last:
        x = face_x[k]
        if x > high_x:
            break
        stretch, shrink = face_stretch[k, 0], face_stretch[k, 1]
        top = min(high0 + high_slope0 * x, high1 + high_slope1 * x, high2 + high_slope2 * x)
        bottom = max(low0 + low_slope0 * x, low1 + low_slope1 * x, low2 + low_slope2 * x)
        top, bottom = top * shrink, bottom * shrink
        channel = first[int(min(max((top - low) * per_bin, -1.0), BINS)) + 1]
        while channel < channels and tangent[channel] > top:
            channel += 1
        if channel < channels and tangent[channel] >= bottom:
            step = face_step[k]
            w_column, per_tangent = np.float32(base_w + per_x * x), np.float32(per_y * stretch)
            while channel < channels and tangent[channel] >= bottom:
                # Slivers have steep gradients: hold the value within the corners' range.
                w = min(w_column + per_tangent * tangent[channel], most)
                if w > recip[step, channel]:
                    recip[step, channel] = w
                    number[step, channel] = value
                channel += 1
        k += 1
