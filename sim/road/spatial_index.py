"""A grid over the points of the driving lanes; the query is in `nearest` (it needs Numba)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELL = 6.0  # [m] edge; a query sees every point within this distance


def build_grid(
    xy: NDArray[np.float32], rows: NDArray[np.int32], cell: float = CELL
) -> tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Sort points into cells.

    Args:
        xy: [n, 2] positions of the points to index.
        rows: [n] their row numbers in the network's points.
        cell: edge of a cell [m].

    Returns:
        grid_origin, grid_shape, grid_start, grid_point as `RoadNetwork` has them.
    """
    low = np.floor(xy.min(axis=0) / cell) * cell - cell
    shape = (np.floor((xy.max(axis=0) - low) / cell) + 2).astype(np.int32)
    column = ((xy - low) / cell).astype(np.int64)
    index = column[:, 1] * shape[0] + column[:, 0]
    order = np.argsort(index, kind="stable")
    counts = np.bincount(index, minlength=int(shape[0]) * int(shape[1]))
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return low.astype(np.float32), shape, start, rows[order].astype(np.int32)
