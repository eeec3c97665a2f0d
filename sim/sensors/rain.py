"""Rain in the picture: streaks of falling drops, and roads that mirror what is above them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import uniform
from roadworthy.sim.sensors.air import Air
from roadworthy.sim.sensors.shade import Picture

FloatArray = NDArray[np.float32]

_STREAKS = 420  # in a picture of 320 x 160 at the heaviest rain
_MIRROR_RANGE = 70.0  # [m] farther roads are too small in the picture


@kernel
def streaks(rgb: NDArray[np.uint8], air: Air, slant: float, key: np.uint64) -> None:
    """Draw falling drops; `slant` is the tangent of their angle, `key` that of the frame."""
    height, width = rgb.shape[:2]
    count = int(_STREAKS * float(air.rain) * width * height / 51200.0)
    bright = 90.0 + 165.0 * (1.0 - float(air.night))
    for n in range(count):
        near = float(uniform(key, 4 * n))
        length = int((0.02 + 0.09 * near * near) * height) + 2
        x = (1.3 * float(uniform(key, 4 * n + 1)) - 0.15) * width
        y = (1.2 * float(uniform(key, 4 * n + 2)) - 0.2) * height
        share = (0.08 + 0.2 * float(uniform(key, 4 * n + 3))) * (0.5 + 0.5 * near)
        for step in range(length):
            row, column = int(y) + step, int(x + slant * step)
            if 0 <= row < height and 0 <= column < width:
                for c in range(3):
                    old = float(rgb[row, column, c])
                    rgb[row, column, c] = np.uint8(old + share * max(0.0, bright - old))


@kernel
def _sky(air: Air, slope: float, c: int) -> float:
    """Colour of the sky in a direction that rises by `slope`."""
    high = slope / math.sqrt(1.0 + slope * slope)
    t = min(1.0, 1.9 * max(0.0, high))
    t = t * (2.0 - t)
    return float(air.horizon[c] + t * (air.zenith[c] - air.horizon[c]))


@kernel
def mirror(
    picture: Picture, pose: FloatArray, focal: float, air: Air, noise: NDArray[np.uint8]
) -> None:
    """Let wet roads mirror the picture above them, puddles more than the film of water.

    The mirrored ray is followed through the picture's own depths, in steps that grow. What the
    picture does not show is taken for sky.
    """
    height, width = picture.recip.shape
    zf, zr, zu = float(pose[1, 2]), float(pose[2, 2]), float(pose[3, 2])
    for row in range(height):
        up = (0.5 * height - row - 0.5) / focal
        for column in range(0, width, 2):  # two neighbours mirror the same
            label, d = picture.semantic[row, column], float(picture.depth[row, column])
            if (label != 1 and label != 24) or d > _MIRROR_RANGE:
                continue
            right = (column + 0.5 - 0.5 * width) / focal
            down = zf + right * zr + up * zu
            if down >= -1e-3:
                continue
            size = math.sqrt(1.0 + right * right + up * up)
            graze = 1.0 + down / size  # 1 along the ground
            x = pose[0, 0] + d * (pose[1, 0] + right * pose[2, 0] + up * pose[3, 0])
            y = pose[0, 1] + d * (pose[1, 1] + right * pose[2, 1] + up * pose[3, 1])
            level = float(noise[int(y * 5.0) & 255, int(x * 5.0) & 255]) / 255.0
            pool = min(1.0, max(0.0, (0.22 + 0.33 * float(air.puddles) - level) * 9.0))
            pool *= 1.0 if air.puddles > 0.02 else 0.0
            share = float(air.wet) * (0.12 + 0.36 * graze * graze * graze)
            share += pool * (0.25 + 0.5 * graze)
            # The film is rough: it smears what it mirrors up and down.
            grain = ((column * 73856093) ^ (row * 19349663)) & 255
            rough = (grain / 255.0 - 0.5) * 0.09 * (1.0 - 0.8 * pool)
            mf, mr, mu = 1.0 - 2.0 * down * zf, right - 2.0 * down * zr, up - 2.0 * down * zu
            mu += rough
            t, u, v = 0.5, 0.0, 0.0
            inside, hit = False, False
            while t < 100.0 and not hit:
                qf = d + t * mf
                u = 0.5 * width + focal * (d * right + t * mr) / qf
                v = 0.5 * height - focal * (d * up + t * mu) / qf
                inside = qf > 0.1 and 0.0 <= u < width and 0.0 <= v < row
                if not inside:
                    break
                # The ray has met what stands there once it is no longer in front of it.
                ground = picture.semantic[int(v), int(u)] in (1, 2, 24)
                hit = not ground and float(picture.depth[int(v), int(u)]) <= qf
                t *= 1.8
            strength = min(0.85, share)
            for c in range(3):
                shown = _sky(air, -down, c)
                if inside and hit:
                    shown = float(picture.rgb[int(v), int(u), c])
                for beside in range(column, min(column + 2, width)):
                    if picture.semantic[row, beside] == label:
                        old = float(picture.rgb[row, beside, c])
                        picture.rgb[row, beside, c] = np.uint8(old + strength * (shown - old))
