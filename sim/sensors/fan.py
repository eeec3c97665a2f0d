"""A fan of rays: its directions, what they have met, and the buffers of the search.

Shape law: C channels of equal elevation from the highest down, K columns of rising azimuth; the
rows of a column's arrays are padded with LANES columns that nobody reads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.sensors.lanes import EDGES, GROUP, LANES
from roadworthy.sim.sensors.scene import ActorSoup

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

BATCH = 256  # panels that go through each step together
BINS = 1024  # of the table from tangents to channels
MARGIN = 0.02  # [columns] of the table-free column numbers of `lanes.project`


class Fan(NamedTuple):
    """Directions of the rays: C channels from the highest down, K columns of rising azimuth.

    A slanted fan (a radar's) has K rays by rising azimuth, each with its own tangent; `begin`,
    `per_angle` and `full` then tell of K equal columns of the part of the circle that they lie
    in, and `first` [K + 1] where the rays of each begin.
    """

    tangent: FloatArray  # [C] of the elevation
    first: IntArray  # [BINS + 2] from tangents to channels, see `channel_table`
    cosine: FloatArray  # [K + LANES] of the azimuth
    sine: FloatArray
    begin: float  # [rad] azimuth where column 0 begins; its ray is half a column farther
    per_angle: float  # [1/rad] columns
    full: float  # columns of a whole circle
    reach: float  # [m]
    margin: float  # [columns] by which what a panel covers is taken too wide
    slant: FloatArray  # [K + LANES] tangents of a slanted fan; else empty


class Hits(NamedTuple):
    """What the rays have met so far, and the buffers of the search."""

    recip: FloatArray  # [C, K + LANES] reciprocal of the horizontal distance, 0: nothing
    number: IntArray  # the triangle, actors' triangles counted on after the town's
    # Panels of one batch, up to BATCH:
    kept: IntArray  # those that are not turned away or out of reach
    away: FloatArray  # [m] distance of the plane along its normal
    edges: FloatArray  # [BATCH, EDGES] see `lanes.project`
    span: IntArray  # [2 BATCH, 3] row of `edges`, first and last column
    pose: FloatArray  # [4, 3]
    corner: FloatArray  # [BATCH, 12] of actors, as in TownPanels
    face: FloatArray  # [BATCH, 8]
    triangle: IntArray
    group: FloatArray  # [BATCH + 1, GROUP] columns that panels may cover, see `lanes.bound`
    task: IntArray  # [BATCH + 1, 4] row of `edges`, first column, channels from and to
    cells: IntArray  # [cells of the town]
    square: NDArray[np.float64]  # [cells of the town] of the distance


class Bodies(NamedTuple):
    """The triangles of an ActorSoup as the rays need them."""

    corners: FloatArray  # [3 D, 3]
    normal: FloatArray
    tag: NDArray[np.uint8]
    panel: NDArray[np.uint8]
    start: IntArray
    sphere: FloatArray


def make_fan(azimuth: tuple[float, float], columns: int, elevation: NDArray[np.float64],
             reach: float) -> Fan:  # fmt: skip
    """Make the tables of a fan.

    Args:
        azimuth: [rad] where the first column begins, and the width of all columns together.
        columns: K.
        elevation: [rad] of the channels, falling, [C].
        reach: how far the rays go [m].
    """
    begin, width = azimuth
    angle = begin + (np.arange(columns + LANES) + 0.5) * (width / columns)
    tangent = np.tan(elevation).astype(np.float32)
    return Fan(
        tangent,
        channel_table(tangent),
        np.cos(angle).astype(np.float32),
        np.sin(angle).astype(np.float32),
        float(begin),
        columns / width,
        columns / width * 2.0 * math.pi,
        float(reach),
        MARGIN,
        np.zeros(0, np.float32),
    )


def make_slanted(azimuth: NDArray[np.float64], tangent: NDArray[np.float64],
                 half_width: float, reach: float) -> Fan:  # fmt: skip
    """Make a fan of single rays.

    Args:
        azimuth: [rad] of each ray, rising, within `half_width` of 0, [K].
        tangent: of each ray's elevation, [K].
        half_width: [rad] up to 3.
        reach: how far the rays go [m].
    """
    columns = len(azimuth)
    padded = np.concatenate([azimuth, np.zeros(LANES)])
    per_angle = columns / (2.0 * half_width)
    edges = np.arange(columns + 1) / per_angle - half_width
    return Fan(
        np.zeros(1, np.float32),
        np.searchsorted(azimuth, edges).astype(np.int32),
        np.cos(padded).astype(np.float32),
        np.sin(padded).astype(np.float32),
        -half_width,
        per_angle,
        per_angle * 2.0 * math.pi,
        float(reach),
        1.0,
        np.concatenate([tangent, np.full(LANES, np.inf)]).astype(np.float32),
    )


def bodies_of(others: ActorSoup) -> Bodies:
    """View the triangles of actors."""
    return Bodies(
        others.corners.reshape(-1, 3), others.normal, others.tag, others.panel, others.start,
        others.sphere,
    )  # fmt: skip


def channel_table(tangent: FloatArray) -> IntArray:
    """Make the table from tangents to channels.

    Row b + 1: the first channel at or below the upper edge of bin b, where the exact search
    begins. Row 0 is for all below the lowest channel, the last for all above the highest.
    """
    low, high = float(tangent[-1]), float(tangent[0])
    edges = low + (high - low) * (np.arange(BINS + 1)) / BINS
    found = np.searchsorted(-tangent, -edges[1:], side="left")
    return np.concatenate([[len(tangent)], found, [0]]).astype(np.int32)


def make_hits(fan: Fan, cells: int) -> Hits:
    """Allocate for a fan in a town of so many cells."""
    shape = len(fan.tangent), len(fan.cosine)
    return Hits(
        np.zeros(shape, np.float32),
        np.zeros(shape, np.int32),
        np.zeros(BATCH + 1, np.int32),
        np.zeros(BATCH + 1, np.float32),
        np.zeros((BATCH + 1, EDGES), np.float32),
        np.zeros((2 * BATCH, 3), np.int32),
        np.zeros((4, 3), np.float32),
        np.zeros((BATCH, 12), np.float32),
        np.zeros((BATCH, 8), np.float32),
        np.zeros(BATCH, np.int32),
        np.zeros((BATCH + 1, GROUP), np.float32),
        np.zeros((BATCH + 1, 4), np.int32),
        np.zeros(cells, np.int32),
        np.zeros(cells, np.float64),
    )


@njit(cache=True, inline="always", error_model="numpy")
def first_channel(top: float, fan: Fan) -> int:
    """A channel above which none has a tangent of at most `top`."""
    low, high = fan.tangent[len(fan.tangent) - 1], fan.tangent[0]
    place = (top - low) * (BINS / max(1e-9, high - low))
    return int(fan.first[int(min(max(place, -1.0), BINS)) + 1])
