"""The sensors of a rig on a vehicle of a CARLA server, and the Frames that they make together."""

from __future__ import annotations

import contextlib
import math
import queue
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.client.link import Link
from roadworthy.sim.carla.client.shadow import Shape
from roadworthy.sim.errors import CarlaError, LostServerError, SettingsError
from roadworthy.sim.frame import Frame, Gnss, Imu
from roadworthy.sim.rng import derive
from roadworthy.sim.sensors.inertial import blur_compass, blur_speed
from roadworthy.sim.sensors.specs import (
    CameraSpec,
    InertialSpec,
    LidarSpec,
    RadarSpec,
    SensorRig,
)
from roadworthy.sim.sensors.suite import INERTIAL, key_of_frame

GLANCE = 0.5  # [s] after which one looks whether the server is still there
BACKLOG = 64  # measurements that a sensor may be ahead of the world
_DEPTH_MOST = 1000.0  # [m] that 2^24 - 1 means


class SensorStream:
    """One sensor of the server, and what it sent."""

    def __init__(self, link: Link, actor: Any, what: str) -> None:
        self.link, self.actor, self.what = link, actor, what
        self._sent: queue.Queue[Any] = queue.Queue(BACKLOG)
        self._kept: Any = None
        actor.listen(self._take)

    def _take(self, data: Any) -> None:
        """Keep a measurement; called by a thread of the wheel, which must never be blocked."""
        while True:
            try:
                self._sent.put_nowait(data)
                return
            except queue.Full:  # nobody asked for so long that the oldest is of no use
                with contextlib.suppress(queue.Empty):
                    self._sent.get_nowait()

    def of(self, frame: int) -> Any:
        """Return the measurement of a frame; older ones are forgotten.

        Raises:
            CarlaError: the sensor left it out.
            LostServerError: it did not come in time, or the server is gone.
        """
        kept, self._kept = self._kept, None
        if kept is not None and kept.frame == frame:
            return kept
        end = time.monotonic() + self.link.timeout
        while True:
            left = end - time.monotonic()
            try:
                data = self._sent.get(timeout=min(max(left, 1e-3), GLANCE))
            except queue.Empty:
                if left > GLANCE and self.link.there():
                    continue
                self.link.lost = True
                why = "the server is gone"
                if left <= GLANCE:
                    why = f"nothing came within {self.link.timeout:g} s"
                raise LostServerError(
                    f"{self.link.address}: waiting for {self.what} of frame {frame}: {why}"
                ) from None
            if data.frame == frame:
                return data
            if data.frame > frame:
                raise CarlaError(
                    f"{self.link.address}: {self.what} of frame {frame} was left out; frame "
                    f"{data.frame} came next. Does another client tick this server?"
                )

    def keep(self, data: Any) -> None:
        """Put a measurement back: somebody else will ask for it."""
        self._kept = data

    def events(self) -> list[Any]:
        """All that was sent so far, for sensors that send when something happens."""
        found = []
        while True:
            try:
                found.append(self._sent.get_nowait())
            except queue.Empty:
                return found

    def close(self) -> None:
        """Stop, then destroy: the other way round leaks on the server (carla #7156)."""
        try:
            self.actor.stop()
            if not self.link.lost:
                self.actor.destroy()
        except RuntimeError:
            pass  # it is gone already


