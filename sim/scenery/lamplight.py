"""Light of the street lamps on the ground: a map made once for each town."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.scenery.layout import Box, Prop

FloatArray = NDArray[np.float32]

CELL = 1.0  # [m]
ARM, HEIGHT = 1.55, 6.8  # [m] from a pole to its lamp towards the road, and above its foot
_REACH = 24.0  # [m]
_MOST = 30_000_000  # cells


@dataclass(frozen=True, eq=False)
class LampLight:
    """Street lamps of a town."""

    level: NDArray[np.uint8]  # [rows (y), columns (x)] light on the ground, 255 below a lamp
    origin: tuple[float, float]  # [m] x, y of the corner of cell (0, 0)
    lamps: FloatArray  # [N, 3] places of the lamps

    @classmethod
    def of(cls, boxes: FloatArray) -> LampLight:
        """Light up the surroundings of all poles among the boxes of a Scenery."""
        poles = boxes[boxes[:, Box.PROP] == Prop.POLE]
        lamps = np.zeros((len(poles), 3), np.float32)
        lamps[:, 0] = poles[:, Box.X] - ARM * np.sin(poles[:, Box.YAW])
        lamps[:, 1] = poles[:, Box.Y] + ARM * np.cos(poles[:, Box.YAW])
        lamps[:, 2] = poles[:, Box.Z] + HEIGHT
        if not len(lamps):
            return cls(np.zeros((2, 2), np.uint8), (0.0, 0.0), lamps)
        low, high = lamps[:, :2].min(axis=0) - _REACH, lamps[:, :2].max(axis=0) + _REACH
        columns, rows = (math.ceil(v) + 2 for v in (high - low) / CELL)
        if rows * columns > _MOST:
            return cls(np.zeros((2, 2), np.uint8), (0.0, 0.0), lamps)
        level = np.zeros((rows, columns), np.uint8)
        _shine(level, float(low[0]), float(low[1]), lamps)
        return cls(level, (float(low[0]), float(low[1])), lamps)


@njit(cache=True, nogil=True, error_model="numpy")
def _shine(level: NDArray[np.uint8], origin_x: float, origin_y: float, lamps: FloatArray) -> None:
    """Add each lamp's light: cosine to the fourth over the squared height, as a bare lamp has."""
    rows, columns = level.shape
    for k in range(len(lamps)):
        x, y = (lamps[k, 0] - origin_x) / CELL, (lamps[k, 1] - origin_y) / CELL
        reach = _REACH / CELL
        for row in range(max(0, int(y - reach)), min(rows, int(y + reach) + 1)):
            for column in range(max(0, int(x - reach)), min(columns, int(x + reach) + 1)):
                dx, dy = (column + 0.5 - x) * CELL, (row + 0.5 - y) * CELL
                away = dx * dx + dy * dy
                if away >= _REACH * _REACH:
                    continue
                cosine2 = HEIGHT * HEIGHT / (HEIGHT * HEIGHT + away)
                edge = 1.0 - away / (_REACH * _REACH)
                light = 255.0 * cosine2 * math.sqrt(cosine2) * edge
                level[row, column] = np.uint8(min(255.0, level[row, column] + light))
