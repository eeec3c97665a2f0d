"""Panels: two triangles that make one flat convex quadrilateral, found once per mesh.

Most surfaces are made of such pairs. The lidar casts its rays at panels instead of triangles,
which halves its work. Shape law: T triangles, P panels (lone triangles included), C cells.
"""

from __future__ import annotations

import weakref
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.scenery.material import Layer
from roadworthy.sim.scenery.mesh import TownMesh

FloatArray = NDArray[np.float32]
Codes = NDArray[np.uint8]

# Row of a pair's code: its four corners in order around it, as rows of the six of both triangles.
# Code 0 is a lone triangle; its last corner counts twice.
ORDER = np.array(
    [[0, 1, 2, 2]]
    + [
        [[0, 3 + odd, 1, 2], [0, 1, 3 + odd, 2], [0, 1, 2, 3 + odd]][edge]
        for edge in range(3)
        for odd in range(3)
    ],
    np.int32,
)


def find_panels(corners: FloatArray, alike: NDArray[np.bool_], tolerance: float) -> Codes:
    """Find neighbours in a list of triangles that together are flat and convex.

    Args:
        corners: [T, 3, 3], counter-clockwise by the outward side.
        alike: [T - 1] may triangles t and t + 1 be joined, as far as their surface goes?
        tolerance: largest distance of the fourth corner from the plane of the first three, in the
            unit of `corners`.

    Returns:
        [T] code of each triangle: that of its panel (a row of ORDER) where it and the next one
        are a panel, else 0. The second triangle of a panel has 0, too.
    """
    code = np.zeros(len(corners), np.uint8)
    a, b = corners[:-1].astype(np.float64), corners[1:].astype(np.float64)
    normal = np.cross(a[:, 1] - a[:, 0], a[:, 2] - a[:, 0])
    size = np.linalg.norm(normal, axis=1)
    normal /= np.maximum(size, 1e-12)[:, None]
    alike = alike & (size > 1e-12)
    for edge in range(3):
        begin, end, third = (a[:, (edge + k) % 3] for k in range(3))
        for odd in range(3):
            fourth = b[:, odd]
            fits = alike & (b[:, (odd + 1) % 3] == end).all(axis=1)
            fits &= (b[:, (odd + 2) % 3] == begin).all(axis=1)
            fits &= np.abs(((fourth - begin) * normal).sum(axis=1)) <= tolerance
            fits &= _turns_left(third, begin, fourth, normal)
            fits &= _turns_left(begin, fourth, end, normal)
            fits &= _turns_left(fourth, end, third, normal)
            code[:-1][fits] = 1 + 3 * edge + odd
    for t in range(1, len(code)):  # of three in a row the first two are joined
        if code[t - 1]:
            code[t] = 0
    return code


def _turns_left(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    c: NDArray[np.float64],
    normal: NDArray[np.float64],
) -> NDArray[np.bool_]:
    return np.asarray((np.cross(b - a, c - b) * normal).sum(axis=1) > 0.0)


class TownPanels(NamedTuple):
    """What rays can hit of a town, by cell; coordinates are relative to the cell's `origin`."""

    corner: FloatArray  # [P, 12] four x, four y, four z [m], in order around the panel
    # [P, 8] normal (3) and offset of the plane; middle x, y and radius [m] around it; the
    # distance of the sensor's side of the plane from which on the panel is not seen
    face: FloatArray
    triangle: NDArray[np.int32]  # [P] the first triangle of the panel in the town's mesh
    origin: NDArray[np.float64]  # [C, 2] x, y [m]
    start: NDArray[np.int32]  # [C + 1]
    detail_start: NDArray[np.int32]  # [C] details begin here: seen nearby alone
    bounds: FloatArray  # [C, 6] low x, y, z, high x, y, z [m] of the cell's triangles


_PANELS: weakref.WeakKeyDictionary[TownMesh, TownPanels] = weakref.WeakKeyDictionary()


def town_panels(mesh: TownMesh) -> TownPanels:
    """Return the panels of a town's mesh; they are found once and kept as long as the mesh."""
    panels = _PANELS.get(mesh)
    if panels is None:
        panels = _PANELS[mesh] = _build(mesh)
    return panels


def _build(mesh: TownMesh) -> TownPanels:
    soup, cells = mesh.soup, len(mesh.bounds)
    alike = (soup.tag[1:, 2:5] == soup.tag[:-1, 2:5]).all(axis=1)
    alike &= soup.intensity[1:] == soup.intensity[:-1]
    alike[mesh.start[1:-1] - 1] = False  # none reaches over the border of a cell
    code = find_panels(soup.corners, alike, 1e-3)
    second = np.zeros(len(code), np.bool_)
    second[1:] = code[:-1] > 0
    size = np.linalg.norm(soup.normal, axis=1)
    triangle = np.flatnonzero(~second & (soup.tag[:, 3] > 0) & (size > 0.5))
    cell = np.searchsorted(mesh.start, triangle, side="right") - 1
    low, high = mesh.bounds[:, :2].astype(np.float64), mesh.bounds[:, 3:5].astype(np.float64)
    origin = np.round(0.5 * (low + high))
    corners = around(soup.corners.reshape(-1, 3), triangle, code[triangle])
    corners[..., :2] -= origin[cell, None]
    normal = soup.normal[triangle].astype(np.float64)
    middle = 0.5 * (corners.min(axis=1) + corners.max(axis=1))[:, :2]
    radius = np.linalg.norm(corners[..., :2] - middle[:, None], axis=2).max(axis=1)
    # Bridges are seen from below, all else from its outer side alone (kerbs are details).
    one_sided = (soup.tag[triangle, 2] == Layer.TERRAIN) | (soup.tag[triangle, 4] > 0)
    face = np.concatenate(
        [
            normal,
            (normal * corners[:, 0]).sum(axis=1)[:, None],
            middle,
            radius[:, None],
            np.where(one_sided, 0.0, np.inf)[:, None],
        ],
        axis=1,
    )
    return TownPanels(
        corners.transpose(0, 2, 1).reshape(-1, 12).astype(np.float32),
        face.astype(np.float32),
        triangle.astype(np.int32),
        origin,
        np.searchsorted(cell, np.arange(cells + 1)).astype(np.int32),
        np.searchsorted(triangle, mesh.detail_start).astype(np.int32),
        mesh.bounds,
    )


def around(corners: FloatArray, triangle: NDArray[np.intp], code: Codes) -> NDArray[np.float64]:
    """Corners of panels in order, [P, 4, 3], from those of the triangles, [3 T, 3].

    The fourth corner of a lone triangle is the middle between the third and the first: no edge
    has the length zero.
    """
    rows = 3 * triangle[:, None] + ORDER[code]
    found = corners[rows].astype(np.float64)
    lone = code == 0
    found[lone, 3] = 0.5 * (found[lone, 2] + found[lone, 0])
    return found
