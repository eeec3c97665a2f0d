"""Lidars and radars as CARLA sends them."""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.sensing.scene import Scene
from roadworthy.sim.carla.server.sensing.specs import Mount, lidar_spec, radar_spec
from roadworthy.sim.carla.server.values import Description
from roadworthy.sim.sensors.camera import FIRST_BOX
from roadworthy.sim.sensors.lidar import Lidar
from roadworthy.sim.sensors.radar import Radar
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

FloatArray = NDArray[np.float32]

SEMANTIC = np.dtype(
    [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("cos", "<f4"), ("id", "<u4"), ("tag", "<u4")]
)


def by_channel(points: FloatArray, elevation: NDArray[np.float64]) -> tuple[FloatArray, bytes]:
    """Sort points by channel, and count those of each.

    Args:
        points: [N, 3 or more] x, y, z [m] in the sensor's axes.
        elevation: [channels] of the rays [rad], falling.

    Returns:
        The points, and the counts as u32 [channels].
    """
    level = np.sqrt(points[:, 0] * points[:, 0] + points[:, 1] * points[:, 1])
    slope = points[:, 2] / np.maximum(level, 1e-6)
    tangents = np.tan(elevation)
    borders = -0.5 * (tangents[1:] + tangents[:-1])  # rising
    channel = np.searchsorted(borders.astype(np.float32), -slope).astype(np.int16)
    counts = np.bincount(channel, minlength=len(elevation)).astype("<u4").tobytes()
    if (channel[1:] >= channel[:-1]).all():
        return points, counts
    return points[np.argsort(channel, kind="stable")], counts


class Rays:
    """A lidar, plain or semantic."""

    def __init__(self, town: Town, asked: Description, mount: Mount, tick: float) -> None:
        self._lidar = Lidar(town, lidar_spec(asked, mount), tick)
        self._semantic = asked.id.endswith("semantic")
        self._turn = self._lidar.spec.turn(tick)

    def sense(self, scene: Scene, carrier: int, me: FloatArray, key: np.uint64) -> bytes:
        """Cast the rays of one tick from row `me`."""
        soup = scene.soup(carrier, False, float(me[Actor.X]), float(me[Actor.Y]))
        spec, number = self._lidar.spec, scene.number
        if self._semantic:
            rows, counts = by_channel(
                self._lidar.semantics(soup, me, number), self._lidar.elevation
            )
            packed = np.zeros(len(rows), SEMANTIC)
            for column, name in enumerate(("x", "y", "z", "cos")):
                packed[name] = rows[:, column]
            objects = rows[:, 4].astype(np.int64)
            ids = scene.numbers(carrier)
            packed["id"] = np.where(
                objects < FIRST_BOX, ids[np.minimum(objects, len(ids) - 1)], objects
            )
            packed["tag"] = rows[:, 5]
            body = packed.tobytes()
        else:
            rows, counts = by_channel(
                self._lidar.sweep(soup, me, key, number, scene.episode.weather_row),
                self._lidar.elevation,
            )
            body = rows.tobytes()
        angle = math.fmod((number + 1) * self._turn, 1.0) * spec.horizontal_fov
        return struct.pack("<fI", angle, spec.channels) + counts + body


class Echoes:
    """A radar."""

    def __init__(self, town: Town, asked: Description, mount: Mount, tick: float) -> None:
        self._radar = Radar(town, radar_spec(asked, mount), tick)

    def sense(self, scene: Scene, carrier: int, me: FloatArray, key: np.uint64) -> bytes:
        """Cast the rays of one tick from row `me`."""
        view = scene.view(carrier)
        view[0] = me
        soup = scene.soup(carrier, False, float(me[Actor.X]), float(me[Actor.Y]))
        return self._radar.sense(soup, view, key).tobytes()
