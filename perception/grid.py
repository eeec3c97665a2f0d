"""The bird's-eye grid: where it lies, and how a lidar sweep and a camera are laid into it.

Frame: the ego's, x forward, y right, origin on the ground below the ego's centre. Arrays over the
grid are indexed [row, column] with the row rising along x and the column rising along y, so that
mirroring left and right is reversing the last axis.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec

X_MIN: Final = -16.0  # [m] the grid reaches farther ahead than behind
X_MAX: Final = 48.0
Y_MIN: Final = -32.0
Y_MAX: Final = 32.0
RASTER_CELL: Final = 0.5  # [m] of the lidar raster
RASTER_SIZE: Final = 128  # cells along each side
CELL: Final = 1.0  # [m] of the heat map
SIZE: Final = 64

# Channels of the raster: counts of returns by height above the ground, then two more.
GROUND, LOW, MIDDLE, TOP, INTENSITY = range(5)
CHANNELS: Final = 5
LOW_FROM: Final = 0.25  # [m] kerbs stay below
MIDDLE_FROM: Final = 1.2  # [m] what stands this high is no bonnet
CEILING: Final = 4.0  # [m] tree crowns and gantries above do not matter
COUNT_SCALE: Final = 16  # one return, of 255; 15 returns and more look alike
HEIGHT_SCALE: Final = 60.0  # 255 is 4.25 m


@njit(cache=True, nogil=True, error_model="numpy")
def _rasterise(points, x0, y0, z0, c, s, counts, out):  # type: ignore[no-untyped-def]
    """Fill `out`, uint8 [CHANNELS, n, n]; `counts`, float32 [2, n, n], is scratch."""
    size = out.shape[1]
    out[:] = 0
    counts[:] = 0.0
    for i in range(points.shape[0]):
        x = x0 + c * points[i, 0] - s * points[i, 1]
        y = y0 + s * points[i, 0] + c * points[i, 1]
        z = z0 + points[i, 2]
        row = int(np.floor((x - X_MIN) / RASTER_CELL))
        column = int(np.floor((y - Y_MIN) / RASTER_CELL))
        if row < 0 or row >= size or column < 0 or column >= size or z > CEILING:
            continue
        counts[0, row, column] += 1.0
        counts[1, row, column] += points[i, 3]
        band = GROUND
        if z >= MIDDLE_FROM:
            band = MIDDLE
        elif z >= LOW_FROM:
            band = LOW
        out[band, row, column] = min(int(out[band, row, column]) + COUNT_SCALE, 255)
        top = min(max(int(z * HEIGHT_SCALE), 0), 255)
        if top > out[TOP, row, column]:
            out[TOP, row, column] = top
    for row in range(size):
        for column in range(size):
            if counts[0, row, column] > 0.0:
                mean = counts[1, row, column] / counts[0, row, column]
                out[INTENSITY, row, column] = min(max(int(mean * 255.0), 0), 255)


class Rasteriser:
    """Lays lidar sweeps into the grid. The array that `raster` returns is its own."""

    def __init__(self, spec: LidarSpec) -> None:
        self._spec = spec
        self._c, self._s = math.cos(spec.yaw), math.sin(spec.yaw)
        self._out = np.zeros((CHANNELS, RASTER_SIZE, RASTER_SIZE), np.uint8)
        self._counts = np.zeros((2, RASTER_SIZE, RASTER_SIZE), np.float32)

    def raster(self, lidar: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Return the raster, uint8 [CHANNELS, RASTER_SIZE, RASTER_SIZE], of one sweep.

        Args:
            lidar: [N, 4] x, y, z [m] in the sensor's frame and intensity in [0, 1].
        """
        spec = self._spec
        _rasterise(lidar, spec.x, spec.y, spec.z, self._c, self._s, self._counts, self._out)
        return self._out


def cell_centres() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y [m] of the heat map's cells, each [SIZE, SIZE]."""
    x = X_MIN + (np.arange(SIZE) + 0.5) * CELL
    y = Y_MIN + (np.arange(SIZE) + 0.5) * CELL
    grid = np.meshgrid(x, y, indexing="ij")
    return grid[0], grid[1]


def project(
    camera: CameraSpec,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Project points of the ego frame (z up) into a pinhole camera.

    Returns:
        Column and row [pixels] and depth along the view axis [m]; the first two mean nothing
        where the depth is not positive. The centre of the top left pixel is (0.5, 0.5), the
        focal length width / (2 tan(fov / 2)), as in CARLA.
    """
    dx, dy, dz = x - camera.x, y - camera.y, z - camera.z
    cy, sy = math.cos(camera.yaw), math.sin(camera.yaw)
    cp, sp = math.cos(camera.pitch), math.sin(camera.pitch)
    cr, sr = math.cos(camera.roll), math.sin(camera.roll)
    forward, right = cy * dx + sy * dy, -sy * dx + cy * dy
    depth, up = cp * forward + sp * dz, -sp * forward + cp * dz
    right, up = cr * right - sr * up, sr * right + cr * up
    focal = camera.width / (2.0 * math.tan(camera.fov / 2.0))
    scale = focal / np.where(np.abs(depth) < 1e-6, 1e-6, depth)
    return camera.width / 2 + right * scale, camera.height / 2 - up * scale, depth


def ground_table(camera: CameraSpec, stride: int, heights: tuple[float, ...]) -> NDArray[np.int64]:
    """Return which pixel of a feature map each cell of the grid looks at.

    Args:
        camera: the camera; the ground is taken as flat.
        stride: pixels of the image per pixel of the feature map.
        heights: [m] above the ground of the planes that are looked up.

    Returns:
        [len(heights) * SIZE * SIZE] indices into the flattened feature map; the index one past
        its end stands for "not in the picture".
    """
    columns, rows = camera.width // stride, camera.height // stride
    x, y = cell_centres()
    tables = []
    for height in heights:
        u, v, depth = project(camera, x, y, np.full_like(x, height))
        column = np.floor(u / stride).astype(np.int64)
        row = np.floor(v / stride).astype(np.int64)
        seen = (depth > 1.0) & (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
        tables.append(np.where(seen, row * columns + column, rows * columns).ravel())
    return np.concatenate(tables)
