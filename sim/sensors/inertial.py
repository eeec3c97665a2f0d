"""GNSS, IMU and speedometer of one vehicle, with noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Gnss, Imu
from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.rng import derive, normal
from roadworthy.sim.sensors.specs import InertialSpec
from roadworthy.sim.world.columns import Actor

_YAW, _PITCH, _SPEED, _SLIDE_X, _SLIDE_Y = (
    int(Actor.YAW),
    int(Actor.PITCH),
    int(Actor.SPEED),
    int(Actor.SLIDE_X),
    int(Actor.SLIDE_Y),
)
_DEG = 180.0 / math.pi
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
    component along the body's axes on a slope. All numbers are float32, as CARLA's are.
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
    a, b, c = (float(np.float32(v)) for v in acceleration)
    p, q, r = (float(np.float32(v)) for v in gyroscope)
    heading = float(np.float32(compass(float(actor[Actor.YAW]))))
    return Imu((a, b, c), (p, q, r), _blurred(heading, spec, noise[6]))


def blur_compass(heading: float, spec: InertialSpec, key: np.uint64) -> float:
    """Put a spec's noise onto a true compass [rad]; draw 9 of `key`. CARLA's has none."""
    return _blurred(heading, spec, float(normal(_seeded(key, spec), 9)))


def _blurred(heading: float, spec: InertialSpec, noise: float) -> float:
    return (heading + spec.compass_noise * noise) % (2.0 * math.pi)


@inlined_kernel
def level_motion(me: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw [degrees] and velocity over ground in x and y [m/s] of an actor row, as clients get them.

    They are told as float32.
    """
    level = math.cos(me[_PITCH]) * me[_SPEED]
    vx = level * math.cos(me[_YAW]) + me[_SLIDE_X]
    vy = level * math.sin(me[_YAW]) + me[_SLIDE_Y]
    return me[_YAW] * _DEG, vx, vy


@kernel
def _tell(me: NDArray[np.float32], out: NDArray[np.float32]) -> None:
    out[0], out[1], out[2] = level_motion(me)


def forward_speed(yaw: float, vx: float, vy: float) -> float:
    """Forward speed [m/s], float32, of a vehicle with a yaw [degrees] and a velocity [m/s].

    Source: leaderboard, sensor_interface.py, SpeedometerReader: the velocity along the forward
    axis, of what the server tells.
    """
    turn = math.radians(yaw)
    return float(np.float32(vx * math.cos(turn) + vy * math.sin(turn)))


def sense_speed(actor: NDArray[np.float32], spec: InertialSpec, key: np.uint64) -> float:
    """Read the speedometer [m/s] of an actor row [Actor]; draw 10 of `key`."""
    told = np.empty(3, np.float32)
    _tell(actor, told)
    return blur_speed(forward_speed(*told.tolist()), spec, key)


def blur_speed(speed: float, spec: InertialSpec, key: np.uint64) -> float:
    """Put a spec's noise onto a true speed [m/s]; draw 10 of `key`. CARLA's has none."""
    return speed + spec.speed_noise * float(normal(_seeded(key, spec), 10))


def _seeded(key: np.uint64, spec: InertialSpec) -> np.uint64:
    """The stream of a spec's seed below `key`; seed 0 is `key` itself."""
    return np.uint64(derive(key, spec.seed)) if spec.seed else key


def _off(true: float, bias: float, deviation: float, key: np.uint64, draw: int) -> float:
    """CARLA's noise (InertialMeasurementUnit.cpp, GnssSensor.cpp): bias plus a normal number."""
    return true + bias + (deviation * float(normal(key, draw)) if deviation else 0.0)
