"""Crosswalks: their axes, and the lanes that pass them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.road.sample import Lane

MIN_AXIS = 2.0  # [m] shorter ones are artefacts

CrossLane = tuple[int, float, float]  # crossing, enter, leave [m] along the lane


def read_polygons(carla_map: Any) -> list[NDArray[np.float64]]:
    """Return the crosswalks of a `carla.Map`, each [n, 3].

    CARLA gives one flat list of corners; each polygon ends by repeating its first corner.
    """
    corners = [(p.x, p.y, p.z) for p in carla_map.get_crosswalks()]
    polygons: list[NDArray[np.float64]] = []
    current: list[tuple[float, float, float]] = []
    for corner in corners:
        if (
            len(current) >= 3
            and np.hypot(corner[0] - current[0][0], corner[1] - current[0][1]) < 0.01
        ):
            polygons.append(np.array(current))
            current = []
        else:
            current.append(corner)
    if len(current) >= 3:
        polygons.append(np.array(current))
    return polygons


def axis_of(polygon: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the ends of a crosswalk's walking axis [2, 2] and its width [m].

    The walking axis joins the middles of the two shorter sides of the smallest rectangle around
    the polygon.
    """
    import cv2

    centre, (width, height), angle = cv2.minAreaRect(polygon[:, :2].astype(np.float32))
    if width < height:
        width, height, angle = height, width, angle + 90.0
    direction = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    middle = np.asarray(centre, np.float64)
    return np.stack([middle - direction * width / 2, middle + direction * width / 2]), float(height)


def lanes_across(
    lanes: Sequence[Lane], axes: NDArray[np.float64], widths: NDArray[np.float64]
) -> list[list[CrossLane]]:
    """Return the crossings that each driving lane passes, in the order in which it meets them.

    Args:
        lanes: all lanes.
        axes: [C, 4] x0, y0, x1, y1.
        widths: [C].
    """
    found: list[list[CrossLane]] = [[] for _ in lanes]
    if len(axes) == 0:
        return found
    middle = (axes[:, :2] + axes[:, 2:]) / 2
    half = np.linalg.norm(axes[:, 2:] - axes[:, :2], axis=1) / 2
    along = (axes[:, 2:] - axes[:, :2]) / (2 * half[:, None])
    for lane, passed in zip(lanes, found, strict=True):
        if lane.type != LaneType.DRIVING:
            continue
        offset = lane.points[None, :, :2] - middle[:, None]
        u = (offset * along[:, None]).sum(2)
        v = offset[:, :, 1] * along[:, None, 0] - offset[:, :, 0] * along[:, None, 1]
        inside = (np.abs(u) < half[:, None]) & (np.abs(v) < widths[:, None] / 2 + 0.5)
        for crossing in np.nonzero(inside.any(1))[0]:
            s = lane.points[inside[crossing], Point.S]
            passed.append((int(crossing), float(s[0]), float(s[-1])))
        passed.sort(key=lambda item: (item[1], item[0]))
    return found
