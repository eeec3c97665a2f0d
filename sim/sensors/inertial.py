"""GNSS, IMU and speedometer of one vehicle, with noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Gnss, Imu
from roadworthy.sim.rng import derive, normal
from roadworthy.sim.sensors.specs import InertialSpec
from roadworthy.sim.world.columns import Actor

EARTH_RADIUS = 6378137.0  # [m] CARLA: LibCarla/source/carla/geom/GeoLocation.cpp
GRAVITY = 9.81  # [m/s^2]


def to_gnss(x: float, y: float, z: float, geo_reference: tuple[float, float]) -> Gnss:
    """Convert a position to latitude and longitude.

    The server's sensor (LibCarla, `GeoLocation.cpp`) uses a Mercator projection with the scale of
    the reference's latitude, and y points south; the leaderboard's agents invert just that.
    (`Map.transform_to_geolocation` of the 0.9.16 wheel differs: there y points north and the
    scale is 0.9996.)

    Args:
        x: east of the reference [m].
        y: south of the reference [m].
        z: above the reference [m].
        geo_reference: latitude and longitude of the map's origin [degrees].
    """
    latitude, longitude = geo_reference
    scale = math.cos(math.radians(latitude))
    mercator_x = scale * math.radians(longitude) * EARTH_RADIUS + x
    mercator_y = scale * EARTH_RADIUS * math.log(math.tan(math.radians(90.0 + latitude) / 2.0)) - y
    return Gnss(
        latitude=math.degrees(2.0 * math.atan(math.exp(mercator_y / (EARTH_RADIUS * scale))))
        - 90.0,
        longitude=math.degrees(mercator_x / (EARTH_RADIUS * scale)),
        altitude=z,
    )


def compass(yaw: float) -> float:
    """Angle from north (-y), clockwise, in [0, 2 pi) for a yaw [rad] from east (+x)."""
    return (yaw + 0.5 * math.pi) % (2.0 * math.pi)


def sense_gnss(
    actor: NDArray[np.float32],
    geo_reference: tuple[float, float],
    spec: InertialSpec,
    key: np.uint64,
) -> Gnss:
    """Read the satellite receiver of an actor row [Actor]; draws 0 to 2 and 11 to 13 of `key`."""
    key = _seeded(key, spec)
    x, y, z = (
        float(actor[column]) + spec.gnss_noise * float(normal(key, draw))
        for draw, column in enumerate((Actor.X, Actor.Y, Actor.Z))
    )
    true = to_gnss(x, y, z, geo_reference)
    return Gnss(
        latitude=_off(true.latitude, spec.noise_lat_bias, spec.noise_lat_stddev, key, 11),
        longitude=_off(true.longitude, spec.noise_lon_bias, spec.noise_lon_stddev, key, 12),
        altitude=_off(true.altitude, spec.noise_alt_bias, spec.noise_alt_stddev, key, 13),
    )


def sense_imu(actor: NDArray[np.float32], spec: InertialSpec, key: np.uint64) -> Imu:
    """Read the inertial unit of an actor row [Actor]; draws 3 to 9 and 14 to 19 of `key`.

    The accelerometer feels the reaction to gravity: +9.81 m/s^2 upward at rest, and its
    component along the body's axes on a slope.
    """
    key = _seeded(key, spec)
    noise = [float(normal(key, draw)) for draw in range(3, 10)]
    pitch = float(actor[Actor.PITCH])
    true = (
        float(actor[Actor.ACCEL]) + GRAVITY * math.sin(pitch),
        float(actor[Actor.SPEED] * actor[Actor.YAW_RATE]),
        GRAVITY * math.cos(pitch),
    )
    turning = (0.0, 0.0, float(actor[Actor.YAW_RATE]))
    acceleration = [
        _off(true[k] + spec.acceleration_noise * noise[k], 0.0, deviation, key, 14 + k)
        for k, deviation in enumerate(spec.noise_accel_stddev)
    ]
    gyroscope = [
        _off(
            turning[k] + spec.gyroscope_noise * noise[3 + k],
            spec.noise_gyro_bias[k], deviation, key, 17 + k,
        )
        for k, deviation in enumerate(spec.noise_gyro_stddev)
    ]  # fmt: skip
    heading = float(actor[Actor.YAW]) + spec.compass_noise * noise[6]
    return Imu(
        acceleration=(acceleration[0], acceleration[1], acceleration[2]),
        gyroscope=(gyroscope[0], gyroscope[1], gyroscope[2]),
        compass=compass(heading),
    )


def sense_speed(actor: NDArray[np.float32], spec: InertialSpec, key: np.uint64) -> float:
    """Read the speedometer [m/s] of an actor row [Actor]; draw 10 of `key`."""
    return float(actor[Actor.SPEED]) + spec.speed_noise * float(normal(_seeded(key, spec), 10))


def _seeded(key: np.uint64, spec: InertialSpec) -> np.uint64:
    """The stream of a spec's seed below `key`; seed 0 is `key` itself."""
    return np.uint64(derive(key, spec.seed)) if spec.seed else key


def _off(true: float, bias: float, deviation: float, key: np.uint64, draw: int) -> float:
    """CARLA's noise (InertialMeasurementUnit.cpp, GnssSensor.cpp): bias plus a normal number."""
    return true + bias + (deviation * float(normal(key, draw)) if deviation else 0.0)
