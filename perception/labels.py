"""Labels: what the network should have said about a frame.

A stored label is a row of UserBox per road user; from these the targets of training are drawn
afresh each time, after augmentation.
"""

# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit

from roadworthy.perception import grid

MAX_LABELS: Final = 48


_MARGIN = 0.15  # [m] around a box within which a return is on it
_OFF_GROUND = 0.2  # [m]
_REACH = 3  # cells to either side of a centre that its bell reaches
# Standard deviation of the bell [cells], by UserClass.
_SPREAD = np.array([1.0, 0.6, 0.7], np.float32)


@njit(cache=True, nogil=True, error_model="numpy")
def count_hits(points, x0, y0, z0, labels, count):
    """Fill the column HITS of the first `count` labels.

    Args:
        points: [N, 4] a sweep in the frame of a lidar that looks straight ahead.
        x0: lidar's place in the ego frame [m].
        y0: the same, to the right.
        z0: the same, up.
        labels: [n, UserBox].
        count: how many of the rows are labels.
    """
    for j in range(count):
        labels[j, 7] = 0.0
    for i in range(points.shape[0]):
        if points[i, 2] + z0 < _OFF_GROUND:
            continue
        x, y = points[i, 0] + x0, points[i, 1] + y0
        for j in range(count):
            dx, dy = x - labels[j, 0], y - labels[j, 1]
            along = labels[j, 2] * dx + labels[j, 3] * dy
            across = labels[j, 2] * dy - labels[j, 3] * dx
            if (
                abs(along) < 0.5 * labels[j, 4] + _MARGIN
                and abs(across) < 0.5 * labels[j, 5] + _MARGIN
            ):
                labels[j, 7] += 1.0
                break


@njit(cache=True, nogil=True, error_model="numpy")
def draw_targets(labels, heat, box, weight, centre):
    """Draw the targets of a batch.

    Args:
        labels: [B, MAX_LABELS, UserBox]; rows with LENGTH 0 are empty.
        heat: out, [B, N_CLASSES, SIZE, SIZE], bells of height 1.
        box: out, [B, BoxCol, SIZE, SIZE], set at the centres.
        weight: out, [B, N_CLASSES, SIZE, SIZE], 0 where nothing is asked.
        centre: out, [B, SIZE, SIZE], 1 at the centres.
    """
    size = heat.shape[2]
    heat[:] = 0.0
    box[:] = 0.0
    weight[:] = 1.0
    centre[:] = 0.0
    for b in range(labels.shape[0]):
        for j in range(labels.shape[1]):
            label = labels[b, j]
            gx, gy = (label[0] - grid.X_MIN) / grid.CELL, (label[1] - grid.Y_MIN) / grid.CELL
            row, column = int(np.floor(gx)), int(np.floor(gy))
            inside = 0 <= row < size and 0 <= column < size
            if label[4] <= 0.0 or not inside:
                continue
            kind = int(label[6])
            spread = 2.0 * _SPREAD[kind] * _SPREAD[kind]
            for r in range(max(row - _REACH, 0), min(row + _REACH + 1, size)):
                for c in range(max(column - _REACH, 0), min(column + _REACH + 1, size)):
                    value = np.exp(-((r - row) ** 2 + (c - column) ** 2) / spread)
                    if label[7] < 1.0:
                        if value > 0.1:
                            weight[b, kind, r, c] = 0.0
                    elif value > heat[b, kind, r, c]:
                        heat[b, kind, r, c] = value
            if label[7] < 1.0:
                continue
            weight[b, kind, row, column] = 1.0
            centre[b, row, column] = 1.0
            box[b, 0, row, column] = gx - row - 0.5
            box[b, 1, row, column] = gy - column - 0.5
            box[b, 2, row, column] = np.log(label[4])
            box[b, 3, row, column] = np.log(label[5])
            box[b, 4, row, column] = label[2]
            box[b, 5, row, column] = label[3]