class CarlaRig:
    """A rig's sensors, attached to the agent's vehicle."""

    def __init__(
        self, link: Link, world: Any, vehicle: Any, shape: Shape, rig: SensorRig, seed: int = 0
    ) -> None:
        """Attach all sensors; `seed` is that of their noise.

        Raises:
            CarlaError: the server does not let them be.
            SettingsError: the rig asks for what CARLA's sensors do not do.
        """
        rig.validate()
        for camera in rig.cameras:
            if camera.k1 or camera.k2 or camera.auto_exposure:
                raise SettingsError(
                    f"camera {camera.name!r}: k1, k2 and auto_exposure are the embedded world's; "
                    "CARLA's cameras have lens_k, lens_kcube and exposure"
                )
        self.rig, self._seed = rig, seed
        self._inertial = rig.inertial.as_carla(seed)
        self._link, self._world, self._vehicle = link, world, vehicle
        # A rig's poses are from the vehicle's centre on the ground, CARLA's from its origin.
        self._origin = (
            shape.centre[0],
            shape.centre[1],
            shape.centre[2] - 0.5 * shape.size[2],
        )
        self._open: list[SensorStream] = []
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self) -> None:
        """Attach one sensor after the other."""
        rig, add = self.rig, self._add
        self._cameras = {spec.name: add("camera.rgb", spec, camera(spec)) for spec in rig.cameras}
        self._depths = {
            spec.name: add("camera.depth", spec, camera(spec)) for spec in rig.cameras if spec.depth
        }
        self._labels = {
            spec.name: add("camera.semantic_segmentation", spec, camera(spec))
            for spec in rig.cameras
            if spec.semantic
        }
        self._instances = {
            spec.name: add("camera.instance_segmentation", spec, camera(spec))
            for spec in rig.cameras
            if spec.instance
        }
        self._lidar = None
        if rig.lidar is not None:
            self._lidar = add("lidar.ray_cast", rig.lidar, lidar(rig.lidar))
        self._lidars = {spec.name: add("lidar.ray_cast", spec, lidar(spec)) for spec in rig.lidars}
        self._semantic = {
            spec.name: add("lidar.ray_cast_semantic", spec, semantic_lidar(spec))
            for spec in rig.semantic_lidars
        }
        self._radars = {spec.name: add("other.radar", spec, radar(spec)) for spec in rig.radars}
        self._imu = add("other.imu", None, imu(self._inertial))
        self._gnss = add("other.gnss", None, gnss(self._inertial))

    def _add(self, kind: str, spec: Any, attributes: Mapping[str, Any]) -> SensorStream:
        """Spawn a sensor and listen to it."""
        carla = self._link.carla
        name = f"sensor.{kind}"
        ox, oy, oz = self._origin
        x, y, z = (float(getattr(spec, axis, 0.0)) for axis in "xyz")
        turn = {axis: math.degrees(getattr(spec, axis, 0.0)) for axis in ("pitch", "yaw", "roll")}
        with self._link.waiting(f"the sensor {name}"):
            blueprint = self._world.get_blueprint_library().find(name)
            for key, value in attributes.items():
                blueprint.set_attribute(key, str(value))
            pose = carla.Transform(carla.Location(x + ox, y + oy, z + oz), carla.Rotation(**turn))
            actor = self._world.spawn_actor(blueprint, pose, attach_to=self._vehicle)
        label = f"{name} {spec.name!r}" if spec is not None else name
        stream = SensorStream(self._link, actor, f"the measurement of {label}")
        self._open.append(stream)
        return stream

    def read(self, frame: int, number: int, seconds: float, speed: float, key: np.uint64) -> Frame:
        """Gather what all sensors measured in one frame of the server.

        Args:
            frame: the server's number of it.
            number: ours, ticks since the drive began.
            seconds: since the drive began.
            speed: of the vehicle, forward [m/s].
            key: of the world; with the seed and `number` it picks the noise of compass and speed,
                which CARLA's sensors do not have.

        Raises:
            CarlaError: a measurement is missing.
        """

        def all_of(
            streams: Mapping[str, SensorStream], convert: Callable[[Any], NDArray[Any]]
        ) -> dict[str, NDArray[Any]]:
            return {name: convert(stream.of(frame)) for name, stream in streams.items()}

        noise = np.uint64(derive(key_of_frame(key, self._seed, number), INERTIAL))
        inertial, place = self._imu.of(frame), self._gnss.of(frame)
        felt, turning = inertial.accelerometer, inertial.gyroscope
        rows = np.zeros((0, 4), np.float32)
        return Frame(
            number,
            seconds,
            all_of(self._cameras, rgb_of),
            rows if self._lidar is None else lidar_of(self._lidar.of(frame)),
            Imu(
                (felt.x, felt.y, felt.z),
                (turning.x, turning.y, turning.z),
                blur_compass(float(inertial.compass), self._inertial, noise),
            ),
            Gnss(place.latitude, place.longitude, place.altitude),
            blur_speed(speed, self._inertial, noise),
            all_of(self._depths, depth_of),
            all_of(self._labels, label_of),
            instances=all_of(self._instances, rgb_of),
            lidars=all_of(self._lidars, lidar_of),
            semantic_lidars=all_of(self._semantic, semantic_of),
            radars=all_of(self._radars, radar_of),
        )

    def wait(self, frame: int) -> None:
        """Wait until all sensors have measured a frame, which can still be read.

        Raises:
            CarlaError: a measurement is missing.
        """
        for stream in self._open:
            stream.keep(stream.of(frame))

    def close(self) -> None:
        """Destroy all sensors."""
        while self._open:
            self._open.pop().close()


def camera(spec: CameraSpec) -> dict[str, Any]:
    """Attributes of a camera's blueprint."""
    return {
        "image_size_x": spec.width,
        "image_size_y": spec.height,
        "fov": math.degrees(spec.fov),
        "sensor_tick": 0.0,
        "lens_k": spec.lens_k,
        "lens_kcube": spec.lens_kcube,
    }


