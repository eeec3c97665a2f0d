"""Deferred shading: the colour, depth and label of every pixel, once it is known what it sees."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from roadworthy.sim.sensors.raster import SHADED

FloatArray = NDArray[np.float32]

SKY_DEPTH = 1000.0  # [m] as CARLA's depth camera has it
FOG_DISTANCE = 190.0  # [m] at which half of the colour is the air's
LAMP_RANGE = 90.0  # [m] from which a lit lamp is seen as more than its own size
SHADOW = 0.55  # light that is left in a shadow

HORIZON = (201.0, 212.0, 222.0)
ZENITH = (98.0, 146.0, 208.0)


@njit(cache=True, inline="always", error_model="numpy")
def _noise(ix: int, iy: int) -> float:
    """Hash two integers to [0, 1)."""
    h = (ix * 374761393 + iy * 668265263) & 0xFFFFFFFF
    h = ((h ^ (h >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((h ^ (h >> 16)) & 255) * (1.0 / 256.0)


@njit(cache=True, inline="always", error_model="numpy")
def _window(u: float, v: float, size: float) -> float:
    """Share of a facade's own colour at u [m] along it and v [m] above its foot.

    The rest is glass; above 1 is bright glass. `size` [m] is what one pixel covers.
    """
    if v < 0.5:
        return 0.8
    column, floor = math.floor(u / 2.6), math.floor(v / 3.1)
    fu, fv = u / 2.6 - column, v / 3.1 - floor
    blur = min(1.0, max(0.0, 1.6 - 1.4 * size))
    inside = 0.0
    if floor == 0:
        if 0.08 < fu < 0.92 and fv < 0.78:
            inside = 1.0
    elif 0.22 < fu < 0.78 and 0.28 < fv < 0.82:
        inside = 1.0
    glass = 0.30 + 0.35 * _noise(int(column), int(floor)) + (0.12 if fv > 0.6 else 0.0)
    sharp = 1.0 - inside * (1.0 - glass)
    return blur * sharp + (1.0 - blur) * 0.84


@njit(cache=True, nogil=True, error_model="numpy")
def shade(
    recip: FloatArray,
    number: NDArray[np.int32],
    pose: NDArray[np.float64],
    focal: float,
    normal: FloatArray,
    color: FloatArray,
    base: FloatArray,
    tag: NDArray[np.uint8],
    signal: NDArray[np.int16],
    actor_color: FloatArray,
    actor_tag: NDArray[np.uint8],
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    bias: FloatArray,
    rgb: NDArray[np.uint8],
    depth: FloatArray,
    semantic: NDArray[np.uint8],
) -> None:
    """Shade all pixels; see `raster.draw` for what `recip`, `number` and `pose` hold."""
    height, width = recip.shape
    still = len(color)
    px, py, pz = pose[0, 0], pose[0, 1], pose[0, 2]
    for row in range(height):
        up = (0.5 * height - row - 0.5) / focal
        for column in range(width):
            w = recip[row, column]
            right = (column + 0.5 - 0.5 * width) / focal
            if w <= 0.0:
                depth[row, column] = SKY_DEPTH
                semantic[row, column] = 11
                dz = pose[1, 2] + right * pose[2, 2] + up * pose[3, 2]
                high = max(0.0, dz) / math.sqrt(1.0 + right * right + up * up)
                t = min(1.0, 1.9 * high)
                t = t * (2.0 - t)
                for k in range(3):
                    rgb[row, column, k] = np.uint8(HORIZON[k] + t * (ZENITH[k] - HORIZON[k]))
                continue
            value = number[row, column]
            shadow = 1.0
            if value & SHADED:
                shadow = SHADOW
                value &= SHADED - 1
            if value >= still:
                t = value - still
                d = bias[actor_tag[t, 2]] / w
                depth[row, column] = d
                semantic[row, column] = actor_tag[t, 0]
                r, g, b = actor_color[t, 0], actor_color[t, 1], actor_color[t, 2]
                texture = 0
            else:
                t = value
                d = bias[tag[t, 2]] / w
                depth[row, column] = d
                semantic[row, column] = tag[t, 0]
                r, g, b = color[t, 0], color[t, 1], color[t, 2]
                texture = tag[t, 1]
            fog = d * d / (d * d + FOG_DISTANCE * FOG_DISTANCE)
            shine = shadow
            if texture == 6:
                state = lights[signal[t]] if signal[t] >= 0 else 3
                if state == tag[t, 5]:
                    r, g, b = lamp_on[state, 0], lamp_on[state, 1], lamp_on[state, 2]
                    fog = 0.0
            elif texture != 0 and texture != 7:
                x = px + d * (pose[1, 0] + right * pose[2, 0] + up * pose[3, 0])
                y = py + d * (pose[1, 1] + right * pose[2, 1] + up * pose[3, 1])
                near = max(0.0, 1.0 - d / 32.0)
                if texture == 2:  # ASPHALT
                    fine = _noise(math.floor(x * 9.0), math.floor(y * 9.0)) - 0.5
                    patch = _noise(math.floor(x * 0.23), math.floor(y * 0.23)) - 0.5
                    shine *= 1.0 + 0.16 * near * fine + 0.035 * patch
                elif texture == 3:  # GRASS
                    fine = _noise(math.floor(x * 6.0), math.floor(y * 6.0)) - 0.5
                    tuft = _noise(math.floor(x * 0.7), math.floor(y * 0.7)) - 0.5
                    shine *= 1.0 + 0.36 * near * fine + 0.14 * tuft * min(1.0, 40.0 / d)
                elif texture == 4:  # SLABS
                    u, v = x * 0.8, y * 0.8
                    iu, iv = math.floor(u), math.floor(v)
                    shine *= 1.0 + 0.08 * (_noise(iu, iv) - 0.5)
                    if (u - iu < 0.06 or v - iv < 0.06) and d < 25.0:
                        shine *= 0.86
                else:
                    z = pz + d * (pose[1, 2] + right * pose[2, 2] + up * pose[3, 2])
                    if texture == 1:  # WINDOWS
                        along = y * normal[t, 0] - x * normal[t, 1]
                        share = _window(along, z - base[t], d / focal)
                        shine *= share
                        b += (1.0 - share) * 34.0
                    elif texture == 5:  # LEAVES
                        fine = _noise(
                            math.floor((x + 0.6 * z) * 3.5), math.floor((y - 0.8 * z) * 3.5)
                        )
                        shine *= 1.0 + (0.5 * fine - 0.28) * max(0.25, min(1.0, 30.0 / d))
                    elif texture == 8:  # SLATS
                        u = (x * normal[t, 1] - y * normal[t, 0]) * 4.0
                        if u - math.floor(u) < 0.3 and d < 30.0:
                            shine *= 0.55
            keep = (1.0 - fog) * shine
            rgb[row, column, 0] = np.uint8(min(255.0, r * keep + HORIZON[0] * fog))
            rgb[row, column, 1] = np.uint8(min(255.0, g * keep + HORIZON[1] * fog))
            rgb[row, column, 2] = np.uint8(min(255.0, b * keep + HORIZON[2] * fog))


@njit(cache=True, nogil=True, error_model="numpy")
def bloom(
    recip: FloatArray,
    pose: NDArray[np.float64],
    focal: float,
    lamps: FloatArray,
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
    lamp_radius: float,
    rgb: NDArray[np.uint8],
) -> None:
    """Let lit lamps outshine their surroundings, as they do on a real camera's sensor.

    Without it a lamp 30 m away would be one pixel of a small picture, or none. `lamps` is as
    `scenery.props.lamps` makes it. Labels and depths stay as they are.
    """
    height, width = recip.shape
    for k in range(len(lamps)):
        if lights[int(lamps[k, 5])] != int(lamps[k, 6]):
            continue
        x, y = lamps[k, 0] - pose[0, 0], lamps[k, 1] - pose[0, 1]
        z = lamps[k, 2] - pose[0, 2]
        facing = -(x * lamps[k, 3] + y * lamps[k, 4])
        d = x * pose[1, 0] + y * pose[1, 1] + z * pose[1, 2]
        if d < 1.0 or d > LAMP_RANGE or facing < 0.25 * math.sqrt(x * x + y * y):
            continue
        u = 0.5 * width + focal * (x * pose[2, 0] + y * pose[2, 1] + z * pose[2, 2]) / d
        v = 0.5 * height - focal * (x * pose[3, 0] + y * pose[3, 1] + z * pose[3, 2]) / d
        core = focal * lamp_radius / d
        reach = max(1.75, 1.5 * core)
        free = 1.02 / max(0.5, d - 0.6)
        for row in range(max(0, int(v - reach)), min(height, int(v + reach) + 1)):
            for column in range(max(0, int(u - reach)), min(width, int(u + reach) + 1)):
                away = (row + 0.5 - v) ** 2 + (column + 0.5 - u) ** 2
                share = min(1.0, 1.2 * (1.0 - away / (reach * reach)))
                if share <= 0.0 or recip[row, column] > free:
                    continue
                for channel in range(3):
                    old = rgb[row, column, channel]
                    new = old + share * (lamp_on[int(lamps[k, 6]), channel] - old)
                    rgb[row, column, channel] = np.uint8(new)
