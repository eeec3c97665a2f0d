"""Sensors of few numbers: GNSS, IMU, collisions and obstacles; they travel as msgpack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.sensing.scene import Scene
from roadworthy.sim.carla.server.sensing.specs import Mount, inertial_spec, obstacle_spec
from roadworthy.sim.carla.server.touching import HIT_A, HIT_B, HIT_X, HIT_Y
from roadworthy.sim.carla.server.values import Description
from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.sensors.events import sense_obstacle
from roadworthy.sim.sensors.inertial import sense_gnss, sense_imu
from roadworthy.sim.world.columns import Actor

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.episode import Episode
    from roadworthy.sim.carla.server.ledger import Entry

FloatArray = NDArray[np.float32]

# What CARLA calls the things of its maps, and their semantic labels.
_STATIC = {
    Prop.BUILDING: ("static.building", 3),
    Prop.TREE: ("static.vegetation", 9),
    Prop.POLE: ("static.pole", 6),
    Prop.WALL: ("static.wall", 4),
    Prop.FENCE: ("static.fence", 5),
    Prop.BENCH: ("static.static", 20),
}


def thing(episode: Episode, box: int) -> list[Any]:
    """A box of the scenery as rpc::Actor: a light or a sign, or something without an id."""
    row = episode.town.scenery.boxes[box]
    signal = int(row[Box.SIGNAL])
    if signal >= 0:
        entry = episode.ledger.entries.get(int(episode.ledger.signal_id[signal]))
        if entry is not None:
            return entry.wire()
    name, tag = _STATIC.get(Prop(int(row[Box.PROP])), ("static.pole", 6))
    zero = [0.0, 0.0, 0.0]
    return [0, 0, [0, name, []], [zero, zero, zero, 0], bytes([tag]), b""]


class Receiver:
    """A GNSS receiver."""

    def __init__(self, asked: Description) -> None:
        self._spec = inertial_spec(asked)

    def sense(self, scene: Scene, me: FloatArray, place: FloatArray, key: np.uint64) -> bytes:
        """Read it at `place` [m]."""
        there = me.copy()
        there[[Actor.X, Actor.Y, Actor.Z]] = place
        reference = scene.episode.town.network.geo_reference
        fix = sense_gnss(there, reference, self._spec, key)
        return bytes(msgpack.packb([fix.latitude, fix.longitude, fix.altitude]))


class Inertial:
    """An IMU."""

    def __init__(self, asked: Description, mount: Mount) -> None:
        self._spec = inertial_spec(asked)
        self._yaw = mount.yaw

    def sense(self, me: FloatArray, key: np.uint64) -> bytes:
        """Read it on row `me`."""
        imu = sense_imu(me, self._spec, key)
        compass = (imu.compass + self._yaw) % (2.0 * np.pi)
        return bytes(msgpack.packb([list(imu.acceleration), list(imu.gyroscope), float(compass)]))


class Feeler:
    """An obstacle detector."""

    def __init__(self, asked: Description, mount: Mount) -> None:
        self._spec = obstacle_spec(asked, mount)

    def sense(self, scene: Scene, carrier: int, parent: Entry) -> bytes | None:
        """What lies ahead of `carrier`; None where nothing does."""
        episode = scene.episode
        boxes = episode.town.scenery.boxes
        found = sense_obstacle(scene.view(carrier), boxes, self._spec)
        if found is None:
            return None
        if found.actor >= 0:
            number = int(scene.numbers(carrier)[found.actor])
            other = episode.ledger.entries.get(number)
            if other is None:
                return None
            met = other.wire()
        else:
            met = thing(episode, found.box)
        return bytes(msgpack.packb([parent.wire(), met, float(found.distance)]))


def touches(episode: Episode, parent: Entry) -> list[bytes]:
    """A collision sensor's messages of this frame, one for each touch of its carrier."""
    messages = []
    for row in episode.bodies.hits:
        a, b = int(row[HIT_A]), int(row[HIT_B])
        if parent.row not in (a, b):
            continue
        sign = 1.0 if parent.row == a else -1.0
        if b < 0:
            other = thing(episode, -1 - b)
        else:
            entry = episode.ledger.row_entry.get(b if parent.row == a else a)
            if entry is None:
                continue
            other = entry.wire()
        impulse = [sign * float(row[HIT_X]), sign * float(row[HIT_Y]), 0.0]
        messages.append(bytes(msgpack.packb([parent.wire(), other, impulse])))
    return messages
