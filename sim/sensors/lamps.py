"""Lamps of vehicles: which of them shine, in which colour, and what they light up.

Columns of a lamp: x, y, z [m], x and y of the direction it shines, red, green, blue (0..255),
strength, Role.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel

FloatArray = NDArray[np.float32]

LAMPS = 12  # of one actor, at most
BLINK_RATE = 1.5  # [Hz]; UN regulation 48 asks for 60 to 120 flashes a minute
FLASH_RATE = 3.0  # [Hz] of the two halves of a light bar

_F = np.float32
TAIL_GLOW = (_F(255.0), _F(48.0), _F(36.0))


@kernel
def lamp_color(
    role: int,
    lamps: int,
    brake: float,
    dark: float,
    time: float,
    r: np.float32,
    g: np.float32,
    b: np.float32,
) -> tuple[float, np.float32, np.float32, np.float32]:
    """Strength of a lamp's light (0: it is off) and its colour.

    Args:
        role: see scenery.prototype.Role.
        lamps: bits of Lamp.
        brake: above 0.5 while the brake lights are on.
        dark: Air.lamps; drivers switch their lamps on where it is above 0.
        time: [s].
        r: colour of the lamp that is off, 0..255.
        g: its green.
        b: its blue.
    """
    on = dark > 0.0 or lamps & 0x2 != 0 or lamps & 0x1 != 0
    if role == 2:
        if brake > 0.5:
            return 1.0, TAIL_GLOW[0], TAIL_GLOW[1], TAIL_GLOW[2]
        if on:
            return 0.4, _F(190.0), _F(22.0), _F(20.0)
    elif role == 3:
        if on:
            return 1.0, _F(255.0), _F(252.0), _F(236.0)
    elif role == 4 or role == 5:
        bit = 0x20 if role == 4 else 0x10
        phase = time * BLINK_RATE
        if lamps & bit and phase - math.floor(phase) < 0.5:
            return 0.8, _F(255.0), _F(160.0), _F(20.0)
    elif role == 6:
        if lamps & 0x40:
            return 0.6, _F(250.0), _F(250.0), _F(250.0)
    elif role == 7 or role == 8:
        phase = time * FLASH_RATE
        if (phase - math.floor(phase) < 0.5) == (role == 7):
            return 1.4, _F(60.0), _F(110.0), _F(255.0)
    return 0.0, r, g, b


@kernel
def add_lamp(
    lamps: FloatArray,
    count: NDArray[np.int32],
    corners: FloatArray,
    yaw: float,
    role: int,
    strength: float,
    r: np.float32,
    g: np.float32,
    b: np.float32,
) -> None:
    """Note that the quad whose first triangle is `corners` [3, 3] shines."""
    n = count[0]
    if n >= len(lamps):
        return
    for k in range(3):  # the longest edge of the triangle is the quad's diagonal
        lamps[n, k] = 0.5 * (corners[0, k] + corners[2, k])
    back = -1.0 if role == 2 or role == 6 else 1.0
    around = role == 4 or role == 5 or role >= 7
    lamps[n, 3] = 0.0 if around else back * math.cos(yaw)
    lamps[n, 4] = 0.0 if around else back * math.sin(yaw)
    lamps[n, 5], lamps[n, 6], lamps[n, 7] = r, g, b
    lamps[n, 8], lamps[n, 9] = strength, role
    count[0] = n + 1
