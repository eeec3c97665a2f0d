"""The scene of one moment: the town's still triangles, and those of its actors in world axes.

All sensors of a vehicle read one ActorSoup, so that what the camera sees is what the lidar hits.
Shape law: D triangles of actors, A actors.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.scenery.material import AMBIENT, BODY_COLORS, SUN, SUNLIGHT
from roadworthy.sim.scenery.vehicles import HIP, SHOULDER, prototypes
from roadworthy.sim.sensors.panels import find_panels

FloatArray = NDArray[np.float32]

ACTOR_RANGE = 110.0  # [m] actors farther from the ego are not drawn
FINE_RANGE = 25.0  # [m] actors farther away are drawn with fewer triangles
SWING = 0.55  # [rad] of the legs of walkers
TAIL_GLOW = (255.0, 48.0, 36.0)

_PROTOTYPES = prototypes()


def _prototype_panels() -> NDArray[np.uint8]:
    """Panels within each moving part of each prototype, see `panels`."""
    soup = _PROTOTYPES.soup
    alike = (soup.tag[1:, 2:5] == soup.tag[:-1, 2:5]).all(axis=1)
    alike &= (soup.part[1:] == soup.part[:-1]) & (soup.intensity[1:] == soup.intensity[:-1])
    alike[_PROTOTYPES.start[1:-1] - 1] = False
    # In shares of an actor's size: 1 mm at 10 m.
    return find_panels(soup.corners, alike, 1e-4)


_PANELS = _prototype_panels()
_LIT = np.array([AMBIENT, SUNLIGHT, *SUN], np.float32)


class ActorSoup:
    """Buffers for the triangles of up to `actors` actors; filled again at every frame."""

    def __init__(self, actors: int) -> None:
        """Allocate for the number of rows of the actors' array."""
        most = int(np.diff(_PROTOTYPES.start).max())
        self.corners = np.zeros((actors * most, 3, 3), np.float32)
        self.normal = np.zeros((actors * most, 3), np.float32)
        self.color = np.zeros((actors * most, 3), np.float32)
        self.tag = np.zeros((actors * most, 6), np.uint8)
        self.intensity = np.zeros(actors * most, np.float32)
        self.panel = np.zeros(actors * most, np.uint8)  # see `panels`
        self.start = np.zeros(actors + 1, np.int32)  # triangles of each actor
        self.sphere = np.zeros((actors, 4), np.float32)  # centre, radius
        self.shadow = np.zeros((actors, 4, 3), np.float32)  # quads on the ground
        self.count = 0

    def fill(self, actors: FloatArray, first: int, x: float, y: float) -> None:
        """Expand the actors that live within ACTOR_RANGE of (x, y), from row `first` on."""
        soup = _PROTOTYPES.soup
        _expand(
            actors,
            first,
            x,
            y,
            soup.corners,
            soup.color,
            soup.tag,
            soup.part,
            soup.intensity,
            _PANELS,
            _PROTOTYPES.start,
            BODY_COLORS,
            _LIT,
            self.corners,
            self.normal,
            self.color,
            self.tag,
            self.intensity,
            self.panel,
            self.start,
            self.sphere,
            self.shadow,
        )


