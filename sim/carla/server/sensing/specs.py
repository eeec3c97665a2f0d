"""From the attributes of CARLA's sensors to Roadworthy's specs."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from roadworthy.sim.carla.server.values import Description, Pose, RefusedError
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.sensors.specs import (
    CameraSpec,
    InertialSpec,
    LidarSpec,
    ObstacleSpec,
    RadarSpec,
)

MOST_PIXELS = 4096 * 4096
NOT_HERE = ("sensor.camera.normals", "sensor.camera.optical_flow", "sensor.camera.dvs")
MOST_RAYS = 4_000_000  # of a lidar, in a second


class Mount(NamedTuple):
    """Where a sensor sits in its carrier's axes: metres and radians."""

    x: float = 0.0
    y: float = 0.0
    z: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0


def mount_of(pose: Pose, lift: float) -> Mount:
    """From CARLA's pose relative to an actor whose origin is `lift` above its foot.

    Poses travel as float32; the decimal number that the client wrote is meant: 2.2, not
    2.200000047.
    """
    x, y, z, *angles = (_written(v) for v in (*pose[:3], pose.pitch, pose.yaw, pose.roll))
    turns = (math.radians(angle) for angle in angles)
    return Mount(x, y, z + lift, *turns)


def _written(value: float) -> float:
    """The shortest decimal number that is this float32."""
    return float(str(np.float32(value)))


def camera_spec(asked: Description, mount: Mount) -> CameraSpec:
    """Read a camera's attributes.

    Raises:
        SettingsError: they make no picture.
    """
    bent: dict[str, Any] = {}
    k, cube = asked.number("lens_k", -1.0), asked.number("lens_kcube", 0.0)
    if (k, cube) != (-1.0, 0.0):  # CARLA's defaults bend nothing: its lens has no size then
        bent = {"lens_k": k, "lens_kcube": cube}
    width, height = (
        int(asked.number(f"image_size_{axis}", d)) for axis, d in (("x", 800), ("y", 600))
    )
    if width * height > MOST_PIXELS:
        raise SettingsError(f"a picture of {width} x {height}; at most {MOST_PIXELS} pixels")
    return CameraSpec(
        name="camera", **mount._asdict(), width=width, height=height,
        fov=math.radians(asked.number("fov", 90.0)),
        instance=asked.id.endswith("instance_segmentation"), **bent,
    ).validate()  # fmt: skip


def lidar_spec(asked: Description, mount: Mount) -> LidarSpec:
    """Read a lidar's attributes.

    Raises:
        SettingsError: no ray can be cast with them.
    """

    def angle(name: str, default: float, most: float) -> float:
        return math.radians(min(max(asked.number(name, default), -most), most))

    points = int(asked.number("points_per_second", 56_000))
    if not 1 <= points <= MOST_RAYS:
        raise SettingsError(f"points_per_second is {points}; it must be in 1..{MOST_RAYS}")
    return LidarSpec.carla(
        **mount._asdict(),
        channels=int(asked.number("channels", 32)),
        points_per_second=points,
        range=asked.number("range", 10.0),
        rotation_frequency=asked.number("rotation_frequency", 10.0),
        upper_fov=angle("upper_fov", 10.0, 88.0),
        lower_fov=angle("lower_fov", -30.0, 88.0),
        horizontal_fov=angle("horizontal_fov", 360.0, 360.0),
        noise=asked.number("noise_stddev", 0.0),
        dropout=asked.number("dropoff_general_rate", 0.45),
        dropoff_intensity_limit=asked.number("dropoff_intensity_limit", 0.8),
        dropoff_zero_intensity=asked.number("dropoff_zero_intensity", 0.4),
        attenuation=asked.number("atmosphere_attenuation_rate", 0.004),
    ).validate()


def radar_spec(asked: Description, mount: Mount) -> RadarSpec:
    """Read a radar's attributes.

    Raises:
        SettingsError: no ray can be cast with them.
    """
    place: dict[str, Any] = mount._asdict()
    del place["roll"]
    return RadarSpec(
        **place,
        horizontal_fov=math.radians(asked.number("horizontal_fov", 30.0)),
        vertical_fov=math.radians(asked.number("vertical_fov", 30.0)),
        points_per_second=min(int(asked.number("points_per_second", 1500)), MOST_RAYS),
        range=asked.number("range", 100.0),
    ).validate()


def inertial_spec(asked: Description) -> InertialSpec:
    """Read the noise of a GNSS receiver or an IMU.

    Raises:
        SettingsError: it is none.
    """
    flat = {
        name: asked.number(name, 0.0)
        for axis in ("lat", "lon", "alt")
        for name in (f"noise_{axis}_bias", f"noise_{axis}_stddev")
    }
    axes: dict[str, Any] = {
        name: tuple(asked.number(f"{name}_{axis}", 0.0) for axis in "xyz")
        for name in ("noise_accel_stddev", "noise_gyro_stddev", "noise_gyro_bias")
    }
    return InertialSpec.carla(
        **flat, **axes, seed=max(int(asked.number("noise_seed", 0)), 0)
    ).validate()


def obstacle_spec(asked: Description, mount: Mount) -> ObstacleSpec:
    """Read an obstacle detector's attributes.

    Raises:
        SettingsError: the way or the ball makes no sense.
    """
    return ObstacleSpec(
        mount.x, mount.y, asked.number("distance", 5.0), asked.number("hit_radius", 0.5),
        asked.get("only_dynamics", "false").lower() in ("true", "1"),
    ).validate()  # fmt: skip


def check_sensor(asked: Description) -> None:
    """Refuse a sensor whose attributes make no sense.

    Raises:
        RefusedError: it is one.
    """
    name, here = asked.id, Mount()
    if name in NOT_HERE:
        raise RefusedError(f"unable to spawn {name}: this server has no such camera")
    try:
        if name.startswith("sensor.camera."):
            camera_spec(asked, here)
        elif name.startswith("sensor.lidar."):
            lidar_spec(asked, here)
        elif name == "sensor.other.radar":
            radar_spec(asked, here)
        elif name in ("sensor.other.gnss", "sensor.other.imu"):
            inertial_spec(asked)
        elif name == "sensor.other.obstacle":
            obstacle_spec(asked, here)
    except (SettingsError, OverflowError) as error:
        raise RefusedError(f"unable to spawn {name}: {error}") from None
