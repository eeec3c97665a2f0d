"""All sensors of one vehicle, read at the same tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Frame
from roadworthy.sim.rng import derive
from roadworthy.sim.sensors.air import CLEAR_NOON, Air, air_of
from roadworthy.sim.sensors.camera import Camera
from roadworthy.sim.sensors.events import sense_marks, sense_obstacle, sense_touches
from roadworthy.sim.sensors.inertial import sense_gnss, sense_imu, sense_speed
from roadworthy.sim.sensors.lidar import Lidar
from roadworthy.sim.sensors.radar import Radar
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.sensors.specs import TICK, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.columns import Actor

FloatArray = NDArray[np.float32]

_NOON = Weather().row().tobytes()

_Sensor = TypeVar("_Sensor")

# Streams below the key of one frame.
INERTIAL, LIDAR, _LIDARS, _RADARS = 0, 1, 2, 3
CAMERAS = 1000  # and one for each further camera


def key_of_frame(key: np.uint64, seed: int, number: int) -> np.uint64:
    """Of all noise in tick `number` of the world with a key, by the suite's seed."""
    return np.uint64(derive(np.uint64(derive(key, seed)), number))


def key_of_lidar(frame_key: np.uint64, index: int) -> np.uint64:
    """Of the noise of a further lidar."""
    return np.uint64(derive(np.uint64(derive(frame_key, _LIDARS)), index))


def key_of_radar(frame_key: np.uint64, index: int) -> np.uint64:
    """Of the noise of a radar."""
    return np.uint64(derive(np.uint64(derive(frame_key, _RADARS)), index))


class SensorSuite:
    """The sensors of a rig in one town. Not shared between threads: it owns buffers."""

    def __init__(self, town: Town, rig: SensorRig, seed: int, tick: float = TICK) -> None:
        """Prepare all sensors; builds the town's mesh if this is its first suite (seconds).

        Args:
            town: where it drives.
            rig: all sensors.
            seed: of their noise.
            tick: [s] of the world, for heads that turn and sensors that count points per second.

        Raises:
            SettingsError: two sensors share a name, or a size or angle makes no sense.
        """
        rig.validate()
        self.town = town
        self.rig = rig
        self._seed = seed
        self._inertial = rig.inertial.as_carla(seed)
        self._cameras = [Camera(town, spec) for spec in rig.cameras]
        self._lidar = Lidar(town, rig.lidar, tick) if rig.lidar is not None else None
        self._lidars = [Lidar(town, spec, tick) for spec in rig.lidars]
        self._semantic_lidars = [Lidar(town, spec, tick) for spec in rig.semantic_lidars]
        self._radars = [Radar(town, spec, tick) for spec in rig.radars]
        self._others = ActorSoup(0)
        self._air: tuple[bytes, Air] = (b"", CLEAR_NOON)

    def sense(
        self,
        actors: FloatArray,
        ego: FloatArray,
        lights: NDArray[np.uint8],
        number: int,
        time: float,
        key: np.uint64,
        weather: FloatArray | None = None,
        hits: FloatArray | None = None,
        events: NDArray[np.int32] | None = None,
        noise_factor: float = 1.0,
    ) -> Frame:
        """Read all sensors.

        Args:
            actors: one world's actors, float32 [A, Actor]; row 0 carries the sensors.
            ego: one world's ego row, [Ego]; it tells of the lane mark that was crossed.
            lights: Light state of each of the town's signals, uint8 [K].
            number: tick count; with `key` and the suite's seed it picks the noise.
            time: [s] since the world began.
            key: the world's key.
            weather: one world's weather, float32 [WeatherColumn]; None is CARLA's ClearNoon.
            hits: rows of `State.hits` that count, [N, Hit]; None: nothing was hit.
            events: one world's events, int32 [Event]; None: nothing happened.
            noise_factor: times the noise of GNSS, IMU and speedometer (Tuning.NOISE).

        Returns:
            The Frame; its arrays are fresh and may be kept.
        """
        if len(self._others.sphere) != len(actors):
            self._others = ActorSoup(len(actors))
        others, car = self._others, actors[0]
        air = self._light(weather)
        others.fill(actors, 1, float(car[Actor.X]), float(car[Actor.Y]), air, time)
        images, depths, semantics, instances = {}, {}, {}, {}
        frame_key = key_of_frame(key, self._seed, number)
        for index, camera in enumerate(self._cameras):
            name = camera.spec.name
            images[name], depth, semantic = camera.render(
                others, car, lights, air, np.uint64(derive(frame_key, CAMERAS + index))
            )
            if camera.spec.depth:
                depths[name] = depth
            if camera.spec.semantic:
                semantics[name] = semantic
            if camera.spec.instance:
                instances[name] = camera.instances(others, semantic)
        noise = np.uint64(derive(frame_key, INERTIAL))
        inertial = self._inertial
        if noise_factor != 1.0:
            inertial = inertial.scaled(noise_factor)
        lidar = np.zeros((0, 4), np.float32)
        if self._lidar is not None:
            noise_key = np.uint64(derive(frame_key, LIDAR))
            lidar = self._lidar.sweep(others, car, noise_key, number, weather)
        return Frame(
            number=number,
            time=time,
            images=images,
            lidar=lidar,
            imu=sense_imu(car, inertial, noise),
            gnss=sense_gnss(car, self.town.network.geo_reference, inertial, noise),
            speed=sense_speed(car, inertial, noise),
            depths=depths,
            semantics=semantics,
            instances=instances,
            lidars={
                sensor.spec.name: sensor.sweep(others, car, noise_key, number, weather)
                for sensor, noise_key in _keyed(self._lidars, frame_key, key_of_lidar)
            },
            semantic_lidars={
                sensor.spec.name: sensor.semantics(others, car, number)
                for sensor in self._semantic_lidars
            },
            radars={
                sensor.spec.name: sensor.sense(others, actors, noise_key)
                for sensor, noise_key in _keyed(self._radars, frame_key, key_of_radar)
            },
            touches=() if hits is None else sense_touches(hits),
            crossed_marks=() if events is None else sense_marks(ego, events),
            obstacle=None
            if self.rig.obstacle is None
            else sense_obstacle(actors, self.town.scenery.boxes, self.rig.obstacle),
        )

    def _light(self, weather: FloatArray | None) -> Air:
        """Light of a weather; kept while it stays the same, as cameras relight their town."""
        if weather is None:
            return CLEAR_NOON
        code = weather.tobytes()
        if code != self._air[0]:
            same = code == _NOON
            self._air = (code, CLEAR_NOON if same else air_of(weather))
        return self._air[1]


def _keyed(
    sensors: Sequence[_Sensor],
    frame_key: np.uint64,
    key_of: Callable[[np.uint64, int], np.uint64],
) -> Iterator[tuple[_Sensor, np.uint64]]:
    """Sensors of a kind, each with a key of its own."""
    for index, sensor in enumerate(sensors):
        yield sensor, key_of(frame_key, index)
