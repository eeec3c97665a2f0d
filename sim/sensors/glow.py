"""Lamps that outshine their surroundings, as they do on a real camera's sensor.

Without it a lamp 30 m away would be one pixel of a small picture, or none. Labels and depths stay
as they are.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenery.props import LAMP_RADIUS
from roadworthy.sim.sensors.air import Air
from roadworthy.sim.sensors.shade import Picture

FloatArray = NDArray[np.float32]

SIGNAL_RANGE = 90.0  # [m] from which a lit traffic light is seen as more than its own size
_RANGE = 140.0  # [m] the same of other lamps


@kernel
def signals_glow(
    picture: Picture,
    pose: FloatArray,
    focal: float,
    lamps: FloatArray,
    lights: NDArray[np.uint8],
    lamp_on: FloatArray,
) -> None:
    """Draw the lit lamps of traffic lights; `lamps` is as `scenery.props.lamps` makes it."""
    height, width = picture.recip.shape
    for k in range(len(lamps)):
        x, y = lamps[k, 0] - pose[0, 0], lamps[k, 1] - pose[0, 1]
        if x * x + y * y > SIGNAL_RANGE * SIGNAL_RANGE or lights[int(lamps[k, 5])] != int(
            lamps[k, 6]
        ):
            continue
        z = lamps[k, 2] - pose[0, 2]
        facing = -(x * lamps[k, 3] + y * lamps[k, 4])
        d = x * pose[1, 0] + y * pose[1, 1] + z * pose[1, 2]
        if d < 1.0 or d > SIGNAL_RANGE or facing < 0.25 * math.sqrt(x * x + y * y):
            continue
        u = 0.5 * width + focal * (x * pose[2, 0] + y * pose[2, 1] + z * pose[2, 2]) / d
        v = 0.5 * height - focal * (x * pose[3, 0] + y * pose[3, 1] + z * pose[3, 2]) / d
        core = focal * LAMP_RADIUS / d
        reach = max(1.75, 1.5 * core)
        free = 1.02 / max(0.5, d - 0.6)
        color = lamp_on[int(lamps[k, 6])]
        for row in range(max(0, int(v - reach)), min(height, int(v + reach) + 1)):
            for column in range(max(0, int(u - reach)), min(width, int(u + reach) + 1)):
                away = (row + 0.5 - v) ** 2 + (column + 0.5 - u) ** 2
                share = min(1.0, 1.2 * (1.0 - away / (reach * reach)))
                if share <= 0.0 or picture.recip[row, column] > free:
                    continue
                for channel in range(3):
                    old = picture.rgb[row, column, channel]
                    new = old + share * (color[channel] - old)
                    picture.rgb[row, column, channel] = np.uint8(new)


@kernel
def halo(
    picture: Picture,
    pose: FloatArray,
    focal: float,
    x: float,
    y: float,
    z: float,
    color: FloatArray,
    radius: float,
    strength: float,
    air: Air,
) -> None:
    """Add the light that a lamp at x, y, z spills over the picture around it.

    `radius` [m] of its core; fog widens the halo and takes light from the core.
    """
    height, width = picture.recip.shape
    x, y, z = x - pose[0, 0], y - pose[0, 1], z - pose[0, 2]
    d = x * pose[1, 0] + y * pose[1, 1] + z * pose[1, 2]
    if d < 1.0 or d > _RANGE:
        return
    u = 0.5 * width + focal * (x * pose[2, 0] + y * pose[2, 1] + z * pose[2, 2]) / d
    v = 0.5 * height - focal * (x * pose[3, 0] + y * pose[3, 1] + z * pose[3, 2]) / d
    misty = min(1.0, max(0.0, 60.0 / float(air.fog_half) - 0.3))
    core = max(focal * radius / d, 0.004 * focal)
    reach = core * (3.5 + 3.0 * misty) + 1.0
    through = 1.0 / (1.0 + (d / (1.4 * air.fog_half)) ** 2)
    free = 1.03 / max(0.3, d - 0.5)
    for row in range(max(0, int(v - reach)), min(height, int(v + reach) + 1)):
        for column in range(max(0, int(u - reach)), min(width, int(u + reach) + 1)):
            away = ((row + 0.5 - v) ** 2 + (column + 0.5 - u) ** 2) / (reach * reach)
            if away >= 1.0 or picture.recip[row, column] > free:
                continue
            fade = 1.0 - away
            share = strength * through * (0.35 * fade * fade + fade**12)
            for channel in range(3):
                old = picture.rgb[row, column, channel]
                picture.rgb[row, column, channel] = np.uint8(
                    min(255.0, old + share * color[channel])
                )


@kernel
def lamps_glow(
    picture: Picture, pose: FloatArray, focal: float, lamps: FloatArray, count: int, air: Air
) -> None:
    """Draw the lamps of vehicles, the first `count` rows of `lamps` (see `lamps`)."""
    for n in range(count):
        role = int(lamps[n, 9])
        strength = lamps[n, 8] * (1.0 if role >= 7 else float(air.lamps))
        if strength <= 0.02:
            continue
        facing = 1.0
        if lamps[n, 3] != 0.0 or lamps[n, 4] != 0.0:
            x, y = pose[0, 0] - lamps[n, 0], pose[0, 1] - lamps[n, 1]
            facing = (x * lamps[n, 3] + y * lamps[n, 4]) / math.sqrt(x * x + y * y + 1e-6)
            if facing <= 0.0:
                continue
        radius = 0.16 if role == 3 else (0.2 if role >= 7 else 0.11)
        halo(
            picture, pose, focal, lamps[n, 0], lamps[n, 1], lamps[n, 2], lamps[n, 5:8], radius,
            strength * facing, air,
        )  # fmt: skip


@kernel
def streets_glow(
    picture: Picture, pose: FloatArray, focal: float, lamps: FloatArray, color: FloatArray, air: Air
) -> None:
    """Draw the street lamps, [N, 3]."""
    strength = 0.9 * float(air.lamps * air.night)
    if strength <= 0.02:
        return
    for n in range(len(lamps)):
        x, y = lamps[n, 0] - pose[0, 0], lamps[n, 1] - pose[0, 1]
        if x * x + y * y < _RANGE * _RANGE:
            halo(
                picture, pose, focal, lamps[n, 0], lamps[n, 1], lamps[n, 2] - 0.1, color, 0.2,
                strength, air,
            )  # fmt: skip
