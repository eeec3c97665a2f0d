"""The query for the nearest point of a driving lane, on the grid of `spatial_index`."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, error_model="numpy")
def nearest_point(  # type: ignore[no-untyped-def]
    x, y, yaw, max_angle, points, cell, grid_origin, grid_shape, grid_start, grid_point
):
    """Return the row of the nearest point of a driving lane; -1 where none is near.

    Looks at the 3 x 3 cells around the position, so every point within one cell's edge is seen.

    Args:
        x: position [m].
        y: position [m].
        yaw: heading to compare with [rad]; nan to take any lane.
        max_angle: lanes that differ more from `yaw` are passed over [rad].
        points: the network's points [P, Point].
        cell: edge of a cell [m].
        grid_origin: [2].
        grid_shape: [2].
        grid_start: [cells + 1].
        grid_point: rows of points by cell.
    """
    columns, rows = grid_shape[0], grid_shape[1]
    column = int(np.floor((x - grid_origin[0]) / cell))
    row = int(np.floor((y - grid_origin[1]) / cell))
    use_yaw = not np.isnan(yaw)
    least_cos = np.cos(max_angle)
    best, best_distance = -1, np.inf
    for r in range(max(row - 1, 0), min(row + 2, rows)):
        for c in range(max(column - 1, 0), min(column + 2, columns)):
            index = r * columns + c
            for k in range(grid_start[index], grid_start[index + 1]):
                p = grid_point[k]
                dx, dy = points[p, 0] - x, points[p, 1] - y
                distance = dx * dx + dy * dy
                if distance < best_distance and (
                    not use_yaw or np.cos(points[p, 3] - yaw) >= least_cos
                ):
                    best, best_distance = p, distance
    return best
