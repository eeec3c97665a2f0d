"""Cameras: pictures as CARLA sends them, BGRA."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.sensing.scene import NOBODY, Scene
from roadworthy.sim.carla.server.sensing.specs import Mount, camera_spec
from roadworthy.sim.carla.server.values import Description
from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.camera import FIRST_BOX, Camera
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

FAR = 1000.0  # [m] depth of the whole range of 24 bits
NEAR_BODY = 0.3  # [m] a camera so near its carrier's box counts as inside
_HEADER = struct.Struct("<IIf")
PARTS = ("rgb", "depth", "semantic_segmentation", "instance_segmentation")


class Pictures:
    """One camera of any of the kinds in PARTS."""

    def __init__(self, town: Town, asked: Description, mount: Mount) -> None:
        self.part = asked.id.rsplit(".", 1)[-1]
        self._camera = Camera(town, camera_spec(asked, mount))
        self._fov = asked.number("fov", 90.0)

    def _outside(self, me: NDArray[np.float32]) -> bool:
        """Whether the camera sees its carrier from outside."""
        spec = self._camera.spec
        along, aside = 0.5 * float(me[Actor.LENGTH]), 0.5 * float(me[Actor.WIDTH])
        return abs(spec.x) > along + NEAR_BODY or abs(spec.y) > aside + NEAR_BODY

    def sense(self, scene: Scene, carrier: int, me: NDArray[np.float32], key: np.uint64) -> bytes:
        """Take a picture of what row `me` sees."""
        drawn = carrier != NOBODY and self._outside(me)
        soup = scene.soup(carrier, drawn, float(me[Actor.X]), float(me[Actor.Y]))
        lights = scene.episode.lights.shown
        rgb, depth, labels = self._camera.render(soup, me, lights, scene.air, key)
        out = np.empty((*labels.shape, 4), np.uint8)
        if self.part == "rgb":
            _swap(rgb, out)
        elif self.part == "depth":
            code = (np.clip(depth / FAR, 0.0, 1.0) * ((1 << 24) - 1)).astype(np.uint32)
            out[..., 2], out[..., 1], out[..., 0] = code & 255, (code >> 8) & 255, code >> 16
        elif self.part == "semantic_segmentation":
            out[..., 2] = labels
            out[..., 0] = out[..., 1] = 0
        else:
            _swap(self._numbered(soup, labels, scene.numbers(carrier)), out)
        out[..., 3] = 255
        height, width = labels.shape
        return _HEADER.pack(width, height, self._fov) + out.tobytes()

    def _numbered(
        self, soup: ActorSoup, labels: NDArray[np.uint8], ids: NDArray[np.uint32]
    ) -> NDArray[np.uint8]:
        """Labels and numbers; an actor's number is its id."""
        found = self._camera.instances(soup, labels)
        number = found[..., 1].astype(np.uint32) | found[..., 2].astype(np.uint32) << 8
        actor = (number > 0) & (number < FIRST_BOX)
        number[actor] = ids[number[actor]]
        found[..., 1], found[..., 2] = number & 255, (number >> 8) & 255
        return found


@kernel
def _swap(rgb: NDArray[np.uint8], bgra: NDArray[np.uint8]) -> None:
    """Copy a picture into one of four channels, the first three in reverse."""
    for row in range(rgb.shape[0]):
        for column in range(rgb.shape[1]):
            for k in range(3):
                bgra[row, column, k] = rgb[row, column, 2 - k]
