"""A raster of the ground: which cells are covered by lanes, and by what stands beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork

DRIVEN = 1  # bit: driving, shoulder, parking or biking lane
WALKED = 2  # bit: sidewalk or any other lane
BUILT = 4  # bit: a box of the scenery

_WALKED_TYPES = (LaneType.SIDEWALK, LaneType.MEDIAN, LaneType.OTHER)


@dataclass(frozen=True, eq=False)
class LaneRaster:
    """Cells of the ground, [rows (y), columns (x)], each a set of bits."""

    cells: NDArray[np.uint8]
    origin: tuple[float, float]  # [m] x, y of the corner of cell (0, 0)
    cell: float  # [m] edge of a cell


def raster_of(network: RoadNetwork, cell: float = 0.5, border: float = 60.0) -> LaneRaster:
    """Stamp all lanes of a network, with their true widths, into a raster.

    Args:
        network: the roads.
        cell: edge of a cell [m].
        border: free ground around the outermost lane points [m].
    """
    points = network.points
    low = points[:, [Point.X, Point.Y]].min(axis=0) - border
    high = points[:, [Point.X, Point.Y]].max(axis=0) + border
    columns, rows = (math.ceil(v) for v in (high - low) / cell)
    cells = np.zeros((rows, columns), np.uint8)
    walked = np.isin(network.lane_type, [int(kind) for kind in _WALKED_TYPES])
    bits = np.where(walked, WALKED, DRIVEN).astype(np.uint8)[network.point_lane]
    _stamp_discs(cells, float(low[0]), float(low[1]), cell, points, bits)
    return LaneRaster(cells, (float(low[0]), float(low[1])), cell)


@njit(cache=True, nogil=True, error_model="numpy")
def _stamp_discs(
    cells: NDArray[np.uint8],
    origin_x: float,
    origin_y: float,
    cell: float,
    points: NDArray[np.float32],
    bits: NDArray[np.uint8],
) -> None:
    rows, columns = cells.shape
    for i in range(len(points)):
        x, y = (points[i, 0] - origin_x) / cell, (points[i, 1] - origin_y) / cell
        # Points are about 1 m apart: 0.15 m closes the notches between neighbouring discs.
        radius = (0.5 * points[i, 5] + 0.15) / cell
        for row in range(max(0, int(y - radius)), min(rows, int(y + radius) + 1)):
            dy = row + 0.5 - y
            for column in range(max(0, int(x - radius)), min(columns, int(x + radius) + 1)):
                dx = column + 0.5 - x
                if dx * dx + dy * dy <= radius * radius:
                    cells[row, column] |= bits[i]


@njit(cache=True, nogil=True, error_model="numpy")
def box_bits(
    cells: NDArray[np.uint8],
    origin_x: float,
    origin_y: float,
    cell: float,
    x: float,
    y: float,
    yaw: float,
    half_length: float,
    half_width: float,
    mark: int,
) -> int:
    """Return the bits of all cells that an upright box touches; `mark` (if not 0) is set there.

    A box that leaves the raster counts as touching everything.
    """
    rows, columns = cells.shape
    c, s = math.cos(yaw), math.sin(yaw)
    # Half the diagonal of a cell makes the test conservative: any touched cell is counted.
    half_length += 0.71 * cell
    half_width += 0.71 * cell
    reach_x = abs(c) * half_length + abs(s) * half_width
    reach_y = abs(s) * half_length + abs(c) * half_width
    first_column = math.floor((x - reach_x - origin_x) / cell)
    last_column = math.floor((x + reach_x - origin_x) / cell)
    first_row = math.floor((y - reach_y - origin_y) / cell)
    last_row = math.floor((y + reach_y - origin_y) / cell)
    if first_column < 0 or first_row < 0 or last_column >= columns or last_row >= rows:
        return 255
    found = 0
    for row in range(first_row, last_row + 1):
        dy = origin_y + (row + 0.5) * cell - y
        for column in range(first_column, last_column + 1):
            dx = origin_x + (column + 0.5) * cell - x
            if abs(c * dx + s * dy) <= half_length and abs(c * dy - s * dx) <= half_width:
                found |= int(cells[row, column])
                if mark:
                    cells[row, column] |= np.uint8(mark)
                elif found:
                    return found
    return found
