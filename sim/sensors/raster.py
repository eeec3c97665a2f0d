"""The z-buffer rasteriser: which triangle does each pixel see, and how far away is it?

A pixel stores the reciprocal of the planar depth, times a bias of 1 + a few thousandths by
Layer, and the number of the triangle. Camera axes: x forward, y right, z up; a pixel's column is
`width / 2 + focal * y / x`, its row `height / 2 - focal * z / x`; centres lie at + 0.5.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

NEAR = 0.12  # [m]
SHADED = 1 << 30  # bit of a pixel's triangle number: it lies in a shadow

# Bias of each Layer: paint on a road wins over the road although both were simplified.
BIAS = np.array([1.0, 1.002, 1.004, 1.006, 1.014], np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def draw(
    corners: FloatArray,
    normal: FloatArray,
    tag: NDArray[np.uint8],
    first: int,
    last: int,
    offset: int,
    pose: NDArray[np.float64],
    focal: float,
    recip: FloatArray,
    number: NDArray[np.int32],
    bias: FloatArray,
) -> None:
    """Draw the triangles `first`..`last` of a soup; their numbers are shifted by `offset`.

    `pose` [4, 3] holds position, forward, right and up of the camera, `focal` is in pixels;
    `recip` and `number` [height, width] are changed in place.
    """
    height, width = recip.shape
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    fx, fy, fz = pose[1, 0], pose[1, 1], pose[1, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    ux, uy, uz = pose[3, 0], pose[3, 1], pose[3, 2]
    half_w, half_h = 0.5 * width, 0.5 * height
    side, rise = half_w / focal, half_h / focal
    clip = np.empty((4, 3), np.float64)
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


@njit(cache=True, nogil=True, error_model="numpy")
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


@njit(cache=True, nogil=True, error_model="numpy")
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
        for column in range(left, right):
            if w > recip[row, column]:
                recip[row, column] = w
                number[row, column] = value
            w += step


@njit(cache=True, nogil=True, error_model="numpy")
def shade_quad(
    quad: FloatArray,
    pose: NDArray[np.float64],
    focal: float,
    recip: FloatArray,
    number: NDArray[np.int32],
    scratch: FloatArray,
    scratch_number: NDArray[np.int32],
) -> None:
    """Mark the pixels of the ground that a flat quad [4, 3] covers as lying in a shadow."""
    height, width = recip.shape
    d = np.empty(4, np.float64)
    x = np.empty(4, np.float64)
    y = np.empty(4, np.float64)
    for k in range(4):
        dx, dy = quad[k, 0] - pose[0, 0], quad[k, 1] - pose[0, 1]
        dz = quad[k, 2] - pose[0, 2]
        d[k] = dx * pose[1, 0] + dy * pose[1, 1] + dz * pose[1, 2]
        if d[k] < 0.5:
            return
        right = dx * pose[2, 0] + dy * pose[2, 1] + dz * pose[2, 2]
        up = dx * pose[3, 0] + dy * pose[3, 1] + dz * pose[3, 2]
        x[k] = 0.5 * width + focal * right / d[k]
        y[k] = 0.5 * height - focal * up / d[k]
    low_x, high_x = max(0, int(x.min())), min(width, int(x.max()) + 2)
    low_y, high_y = max(0, int(y.min())), min(height, int(y.max()) + 2)
    if low_x >= high_x or low_y >= high_y:
        return
    scratch[low_y:high_y, low_x:high_x] = 0.0
    for k in range(1, 3):
        _fill(
            x[0], y[0], 1.0 / d[0], x[k], y[k], 1.0 / d[k], x[k + 1], y[k + 1], 1.0 / d[k + 1],
            1, scratch, scratch_number,
        )  # fmt: skip
    for row in range(low_y, high_y):
        for column in range(low_x, high_x):
            w, seen = scratch[row, column], recip[row, column]
            if w > 0.0 and abs(seen - w) < 0.04 * w:
                number[row, column] |= SHADED
