"""What still surfaces look like in the light of one weather, before any pixel is shaded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenery.mesh import TownMesh
from roadworthy.sim.sensors.air import Air

FloatArray = NDArray[np.float32]

_F = np.float32


class Still(NamedTuple):
    """The triangles of a town as the shader reads them, see `scenery.soup.Soup`."""

    normal: FloatArray  # [T, 3]
    albedo: FloatArray  # [T, 3] before light
    color: FloatArray  # [T, 3] in the light of sun and sky
    dim: FloatArray  # [T] share of `color` that is left in a shadow
    base: FloatArray  # [T]
    tag: NDArray[np.uint8]  # [T, 6]
    signal: NDArray[np.int16]  # [T]


class Ground(NamedTuple):
    """Maps of the ground: shadows of what stands still, and light of the street lamps."""

    shadow: NDArray[np.int16]  # see scenery.sunlight
    shadow_x: np.float32  # [m] corner of cell (0, 0)
    shadow_y: np.float32
    street: NDArray[np.uint8]  # see scenery.lamplight
    street_x: np.float32
    street_y: np.float32


def still_of(mesh: TownMesh) -> Still:
    """Make room for the colours of a town; `relight` fills them."""
    soup = mesh.soup
    return Still(
        soup.normal,
        soup.color,
        np.empty_like(soup.color),
        np.empty(len(soup.color), np.float32),
        soup.base,
        soup.tag,
        soup.signal,
    )


def ground_of(mesh: TownMesh, air: Air) -> Ground:
    """Pick the maps for one direction of the sun."""
    shadows, lamps = mesh.shadows, mesh.lamplight
    return Ground(
        shadows.under(air.sun),
        np.float32(shadows.origin[0]),
        np.float32(shadows.origin[1]),
        lamps.level,
        np.float32(lamps.origin[0]),
        np.float32(lamps.origin[1]),
    )


@kernel
def relight(still: Still, air: Air) -> None:
    """Colour all triangles: Lambert's law, and more of the sky's light for what looks up at it."""
    wet = _F(1.0) - _F(0.42) * air.wet  # water fills the pores of asphalt and makes it darker
    for t in range(len(still.dim)):
        texture, layer = still.tag[t, 1], still.tag[t, 2]
        if texture == 6 or texture == 7:  # LAMP and GLOW keep their own colours
            for k in range(3):
                still.color[t, k] = still.albedo[t, k] * (_F(1.0) - _F(0.8) * air.night)
            still.dim[t] = _F(1.0)
            continue
        nx, ny, nz = still.normal[t, 0], still.normal[t, 1], still.normal[t, 2]
        facing = max(_F(0.0), nx * air.sun[0] + ny * air.sun[1] + nz * air.sun[2])
        open_ = _F(0.86) + _F(0.14) * nz
        soak = wet if layer > 0 else _F(1.0) - _F(0.15) * air.wet
        for k in range(3):
            shine = soak * (air.ambient[k] * open_ + air.direct[k] * facing)
            still.color[t, k] = min(_F(255.0), still.albedo[t, k] * shine)
        sky = air.ambient[1] * open_
        still.dim[t] = sky / max(sky + air.direct[1] * facing, _F(1e-6))
