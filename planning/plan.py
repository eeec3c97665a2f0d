"""Plan: what the vehicle shall do now, and the path that this implies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Plan:
    """Desired motion in the ego's frame (x forward, y right)."""

    acceleration: float  # [m/s^2]
    curvature: float  # [1/m] positive to the right
    path: NDArray[np.float32]  # [N, 2] x, y [m] where this leads over the next 2 s
