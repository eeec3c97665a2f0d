"""Everything used once before somebody waits for it: kernels compile at their first use.

On a machine whose cache of kernels is empty that takes minutes, and a client's time-out seconds.
"""

from __future__ import annotations

from roadworthy.sim.carla.server.episode import Episode
from roadworthy.sim.carla.server.maps import Map
from roadworthy.sim.carla.server.sensing.senses import NUMBERS
from roadworthy.sim.carla.server.streams import Streams
from roadworthy.sim.carla.server.values import Description, Pose

STEP = 0.05  # [s]
_STRING = 4  # rpc::ActorAttributeType of what is said as text
_SMALL = {
    "image_size_x": "32", "image_size_y": "32", "channels": "4", "points_per_second": "2000",
}  # fmt: skip
_AT = Pose(0.0, 0.0, 2.0, 0.0, 0.0, 0.0)


class _Nobody:
    """A reader of streams that throws away what it reads."""

    def send(self, message: bytes) -> bool:
        """Take a message."""
        return bool(message)

    def close(self) -> None:
        """End."""


def warm_up(map_: Map) -> None:
    """Let a car with every sensor drive, and a walker walk, in an episode that nobody sees."""
    streams = Streams()
    episode = Episode(0, map_, streams, 1)
    episode.warm()
    above = map_.spawns[0] if map_.spawns else _AT
    car = episode.spawn(_described("vehicle.tesla.model3"), above._replace(z=above.z + 200.0))
    episode.spawn(_described("walker.pedestrian.0001"), above._replace(z=above.z + 250.0))
    for name in NUMBERS:
        entry = episode.spawn(_described(name), _AT, car.id)
        streams.subscribe(entry.stream, _Nobody())
    for frame in range(1, 3):
        episode.advance(STEP)
        episode.sense(frame)


def _described(name: str) -> Description:
    small = {key: (_STRING, value) for key, value in _SMALL.items()}
    return Description(0, name, {"role_name": (_STRING, "warm"), **small})