def semantic_lidar(spec: LidarSpec) -> dict[str, Any]:
    """Attributes of a semantic lidar's blueprint."""
    turns = spec.rotation_frequency or 1.0 / 0.05
    points = spec.points_per_second or int(spec.channels * spec.steps * turns)
    return {
        "channels": spec.channels,
        "range": spec.range,
        "points_per_second": points,
        "rotation_frequency": turns,
        "upper_fov": math.degrees(spec.upper_fov),
        "lower_fov": math.degrees(spec.lower_fov),
        "horizontal_fov": math.degrees(spec.horizontal_fov),
        "sensor_tick": 0.0,
    }


def lidar(spec: LidarSpec) -> dict[str, Any]:
    """Attributes of a lidar's blueprint."""
    return {
        **semantic_lidar(spec),
        "noise_stddev": spec.noise,
        "dropoff_general_rate": spec.dropout,
        "dropoff_intensity_limit": spec.dropoff_intensity_limit,
        "dropoff_zero_intensity": spec.dropoff_zero_intensity,
        "atmosphere_attenuation_rate": spec.attenuation,
    }


def radar(spec: RadarSpec) -> dict[str, Any]:
    """Attributes of a radar's blueprint."""
    return {
        "horizontal_fov": math.degrees(spec.horizontal_fov),
        "vertical_fov": math.degrees(spec.vertical_fov),
        "points_per_second": spec.points_per_second,
        "range": spec.range,
        "sensor_tick": 0.0,
    }


def imu(spec: InertialSpec) -> dict[str, Any]:
    """Attributes of an IMU's blueprint, from a spec `as_carla`."""
    found: dict[str, Any] = {"noise_seed": spec.seed}
    for k, axis in enumerate("xyz"):
        found[f"noise_accel_stddev_{axis}"] = spec.noise_accel_stddev[k]
        found[f"noise_gyro_stddev_{axis}"] = spec.noise_gyro_stddev[k]
        found[f"noise_gyro_bias_{axis}"] = spec.noise_gyro_bias[k]
    return found


def gnss(spec: InertialSpec) -> dict[str, Any]:
    """Attributes of a GNSS receiver's blueprint, from a spec `as_carla`."""
    return {
        "noise_seed": spec.seed,
        "noise_lat_bias": spec.noise_lat_bias,
        "noise_lat_stddev": spec.noise_lat_stddev,
        "noise_lon_bias": spec.noise_lon_bias,
        "noise_lon_stddev": spec.noise_lon_stddev,
        "noise_alt_bias": spec.noise_alt_bias,
        "noise_alt_stddev": spec.noise_alt_stddev,
    }


def _pixels(image: Any) -> NDArray[np.uint8]:
    """Bytes of a picture, BGRA, uint8 [height, width, 4]."""
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def rgb_of(image: Any) -> NDArray[np.uint8]:
    """Picture as RGB, uint8 [height, width, 3]."""
    return np.ascontiguousarray(_pixels(image)[:, :, 2::-1])


def depth_of(image: Any) -> NDArray[np.float32]:
    """Depth [m], float32 [height, width]; CARLA packs 24 bits into R, G, B."""
    blue, green, red = (_pixels(image)[:, :, c].astype(np.float32) for c in range(3))
    packed = red + green * 256.0 + blue * 65536.0
    return (packed / np.float32(256**3 - 1) * np.float32(_DEPTH_MOST)).astype(np.float32)


def label_of(image: Any) -> NDArray[np.uint8]:
    """Semantic labels, uint8 [height, width]: the red channel."""
    return np.ascontiguousarray(_pixels(image)[:, :, 2])


def lidar_of(data: Any) -> NDArray[np.float32]:
    """Points, float32 [N, 4]: x, y, z, intensity."""
    return np.frombuffer(data.raw_data, np.float32).reshape(-1, 4).copy()


def semantic_of(data: Any) -> NDArray[np.float32]:
    """Points, float32 [N, 6]: x, y, z, cosine, object, label; CARLA sends the last two whole."""
    rows = np.frombuffer(data.raw_data, np.float32).reshape(-1, 6).copy()
    rows[:, 4:] = rows[:, 4:].view(np.uint32)
    return rows


def radar_of(data: Any) -> NDArray[np.float32]:
    """Detections, float32 [N, 4]: velocity, azimuth, altitude, depth."""
    return np.frombuffer(data.raw_data, np.float32).reshape(-1, 4).copy()
