"""Scenery: what stands in a town besides its roads, as upright boxes.

Shape law: `boxes` is float32 [B, Box]. The boxes are the truth for collisions; the meshes that
cameras and lidar see are built from the same rows (see `mesh`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Prop(IntEnum):
    """What a box is."""

    BUILDING = 0
    TREE = 1
    POLE = 2
    LIGHT = 3  # pole and head of a traffic light; Box.SIGNAL says which
    SIGN = 4
    WALL = 5
    FENCE = 6
    BENCH = 7


class Box(IntEnum):
    """Columns of a box."""

    X = 0  # [m] centre
    Y = 1
    Z = 2  # [m] of its foot
    YAW = 3
    LENGTH = 4
    WIDTH = 5
    HEIGHT = 6
    PROP = 7  # Prop
    STYLE = 8  # [0, 1) random number that picks colours and details
    SIGNAL = 9  # index into RoadNetwork.signals, -1 where it is none


@dataclass(frozen=True, eq=False)
class Scenery:
    """Everything that stands beside the roads of one town."""

    boxes: NDArray[np.float32]  # [B, Box]
