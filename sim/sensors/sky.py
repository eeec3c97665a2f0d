"""The sky: a gradient, the glow of a low sun, and clouds."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.sensors.air import Air
from roadworthy.sim.sensors.inlined import inlined

FloatArray = NDArray[np.float32]

_F = np.float32
_ONE, _ZERO = _F(1.0), _F(0.0)
_SIZE = 256  # texels of the noise; it repeats


def cloud_noise() -> NDArray[np.uint8]:
    """Fractal noise that repeats, uint8 [256, 256]; for clouds and puddles."""
    generator = np.random.Generator(np.random.Philox(2718))  # counter-based: the same everywhere
    total = np.zeros((_SIZE, _SIZE), np.float32)
    for octave in range(2, 7):
        cells = 1 << octave
        coarse = generator.random((cells, cells), np.float32)
        tiled = np.tile(coarse, (3, 3))
        fine = cv2.resize(tiled, (3 * _SIZE, 3 * _SIZE), interpolation=cv2.INTER_CUBIC)
        total += fine[_SIZE : 2 * _SIZE, _SIZE : 2 * _SIZE] / cells
    total = (total - total.min()) / np.ptp(total)
    return np.asarray(total * 255.0, np.uint8)


@inlined
def sky_row(
    rgb: NDArray[np.uint8],
    begin: int,
    end: int,
    pose: FloatArray,
    focal: np.float32,
    up: np.float32,
    air: Air,
    noise: NDArray[np.uint8],
) -> None:
    """Paint pixels `begin`..`end` of one row [width, 3]; `up` is the slope of the row's rays."""
    half = _F(0.5) - _F(0.5) * _F(len(rgb))
    vx, vy = pose[1, 0] + up * pose[3, 0], pose[1, 1] + up * pose[3, 1]
    vz = pose[1, 2] + up * pose[3, 2]
    bright = air.glow[0] > _F(12.0)
    cloudy = air.cloud > _F(0.03)
    for column in range(begin, end):
        right = (_F(column) + half) / focal
        size = _ONE / math.sqrt(_ONE + right * right + up * up)
        dz = vz + right * pose[2, 2]
        high = max(_ZERO, dz) * size
        t = min(_ONE, _F(1.9) * high)
        t = t * (_F(2.0) - t)
        r = air.horizon[0] + t * (air.zenith[0] - air.horizon[0])
        g = air.horizon[1] + t * (air.zenith[1] - air.horizon[1])
        b = air.horizon[2] + t * (air.zenith[2] - air.horizon[2])
        if bright:
            x, y = vx + right * pose[2, 0], vy + right * pose[2, 1]
            near = (x * air.sun[0] + y * air.sun[1] + dz * air.sun[2]) * size
            if near > _F(0.6):
                s = (near - _F(0.6)) * _F(2.5)
                s *= s
                s = s * (_F(0.45) + _F(0.55) * s * s) + (_F(0.9) if near > _F(0.9992) else _ZERO)
                r, g, b = r + s * air.glow[0], g + s * air.glow[1], b + s * air.glow[2]
        if cloudy and high > _F(0.015):
            x, y = vx + right * pose[2, 0], vy + right * pose[2, 1]
            scale = _F(46.0) / (max(dz, _ZERO) + _F(0.12) / size)
            ix, iy = int(x * scale) & 255, int(y * scale) & 255
            puff = _F(noise[iy, ix]) * _F(1.0 / 255.0) - _F(0.5)
            shade = air.cloud * puff * min(_ONE, _F(6.0) * high)
            r += r * shade * _F(0.42)
            g += g * shade * _F(0.38)
            b += b * shade * _F(0.32)
        # Fog hides the sky at the horizon first.
        if air.veil > _F(0.12):
            climb = high * air.fog_rise * _F(60.0) + high
            veil = air.veil / (_ONE + _F(3.0) * climb)
            r += veil * (air.haze[0] - r)
            g += veil * (air.haze[1] - g)
            b += veil * (air.haze[2] - b)
        rgb[column, 0] = np.uint8(min(_F(255.0), r))
        rgb[column, 1] = np.uint8(min(_F(255.0), g))
        rgb[column, 2] = np.uint8(min(_F(255.0), b))
