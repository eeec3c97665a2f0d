"""All sensors of an episode: which are due at a frame, and what they send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from roadworthy.sim.carla.server.sensing.events import Feeler, Inertial, Receiver, touches
from roadworthy.sim.carla.server.sensing.pictures import PARTS, Pictures
from roadworthy.sim.carla.server.sensing.rays import Echoes, Rays
from roadworthy.sim.carla.server.sensing.scene import NOBODY, Scene, loose_row
from roadworthy.sim.carla.server.sensing.specs import Mount, mount_of
from roadworthy.sim.carla.server.streams import header

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.episode import Episode
    from roadworthy.sim.carla.server.ledger import Entry

# CARLA's numbers of the kinds of messages: the order of its sensor registry.
NUMBERS = {
    "sensor.other.collision": 0,
    "sensor.camera.depth": 1,
    "sensor.other.gnss": 4,
    "sensor.other.imu": 5,
    "sensor.other.obstacle": 7,
    "sensor.other.radar": 9,
    "sensor.lidar.ray_cast_semantic": 10,
    "sensor.lidar.ray_cast": 11,
    "sensor.camera.rgb": 13,
    "sensor.camera.semantic_segmentation": 14,
    "sensor.camera.instance_segmentation": 15,
}
Kind = Pictures | Rays | Echoes | Receiver | Inertial | Feeler | None


class Senses:
    """The sensors that are attached in one episode."""

    def __init__(self) -> None:
        self._scene = Scene()
        self._made: dict[int, tuple[tuple[object, ...], Kind]] = {}
        self._next: dict[int, float] = {}  # [s] when a sensor with a sensor_tick is due

    def forget(self, number: int) -> None:
        """Drop a sensor that was destroyed."""
        self._made.pop(number, None)
        self._next.pop(number, None)

    def sense(self, episode: Episode, frame: int, number: int) -> None:
        """Send what the sensors that somebody reads sense at a frame."""
        due = [
            entry
            for entry in episode.sensors.values()
            if entry.type_id in NUMBERS and episode.streams.wanted(entry.stream)
        ]
        if not due:
            return
        self._scene.at(episode, frame, number, episode.delta)
        for entry in due:
            if entry.type_id == "sensor.other.collision":
                parent = episode.ledger.entries.get(entry.parent)
                if len(episode.bodies.hits) and parent is not None and parent.row >= 0:
                    for message in touches(episode, parent):
                        self._send(entry, message)
            elif self._due(entry, episode.time):
                message_ = self._message(entry)
                if message_ is not None:
                    self._send(entry, message_)

    def _due(self, entry: Entry, now: float) -> bool:
        every = entry.description.number("sensor_tick", 0.0)
        if every <= 0.0:
            return True
        if now < self._next.get(entry.id, 0.0) - 1e-6:
            return False
        self._next[entry.id] = max(self._next.get(entry.id, now), now - every) + every
        return True

    def _send(self, entry: Entry, body: bytes) -> None:
        scene = self._scene
        pose = scene.episode.ledger.pose(entry)
        head = header(NUMBERS[entry.type_id], scene.frame, scene.episode.time, pose)
        scene.episode.streams.publish(entry.stream, head + body)

    def _message(self, entry: Entry) -> bytes | None:
        scene, episode = self._scene, self._scene.episode
        parent = episode.ledger.entries.get(entry.parent)
        if parent is not None and parent.row >= 0 and entry.rigid and entry.relative is not None:
            carrier, me = parent.row, episode.bodies.actors[parent.row]
            mount = mount_of(entry.relative, parent.lift)
        else:
            carrier, me = NOBODY, loose_row(episode.ledger.pose(entry))
            mount = Mount()
        kind, key = self._kind(entry, mount), scene.key(entry)
        if isinstance(kind, Receiver):
            place = episode.ledger.motion[entry.slot, :3].astype(np.float32)
            return kind.sense(scene, me, place, key)
        if isinstance(kind, Inertial):
            return kind.sense(me, key)
        if isinstance(kind, Feeler):
            return (
                None if parent is None or carrier == NOBODY else kind.sense(scene, carrier, parent)
            )
        return None if kind is None else kind.sense(scene, carrier, me, key)

    def _kind(self, entry: Entry, mount: Mount) -> Kind:
        """The sensor's machinery; made anew where its mount or the step has changed."""
        asked = entry.description
        tick = max(self._scene.dt, asked.number("sensor_tick", 0.0))
        made = self._made.get(entry.id)
        if made is not None and made[0] == (mount, tick):
            return made[1]
        town, name = self._scene.episode.town, asked.id
        kind: Kind = None
        if name.rsplit(".", 1)[-1] in PARTS:
            kind = Pictures(town, asked, mount)
        elif name.startswith("sensor.lidar."):
            kind = Rays(town, asked, mount, tick)
        elif name == "sensor.other.radar":
            kind = Echoes(town, asked, mount, tick)
        elif name == "sensor.other.gnss":
            kind = Receiver(asked)
        elif name == "sensor.other.imu":
            kind = Inertial(asked, mount)
        elif name == "sensor.other.obstacle":
            kind = Feeler(asked, mount)
        self._made[entry.id] = ((mount, tick), kind)
        return kind
