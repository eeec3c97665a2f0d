"""Backdrop: the roads around the ego, for the view from above."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.draw import edges_of
from roadworthy.sim.road.network import LaneType, RoadNetwork

_REACH = 75.0  # [m] from the ego to the farthest corner of the view
_KINDS = (LaneType.SIDEWALK, LaneType.SHOULDER, LaneType.DRIVING)  # drawn in this order


class Backdrop:
    """The lanes of one town as polygons, found by where the ego is."""

    def __init__(self, network: RoadNetwork) -> None:
        self._shapes: list[tuple[int, NDArray[np.float32]]] = []
        lows, highs = [], []
        for kind in _KINDS:
            for lane in np.flatnonzero(network.lane_type == kind):
                points = network.lane_points(int(lane))
                # Two metres apart is enough for a picture.
                left, right = edges_of(np.concatenate([points[:-1:2], points[-1:]]))
                shape = np.concatenate([left, right[::-1]])
                self._shapes.append((int(kind), shape))
                lows.append(shape.min(0))
                highs.append(shape.max(0))
        self._low = np.array(lows, np.float32).reshape(-1, 2)
        self._high = np.array(highs, np.float32).reshape(-1, 2)

    def around(self, x: float, y: float, yaw: float) -> list[tuple[int, NDArray[np.float32]]]:
        """Find what is near.

        Args:
            x: of the ego [m].
            y: of the ego [m].
            yaw: of the ego [rad].

        Returns:
            LaneType and outline [n, 2] in the ego's frame, in the order of drawing.
        """
        at = np.array([x, y], np.float32)
        gap = np.maximum(np.maximum(self._low - at, at - self._high), 0.0)
        near = np.flatnonzero(np.hypot(gap[:, 0], gap[:, 1]) < _REACH)
        c, s = math.cos(yaw), math.sin(yaw)
        turn = np.array([[c, -s], [s, c]], np.float32)
        return [
            (kind, np.asarray((outline - at) @ turn, np.float32))
            for kind, outline in (self._shapes[i] for i in near)
        ]
