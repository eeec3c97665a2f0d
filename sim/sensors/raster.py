"""The z-buffer rasteriser: which triangle does each pixel see, and how far away is it?

A pixel stores the reciprocal of the planar depth, times a bias of 1 + a few thousandths by
Layer, and the number of the triangle. Camera axes: x forward, y right, z up; a pixel's column is
`width / 2 + focal * y / x`, its row `height / 2 - focal * z / x`; centres lie at + 0.5.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel

FloatArray = NDArray[np.float32]

NEAR = 0.12  # [m]
SHADED = 1 << 30  # bit of a pixel's triangle number: no sun there
UNDER = 1 << 29  # and: below a vehicle
NUMBER = UNDER - 1  # the bits of the number itself; a pixel that sees the sky has -1
_FRONT = 0.3  # [m] shadows that are nearer are cut off

# Bias of each Layer: paint on a road wins over the road although both were simplified.
BIAS = np.array([1.0, 1.002, 1.004, 1.006, 1.014], np.float32)


@kernel
def draw(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    first: int,
    last: int,
    offset: int,
    pose: FloatArray,
    focal: float,
    recip: FloatArray,
    number: NDArray[np.int32],
    bias: FloatArray,
    clip: NDArray[np.float64],
) -> None:
    """Draw the triangles `first`..`last` of a soup; their numbers are shifted by `offset`.

    `pose` [4, 3] holds position, forward, right and up of the camera, `focal` is in pixels;
    `recip` and `number` [height, width] are changed in place; `clip` [4, 3] is scratch.
    """
    height, width = recip.shape
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    fx, fy, fz = pose[1, 0], pose[1, 1], pose[1, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    ux, uy, uz = pose[3, 0], pose[3, 1], pose[3, 2]
    half_w, half_h = 0.5 * width, 0.5 * height
    side, rise = half_w / focal, half_h / focal
    for t in range(first, last):
        ax, ay, az = corners[t, 0, 0] - px, corners[t, 0, 1] - py, corners[t, 0, 2] - pz
        layer = tag[t, 2]
        if layer == 0 and ax * normal[t, 0] + ay * normal[t, 1] + az * normal[t, 2] >= 0.0:
            continue
        bx, by, bz = corners[t, 1, 0] - px, corners[t, 1, 1] - py, corners[t, 1, 2] - pz
        cx, cy, cz = corners[t, 2, 0] - px, corners[t, 2, 1] - py, corners[t, 2, 2] - pz
        d0 = ax * fx + ay * fy + az * fz
        d1 = bx * fx + by * fy + bz * fz
        d2 = cx * fx + cy * fy + cz * fz
        if d0 < NEAR and d1 < NEAR and d2 < NEAR:
            continue
        y0 = ax * rx + ay * ry + az * rz
        y1 = bx * rx + by * ry + bz * rz
        y2 = cx * rx + cy * ry + cz * rz
        if y0 > side * d0 and y1 > side * d1 and y2 > side * d2:
            continue
        if -y0 > side * d0 and -y1 > side * d1 and -y2 > side * d2:
            continue
        z0 = ax * ux + ay * uy + az * uz
        z1 = bx * ux + by * uy + bz * uz
        z2 = cx * ux + cy * uy + cz * uz
        if z0 > rise * d0 and z1 > rise * d1 and z2 > rise * d2:
            continue
        if -z0 > rise * d0 and -z1 > rise * d1 and -z2 > rise * d2:
            continue
        factor = bias[layer]
        if d0 >= NEAR and d1 >= NEAR and d2 >= NEAR:
            w0, w1, w2 = 1.0 / d0, 1.0 / d1, 1.0 / d2
            _fill(
                half_w + focal * y0 * w0,
                half_h - focal * z0 * w0,
                w0 * factor,
                half_w + focal * y1 * w1,
                half_h - focal * z1 * w1,
                w1 * factor,
                half_w + focal * y2 * w2,
                half_h - focal * z2 * w2,
                w2 * factor,
                t + offset,
                recip,
                number,
            )
            continue
        count = clip_near(d0, y0, z0, d1, y1, z1, d2, y2, z2, clip)
        for k in range(count):
            w = 1.0 / clip[k, 0]
            clip[k, 1] = half_w + focal * clip[k, 1] * w
            clip[k, 2] = half_h - focal * clip[k, 2] * w
            clip[k, 0] = w * factor
        for k in range(1, count - 1):
            _fill(
                clip[0, 1],
                clip[0, 2],
                clip[0, 0],
                clip[k, 1],
                clip[k, 2],
                clip[k, 0],
                clip[k + 1, 1],
                clip[k + 1, 2],
                clip[k + 1, 0],
                t + offset,
                recip,
                number,
            )


@kernel
def clip_near(
    d0: float,
    y0: float,
    z0: float,
    d1: float,
    y1: float,
    z1: float,
    d2: float,
    y2: float,
    z2: float,
    out: NDArray[np.float64],
) -> int:
    """Clip a triangle at the near plane; writes 3 or 4 corners (depth, y, z), returns how many."""
    count = 0
    for k in range(3):
        if k == 0:
            da, ya, za, db, yb, zb = d0, y0, z0, d1, y1, z1
        elif k == 1:
            da, ya, za, db, yb, zb = d1, y1, z1, d2, y2, z2
        else:
            da, ya, za, db, yb, zb = d2, y2, z2, d0, y0, z0
        if da >= NEAR:
            out[count, 0], out[count, 1], out[count, 2] = da, ya, za
            count += 1
        if (da >= NEAR) != (db >= NEAR):
            t = (NEAR - da) / (db - da)
            out[count, 0] = NEAR
            out[count, 1], out[count, 2] = ya + t * (yb - ya), za + t * (zb - za)
            count += 1
    return count


@kernel
def _fill(
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
    recip: FloatArray,
    number: NDArray[np.int32],
) -> None:
    """Fill one projected triangle, row by row. A pixel belongs to it if its centre does.

    The corners are sorted by row first, so that an edge that two triangles share is computed
    with the same numbers in both: no pixel between them stays empty.
    """
    height, width = recip.shape
    if y1 < y0:
        x0, y0, w0, x1, y1, w1 = x1, y1, w1, x0, y0, w0
    if y2 < y1:
        x1, y1, w1, x2, y2, w2 = x2, y2, w2, x1, y1, w1
        if y1 < y0:
            x0, y0, w0, x1, y1, w1 = x1, y1, w1, x0, y0, w0
    top = max(0, math.ceil(y0 - 0.5))
    end = min(height, math.ceil(y2 - 0.5))
    if top >= end:
        return
    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    if abs(area) < 1e-9:
        return
    per_x = ((w1 - w0) * (y2 - y0) - (w2 - w0) * (y1 - y0)) / area
    per_y = ((w2 - w0) * (x1 - x0) - (w1 - w0) * (x2 - x0)) / area
    slope02 = (x2 - x0) / (y2 - y0)
    slope01 = (x1 - x0) / (y1 - y0) if y1 > y0 else 0.0
    slope12 = (x2 - x1) / (y2 - y1) if y2 > y1 else 0.0
    most = max(w0, w1, w2)
    step = np.float32(per_x)
    for row in range(top, end):
        y = row + 0.5
        long = x0 + slope02 * (y - y0)
        short = x0 + slope01 * (y - y0) if y < y1 else x1 + slope12 * (y - y1)
        if short < long:
            long, short = short, long
        left = max(0, math.ceil(long - 0.5))
        right = min(width, math.ceil(short - 0.5))
        # Slivers have steep gradients: hold the start within the corners' range.
        w = np.float32(min(w0 + per_x * (left + 0.5 - x0) + per_y * (y - y0), most))
        for column in range(right - left):  # no sum is carried: eight pixels at a time
            at = w + step * np.float32(np.int32(column))
            if at > recip[row, left + column]:
                recip[row, left + column] = at
                number[row, left + column] = value


@kernel
def mark(
    polygon: FloatArray,
    flag: int,
    pose: FloatArray,
    focal: float,
    recip: FloatArray,
    number: NDArray[np.int32],
    scratch: NDArray[np.float64],
) -> None:
    """Set a bit at all pixels that see what a flat convex polygon [n, 3] covers.

    `scratch` has 2 n + 4 rows of 3. The polygon's plane is that of its first, second and fourth
    corner; pixels within 4 % of its depth count as seeing it.
    """
    height, width = recip.shape
    n = len(polygon)
    for k in range(n):
        x, y = polygon[k, 0] - pose[0, 0], polygon[k, 1] - pose[0, 1]
        z = polygon[k, 2] - pose[0, 2]
        for axis in range(3):
            scratch[k, axis] = x * pose[axis + 1, 0] + y * pose[axis + 1, 1] + z * pose[axis + 1, 2]
    # Plane: 1 / depth = (a + b right + c up) for the slopes right and up of a pixel's ray.
    ax, ay, az = scratch[1, 0] - scratch[0, 0], scratch[1, 1] - scratch[0, 1], 0.0
    az = scratch[1, 2] - scratch[0, 2]
    bx, by = scratch[3, 0] - scratch[0, 0], scratch[3, 1] - scratch[0, 1]
    bz = scratch[3, 2] - scratch[0, 2]
    nd, nr, nu = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    offset = nd * scratch[0, 0] + nr * scratch[0, 1] + nu * scratch[0, 2]
    if abs(offset) < 1e-9:
        return
    nd, nr, nu = nd / offset, nr / offset, nu / offset
    count = 0
    for k in range(n):
        a, b = k, (k + 1) % n
        if scratch[a, 0] >= _FRONT:
            count = _project(scratch, n + count, scratch[a, 0], scratch[a, 1], scratch[a, 2]) - n
        if (scratch[a, 0] >= _FRONT) != (scratch[b, 0] >= _FRONT):
            t = (_FRONT - scratch[a, 0]) / (scratch[b, 0] - scratch[a, 0])
            right = scratch[a, 1] + t * (scratch[b, 1] - scratch[a, 1])
            up = scratch[a, 2] + t * (scratch[b, 2] - scratch[a, 2])
            count = _project(scratch, n + count, _FRONT, right, up) - n
    if count < 3:
        return
    top, end = 1e9, -1e9
    for k in range(n, n + count):
        scratch[k, 0] = 0.5 * width + focal * scratch[k, 1]
        scratch[k, 1] = 0.5 * height - focal * scratch[k, 2]
        top, end = min(top, scratch[k, 1]), max(end, scratch[k, 1])
    for row in range(max(0, math.ceil(top - 0.5)), min(height, math.ceil(end - 0.5))):
        y = row + 0.5
        low, high = 1e9, -1e9
        for k in range(count):
            x0, y0 = scratch[n + k, 0], scratch[n + k, 1]
            m = n + (k + 1) % count
            x1, y1 = scratch[m, 0], scratch[m, 1]
            if (y0 <= y) != (y1 <= y):
                x = x0 + (y - y0) / (y1 - y0) * (x1 - x0)
                low, high = min(low, x), max(high, x)
        up = (0.5 * height - y) / focal
        for column in range(max(0, math.ceil(low - 0.5)), min(width, math.ceil(high - 0.5))):
            w = nd + nu * up + nr * (column + 0.5 - 0.5 * width) / focal
            seen = recip[row, column]
            if abs(seen - w) < 0.04 * w:
                number[row, column] |= flag


@kernel
def _project(scratch: NDArray[np.float64], k: int, d: float, right: float, up: float) -> int:
    scratch[k, 1], scratch[k, 2] = right / d, up / d
    return k + 1
