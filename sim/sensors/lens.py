"""What lens and sensor of a real camera do to a picture: distortion, exposure and noise."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import mix
from roadworthy.sim.sensors.specs import CameraSpec

FloatArray = NDArray[np.float32]

_WIDEST = 2.0  # times the picture's size: a lens that looks farther out sees its edge repeated
_GREY = 112.0  # mean that automatic exposure aims at
_LEAST, _MOST = 0.4, 6.0  # gain of automatic exposure


def _straight(spec: CameraSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each pixel of the bent picture lies in the straight one, [pixels] from the centre."""
    focal = 0.5 * spec.width / math.tan(0.5 * spec.fov)
    y, x = np.mgrid[: spec.height, : spec.width] + 0.5
    x, y = x - 0.5 * spec.width, y - 0.5 * spec.height
    if spec.lens_k or spec.lens_kcube:
        # Source: SynthEyes' lens distortion, as in Unreal's post-process materials.
        r2 = (x * x + y * y) / spec.height**2
        factor = 1.0 + r2 * (spec.lens_k + spec.lens_kcube * np.sqrt(r2))
        return x * factor, y * factor
    # Brown (1966), as in OpenCV: bent = straight (1 + k1 r^2 + k2 r^4); solved for straight.
    bent_x, bent_y = x / focal, y / focal
    u, v = bent_x.copy(), bent_y.copy()
    for _ in range(30):
        r2 = u * u + v * v
        factor = np.clip(1.0 + r2 * (spec.k1 + spec.k2 * r2), 0.3, 5.0)
        u, v = bent_x / factor, bent_y / factor
    return u * focal, v * focal


class Lens:
    """The distortion of one camera.

    Attributes:
        wide: the camera without distortion that sees all that the bent picture needs.
    """

    def __init__(self, spec: CameraSpec) -> None:
        """Make the map from the bent picture to the straight one."""
        x, y = _straight(spec)
        size = []
        for span, least in ((x, spec.width), (y, spec.height)):
            need = 2 * math.ceil(np.abs(span).max()) + 2
            size.append(min(max(need, least), int(_WIDEST * least)))
        focal = 0.5 * spec.width / math.tan(0.5 * spec.fov)
        self.wide = replace(
            spec, width=size[0], height=size[1], fov=2.0 * math.atan(0.5 * size[0] / focal),
            lens_k=0.0, lens_kcube=0.0, k1=0.0, k2=0.0,
        )  # fmt: skip
        self._x = (x + 0.5 * size[0] - 0.5).astype(np.float32)
        self._y = (y + 0.5 * size[1] - 0.5).astype(np.float32)

    def bend(self, picture: NDArray[Any], *, blend: bool) -> NDArray[Any]:
        """Bend a picture of the wide camera; `blend` colours, but never depths and labels."""
        how = cv2.INTER_LINEAR if blend else cv2.INTER_NEAREST
        return np.asarray(
            cv2.remap(picture, self._x, self._y, how, borderMode=cv2.BORDER_REPLICATE)
        )


def expose(rgb: NDArray[np.uint8], spec: CameraSpec, key: np.uint64) -> None:
    """Apply exposure and noise to a picture in place; `key` picks the noise."""
    gain = 2.0**spec.exposure
    if spec.auto_exposure:
        mean = float(rgb[::4, ::4].mean())
        gain *= min(_MOST, max(_LEAST, _GREY / max(mean, 1.0)))
    if gain != 1.0 or spec.noise > 0.0:
        _expose(rgb.reshape(-1), np.float32(gain), np.float32(spec.noise), key)


@kernel
def _expose(values: NDArray[np.uint8], gain: np.float32, noise: np.float32, key: np.uint64) -> None:
    # Four uniform bytes add up to nearly a normal number: variance 4 (256^2 - 1) / 12.
    scale = noise * np.float32(1.0 / 147.8)
    for i in range(len(values)):
        value = gain * np.float32(values[i])
        if noise > 0.0:
            bits = mix(key + np.uint64(0x9E3779B97F4A7C15) * np.uint64(i + 1))
            total = np.int64(bits & np.uint64(255)) + np.int64((bits >> np.uint64(8)) & 255)
            total += np.int64((bits >> np.uint64(16)) & 255) + np.int64(
                (bits >> np.uint64(24)) & 255
            )
            value += scale * np.float32(total - 510)
        values[i] = np.uint8(min(np.float32(255.0), max(np.float32(0.0), value + np.float32(0.5))))
