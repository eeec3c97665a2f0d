"""Panels: two triangles that make one flat convex quadrilateral, found once per mesh.

Most surfaces are made of such pairs. The lidar casts its rays at panels instead of triangles,
which halves its work. Shape law: T triangles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