@njit(cache=True, nogil=True, error_model="numpy")
def _expand(
    actors: FloatArray,
    first: int,
    ego_x: float,
    ego_y: float,
    corners: FloatArray,
    color: FloatArray,
    tag: NDArray[np.uint8],
    part: NDArray[np.uint8],
    intensity: FloatArray,
    panel: NDArray[np.uint8],
    start: NDArray[np.int32],
    palette: FloatArray,
    light: FloatArray,
    out_corners: FloatArray,
    out_normal: FloatArray,
    out_color: FloatArray,
    out_tag: NDArray[np.uint8],
    out_intensity: FloatArray,
    out_panel: NDArray[np.uint8],
    out_start: NDArray[np.int32],
    sphere: FloatArray,
    shadow: FloatArray,
) -> None:
    n = 0
    for a in range(len(actors)):
        out_start[a] = n
        row = actors[a]
        dx, dy = row[0] - ego_x, row[1] - ego_y
        distance = math.sqrt(dx * dx + dy * dy)
        if a < first or row[14] < 0.5 or distance > ACTOR_RANGE:
            continue
        kind = int(row[11])
        length, width, height = row[8], row[9], row[10]
        cy, sy = math.cos(row[3]), math.sin(row[3])
        cp, sp = math.cos(row[4]), math.sin(row[4])
        sphere[a, 0], sphere[a, 1], sphere[a, 2] = row[0], row[1], row[2] + 0.5 * height
        sphere[a, 3] = 0.5 * math.sqrt(length * length + width * width + height * height) + 0.3
        for k in range(4):
            # The shadow reaches 0.15 m beyond the body and away from the sun.
            along = (0.5 * length + 0.15) * (1.0 if k == 1 or k == 2 else -1.0)
            side = (0.5 * width + 0.15) * (1.0 if k >= 2 else -1.0)
            shadow[a, k, 0] = row[0] + cy * along - sy * side - 0.35 * height * light[2]
            shadow[a, k, 1] = row[1] + sy * along + cy * side - 0.35 * height * light[3]
            shadow[a, k, 2] = row[2] + sp * along
        swing = SWING * math.sin(row[19]) if kind == 6 else 0.0
        body = palette[int(row[12]) & 15]
        proto = 2 * kind + (1 if distance > FINE_RANGE else 0)
        for t in range(start[proto], start[proto + 1]):
            p = part[t]
            turn, joint = 0.0, 0.0
            if p > 0 and swing != 0.0:
                turn = swing if p == 1 or p == 4 else -swing
                joint = HIP * height if p <= 2 else SHOULDER * height
            ct, st = math.cos(turn), math.sin(turn)
            for k in range(3):
                x = corners[t, k, 0] * length
                y = corners[t, k, 1] * width
                z = corners[t, k, 2] * height
                if turn != 0.0:
                    dz = z - joint
                    x, z = ct * x - st * dz, joint + st * x + ct * dz
                forward, up = cp * x - sp * z, sp * x + cp * z
                out_corners[n, k, 0] = row[0] + cy * forward - sy * y
                out_corners[n, k, 1] = row[1] + sy * forward + cy * y
                out_corners[n, k, 2] = row[2] + up
            _finish(n, out_corners, out_normal)
            if tag[t, 5] == 1:
                r, g, b = body[0], body[1], body[2]
            elif tag[t, 5] == 2 and row[13] > 0.5:
                r, g, b = TAIL_GLOW
            else:
                r, g, b = color[t, 0], color[t, 1], color[t, 2]
            shine = 1.0
            if tag[t, 1] != 7:  # Texture.GLOW keeps its own colour
                nx, ny, nz = out_normal[n, 0], out_normal[n, 1], out_normal[n, 2]
                facing = max(0.0, nx * light[2] + ny * light[3] + nz * light[4])
                shine = light[0] * (0.86 + 0.14 * nz) + light[1] * facing
            out_color[n, 0], out_color[n, 1], out_color[n, 2] = r * shine, g * shine, b * shine
            for k in range(6):
                out_tag[n, k] = tag[t, k]
            out_intensity[n] = intensity[t]
            out_panel[n] = panel[t]
            n += 1
    out_start[len(actors)] = n


@njit(cache=True, inline="always", error_model="numpy")
def _finish(n: int, corners: FloatArray, normal: FloatArray) -> None:
    """Normal of triangle n from its corners."""
    ax, ay = corners[n, 1, 0] - corners[n, 0, 0], corners[n, 1, 1] - corners[n, 0, 1]
    az = corners[n, 1, 2] - corners[n, 0, 2]
    bx, by = corners[n, 2, 0] - corners[n, 0, 0], corners[n, 2, 1] - corners[n, 0, 1]
    bz = corners[n, 2, 2] - corners[n, 0, 2]
    nx, ny, nz = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
    size = 1.0 / max(1e-9, math.sqrt(nx * nx + ny * ny + nz * nz))
    normal[n, 0], normal[n, 1], normal[n, 2] = nx * size, ny * size, nz * size
