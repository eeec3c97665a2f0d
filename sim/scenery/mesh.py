"""The static mesh of a town: all triangles that do not move, sorted into cells of the ground.

Shape law: T triangles, C cells. A cell's triangles are the rows `start[c]:start[c + 1]`; those
from `detail_start[c]` on are small and drawn only nearby.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.scenery.lamplight import LampLight
from roadworthy.sim.scenery.layout import Box
from roadworthy.sim.scenery.props import add_props
from roadworthy.sim.scenery.roads import add_ground
from roadworthy.sim.scenery.soup import Soup, SoupMaker
from roadworthy.sim.scenery.sunlight import Shadows
from roadworthy.sim.town import Town

CELL = 32.0  # [m]


@dataclass(frozen=True, eq=False)
class TownMesh:
    """Everything of a town that stands still."""

    soup: Soup  # sorted by cell, coarse triangles before details
    start: NDArray[np.int32]  # [C + 1]
    detail_start: NDArray[np.int32]  # [C]
    bounds: NDArray[np.float32]  # [C, 6] low x, y, z, high x, y, z of the cell's triangles
    owner: NDArray[np.int32]  # [T] box of the Scenery that a triangle is part of, or -1
    shadows: Shadows
    lamplight: LampLight


_MESHES: weakref.WeakKeyDictionary[Town, TownMesh] = weakref.WeakKeyDictionary()


def town_mesh(town: Town) -> TownMesh:
    """Return the mesh of a town; it is built once and kept as long as the town lives."""
    mesh = _MESHES.get(town)
    if mesh is None:
        mesh = _MESHES[town] = build_mesh(town)
    return mesh


def build_mesh(town: Town) -> TownMesh:
    """Build the mesh of a town's roads and scenery."""
    maker = SoupMaker()
    add_ground(maker, town.network)
    add_props(maker, town.scenery.boxes, town.network)
    return _sorted(maker.soup(), town.scenery.boxes)


def _owners(soup: Soup, boxes: NDArray[np.float32]) -> NDArray[np.int32]:
    """Box whose centre is a triangle's anchor, -1 where there is none, [T]."""
    centres = np.ascontiguousarray(boxes[:, [Box.X, Box.Y]], np.float32)
    known = {centre.tobytes(): number for number, centre in enumerate(centres)}
    anchors, which = np.unique(np.ascontiguousarray(soup.anchor), axis=0, return_inverse=True)
    numbers = [known.get(anchor.tobytes(), -1) for anchor in anchors]
    return np.array(numbers, np.int32)[which.reshape(-1)]


def _sorted(soup: Soup, boxes: NDArray[np.float32]) -> TownMesh:
    """Sort triangles by the cell of their anchor; only cells that hold any are kept."""
    column, row = np.floor(soup.anchor / CELL).astype(np.int64).T
    detail = soup.tag[:, 4].astype(np.int64)
    key = ((row - row.min()) * (np.ptp(column) + 1) + column - column.min()) * 2 + detail
    order = np.argsort(key, kind="stable")
    soup, key = soup.take(order), key[order]
    cells, start = np.unique(key // 2, return_index=True)
    detail_start = np.searchsorted(key, cells * 2 + 1)
    low, high = soup.corners.min(axis=1), soup.corners.max(axis=1)
    bounds = np.concatenate(
        [np.minimum.reduceat(low, start), np.maximum.reduceat(high, start)], axis=1
    )
    return TownMesh(
        soup,
        np.append(start, len(key)).astype(np.int32),
        detail_start.astype(np.int32),
        bounds.astype(np.float32),
        _owners(soup, boxes),
        Shadows.of(boxes),
        LampLight.of(boxes),
    )
