"""Heat map and boxes to a short list of detections."""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.perception import grid
from roadworthy.perception.scene import UserClass
from roadworthy.perception.signature import BoxCol
from roadworthy.perception.user_box import UserBox

MAX_DETECTIONS: Final = 48
# By UserClass: from here on a peak is believed by itself. Chosen where the precision of vehicles
# and walkers passes 90 % on frames of Town02 and Marlow, which training never saw; so figures on
# these two towns are a little kind: one number per class was fitted to them.
THRESHOLDS: Final = (0.4, 0.4, 0.35)
# From here on it is believed where a thing is already followed (Zhang et al., ByteTrack, 2022).
WEAK_THRESHOLDS: Final = (0.25, 0.25, 0.25)
# [m] two peaks of any classes nearer than this are one thing; the stronger one stays.
SAME_THING: Final = 1.2


_DX, _DY, _LOG_LENGTH, _LOG_WIDTH, _COS, _SIN = (int(column) for column in BoxCol)
_SAME_SQUARE = SAME_THING**2


@njit(cache=True, nogil=True, error_model="numpy")
def _decode(heat, box, thresholds, out):  # type: ignore[no-untyped-def]
    """Write detections by falling score; return how many."""
    count = 0
    for k in range(heat.shape[0]):
        for row in range(heat.shape[1]):
            for column in range(heat.shape[2]):
                score = heat[k, row, column]
                if score < thresholds[k] or (count == out.shape[0] and score <= out[count - 1, 7]):
                    continue
                if count < out.shape[0]:
                    count += 1
                slot = count - 1
                while slot > 0 and out[slot - 1, 7] < score:
                    out[slot] = out[slot - 1]
                    slot -= 1
                norm = np.hypot(box[_COS, row, column], box[_SIN, row, column]) + 1e-6
                out[slot, 0] = grid.X_MIN + (row + 0.5 + box[_DX, row, column]) * grid.CELL
                out[slot, 1] = grid.Y_MIN + (column + 0.5 + box[_DY, row, column]) * grid.CELL
                out[slot, 2] = box[_COS, row, column] / norm
                out[slot, 3] = box[_SIN, row, column] / norm
                out[slot, 4] = np.exp(min(max(box[_LOG_LENGTH, row, column], -2.0), 3.0))
                out[slot, 5] = np.exp(min(max(box[_LOG_WIDTH, row, column], -2.0), 2.0))
                out[slot, 6] = k
                out[slot, 7] = score
    kept = 0
    for i in range(count):
        doubled = False
        for j in range(kept):
            dx, dy = out[i, 0] - out[j, 0], out[i, 1] - out[j, 1]
            if dx * dx + dy * dy < _SAME_SQUARE and (out[i, 6] != out[j, 6] or out[i, 6] == 0.0):
                doubled = True
                break
        if not doubled:
            out[kept] = out[i]
            kept += 1
    return kept


class Decoder:
    """Turns the network's outputs into detections. The array it returns is its own."""

    def __init__(self, thresholds: tuple[float, ...] = THRESHOLDS) -> None:
        if len(thresholds) != len(UserClass):
            raise ValueError(f"{len(thresholds)} thresholds given for {len(UserClass)} classes")
        self._thresholds = np.array(thresholds, np.float32)
        self._out = np.zeros((MAX_DETECTIONS, len(UserBox)), np.float32)

    def __call__(self, heat: NDArray[np.float32], box: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return detections [n, UserBox] by falling score.

        Args:
            heat: [N_CLASSES, SIZE, SIZE] probabilities at peaks, 0 elsewhere.
            box: [BoxCol, SIZE, SIZE].
        """
        return self._out[: _decode(heat, box, self._thresholds, self._out)]
