"""Smoothed derivatives along a sampled line."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def slope(x: NDArray[np.float64], y: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return dy/dx at every point: that of the least-squares line through the points around it.

    Args:
        x: rising positions [n].
        y: values [n].
        window: points to fit through, odd; fewer at the ends.
    """
    half = window // 2
    index = np.arange(len(x))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(x))
    x, y = x - x.mean(), y - y.mean()  # against cancellation in the sums below

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[high] - total[low]

    n, sx, sy = (high - low).astype(np.float64), summed(x), summed(y)
    spread = summed(x * x) - sx * sx / n
    return (summed(x * y) - sx * sy / n) / np.maximum(spread, 1e-9)
