"""Scratch of the shader: what is known of each pixel of the row that is being shaded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.sensors.air import Air
from roadworthy.sim.sensors.inlined import inlined

FloatArray = NDArray[np.float32]

_F = np.float32
_ONE, _ZERO, _HALF = _F(1.0), _F(0.0), _F(0.5)


class Rows(NamedTuple):
    """One row of pixels, each [width]."""

    far: FloatArray  # [m] depth
    keep: FloatArray  # share of the colour that comes through the air
    x: FloatArray  # [m] the place that is seen
    y: FloatArray
    z: FloatArray
    grain: FloatArray  # factor of the surface's pattern
    light: FloatArray  # factor of the light of sun and sky
    red: FloatArray  # light of lamps
    green: FloatArray
    blue: FloatArray
    glow: FloatArray  # light from within: lit rooms


def new_rows(width: int) -> Rows:
    """Make room for `width` pixels."""
    return Rows(*(np.zeros(width, np.float32) for _ in Rows._fields))


@inlined
def reach(
    rows: Rows,
    recip: FloatArray,
    pose: FloatArray,
    focal: np.float32,
    up: np.float32,
    air: Air,
) -> None:
    """Fill depth, air and place of a row whose rays rise by `up`."""
    half2 = air.fog_half * air.fog_half
    # Fog thins out with height: a ray that climbs by h meets about 1 / (1 + rise h / 2) of it.
    climb = max(_ZERO, pose[1, 2] + up * pose[3, 2]) * air.fog_rise * _HALF
    if air.fog_half > _F(150.0):
        climb = _ZERO
    start = air.fog_start
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    vx, vy = pose[1, 0] + up * pose[3, 0], pose[1, 1] + up * pose[3, 1]
    vz = pose[1, 2] + up * pose[3, 2]
    rx, ry, rz = pose[2, 0], pose[2, 1], pose[2, 2]
    half, scale = _HALF - _HALF * _F(len(recip)), _ONE / focal
    for c in range(len(recip)):
        d = _ONE / max(recip[c], _F(1e-4))
        thick = max(_ZERO, d - start) / (_ONE + climb * d)
        right = (_F(np.int32(c)) + half) * scale
        rows.far[c] = d
        rows.keep[c] = half2 / (half2 + thick * thick)
        rows.x[c] = px + d * (vx + right * rx)
        rows.y[c] = py + d * (vy + right * ry)
        rows.z[c] = pz + d * (vz + right * rz)
