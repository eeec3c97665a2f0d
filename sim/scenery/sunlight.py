"""Shadows of what stands still: up to which height each place of a town lies in shadow.

A cell of the field holds the height of the shadow above it, in steps of UNIT: whatever is lower
there does not see the sun. Walls are shadowed by the same field as the ground.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.scenery.props import CROWN_RADIUS

FloatArray = NDArray[np.float32]
Field = NDArray[np.int16]

CELL = 0.5  # [m]
UNIT = 0.05  # [m] of height
NONE = -32_000  # nothing shades this cell

_BORDER = 80.0  # [m] around the outermost boxes
_LOWEST = math.radians(4.0)  # [rad] a lower sun throws no longer shadows
_STEP = math.radians(1.5)  # [rad] directions of the sun that share a field
_KEPT = 6  # fields
_MOST = 30_000_000  # cells
_SOLID = (Prop.BUILDING, Prop.WALL, Prop.FENCE, Prop.TREE)


@dataclass(eq=False)
class Shadows:
    """Shadows of one town by direction of the sun; a few directions are kept."""

    tops: Field  # [rows (y), columns (x)] of what stands on each cell
    origin: tuple[float, float]  # [m] x, y of the corner of cell (0, 0)
    _fields: OrderedDict[tuple[int, int], Field] = field(default_factory=OrderedDict)

    @classmethod
    def of(cls, boxes: FloatArray) -> Shadows:
        """Stamp the boxes of a Scenery into the field of heights."""
        boxes = boxes[np.isin(boxes[:, Box.PROP], [int(prop) for prop in _SOLID])]
        if not len(boxes):
            return cls(np.full((2, 2), NONE, np.int16), (0.0, 0.0))
        low = boxes[:, [Box.X, Box.Y]].min(axis=0) - _BORDER
        high = boxes[:, [Box.X, Box.Y]].max(axis=0) + _BORDER
        columns, rows = (math.ceil(v) for v in (high - low) / CELL)
        if rows * columns > _MOST:  # a map as large as a country: it has to do without
            return cls(np.full((2, 2), NONE, np.int16), (0.0, 0.0))
        tops = np.full((rows, columns), NONE, np.int16)
        _stamp(tops, float(low[0]), float(low[1]), boxes)
        return cls(tops, (float(low[0]), float(low[1])))

    def under(self, sun: FloatArray) -> Field:
        """Heights of the shadows for a direction to the sun, [rows, columns]."""
        altitude = math.asin(float(np.clip(sun[2], -1.0, 1.0)))
        azimuth = math.atan2(float(sun[1]), float(sun[0]))
        if altitude <= 0.0 or self.tops.size <= 4:
            return self.tops
        key = (round(azimuth / _STEP), round(max(altitude, _LOWEST) / _STEP))
        found = self._fields.get(key)
        if found is None:
            found = self.tops.copy()
            _sweep(found, key[0] * _STEP, math.tan(key[1] * _STEP) * CELL / UNIT)
            self._fields[key] = found
            if len(self._fields) > _KEPT:
                self._fields.popitem(last=False)
        self._fields.move_to_end(key)
        return found


@njit(cache=True, nogil=True, error_model="numpy")
def _stamp(tops: Field, origin_x: float, origin_y: float, boxes: FloatArray) -> None:
    rows, columns = tops.shape
    for b in range(len(boxes)):
        x, y = boxes[b, 0] - origin_x, boxes[b, 1] - origin_y
        c, s = math.cos(boxes[b, 3]), math.sin(boxes[b, 3])
        half_l, half_w = 0.5 * boxes[b, 4], 0.5 * boxes[b, 5]
        tree = int(boxes[b, 7]) == 1
        top = boxes[b, 2] + boxes[b, 6]
        if tree:
            half_l = half_w = CROWN_RADIUS * boxes[b, 6] * 0.9
        reach_x = abs(c) * half_l + abs(s) * half_w
        reach_y = abs(s) * half_l + abs(c) * half_w
        for row in range(
            max(0, int((y - reach_y) / CELL)), min(rows, int((y + reach_y) / CELL) + 1)
        ):
            dy = (row + 0.5) * CELL - y
            for column in range(
                max(0, int((x - reach_x) / CELL)), min(columns, int((x + reach_x) / CELL) + 1)
            ):
                dx = (column + 0.5) * CELL - x
                a, o = c * dx + s * dy, c * dy - s * dx
                height = top
                if tree:
                    out = (a * a + o * o) / (half_l * half_l)
                    if out > 1.0:
                        continue
                    height = top - 0.45 * boxes[b, 6] * out
                elif abs(a) > half_l or abs(o) > half_w:
                    continue
                tops[row, column] = max(
                    tops[row, column], np.int16(min(32000.0, max(-31000.0, height / UNIT)))
                )


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(heights: Field, azimuth: float, fall: float) -> None:
    """Let every cell throw its shadow away from the sun; `fall` [UNIT] for each cell's width.

    Each cell lies on exactly one line of a sheared grid, so one pass over all cells does it.
    """
    rows, columns = heights.shape
    c, s = math.cos(azimuth), math.sin(azimuth)
    along_x = abs(c) >= abs(s)
    length, breadth = (columns, rows) if along_x else (rows, columns)
    toward, across = (c, s) if along_x else (s, c)
    slope = across / toward  # lines to the next cell along the major axis
    fall *= math.sqrt(1.0 + slope * slope)
    carry = np.full(breadth + abs(int(slope * length)) + 4, np.float32(NONE))
    shift = 0 if slope <= 0 else int(slope * length) + 1
    for i in range(length):
        # Begin at the side of the sun.
        at = length - 1 - i if toward > 0 else i
        offset = math.floor(slope * at + 0.5)
        for j in range(breadth):
            line = j - offset + shift
            before = carry[line] - np.float32(fall)
            if along_x:
                here = np.float32(heights[j, at])
                best = max(before, here)
                heights[j, at] = np.int16(max(best, np.float32(NONE)))
            else:
                here = np.float32(heights[at, j])
                best = max(before, here)
                heights[at, j] = np.int16(max(best, np.float32(NONE)))
            carry[line] = best
