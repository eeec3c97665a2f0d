"""Signature of the network: names and columns of what goes in and comes out.

It stands apart from the network because who only runs an exported graph needs no torch.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

IMAGE: Final = "image"
RASTER: Final = "raster"
ROUTE: Final = "route"
HINT: Final = "hint"
INPUTS: Final = (IMAGE, RASTER, ROUTE, HINT)
HEAT: Final = "heat"
BOX: Final = "box"
LIGHT: Final = "light"
LIGHT_DISTANCE: Final = "light_distance"
OUTPUTS: Final = (HEAT, BOX, LIGHT, LIGHT_DISTANCE)


class HintCol(IntEnum):
    """Columns of the hint: what map and localisation say about the next light on the route."""

    PRESENT = 0  # 1 where the map knows one within LIGHT_RANGE
    DISTANCE = 1  # [m] from the ego's front to its stop line
    X = 2  # [m] of its head, ego frame
    Y = 3
    Z = 4  # [m] above the ground below the ego


class BoxCol(IntEnum):
    """Channels of the box regression, read at the peaks of the heat map."""

    DX = 0  # [cells] from the cell's centre
    DY = 1
    LOG_LENGTH = 2  # log of metres
    LOG_WIDTH = 3
    COS = 4
    SIN = 5
