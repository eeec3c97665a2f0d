"""What a sensor is and where it sits. Poses are relative to the vehicle's centre on the ground."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any

from roadworthy.sim.errors import SettingsError

METRES_PER_DEGREE = 111_319.49  # of latitude, on CARLA's sphere of 6,378,137 m
TICK = 0.05  # [s] of a world by default
FAR = 1000.0  # [m] from the vehicle's centre, no sensor of it sits farther away


def _check_pose(what: str, spec: Any) -> None:
    """Refuse a pose that is not finite, or not at the vehicle.

    Raises:
        SettingsError: it is so; the message names the sensor and the field.
    """
    for name in ("x", "y", "z", "pitch", "yaw", "roll"):
        value = getattr(spec, name, 0.0)
        most = FAR if name in "xyz" else 1e4
        if not abs(value) <= most:
            raise SettingsError(f"{what}: {name} is {value}; it must be in {-most:g}..{most:g}")


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """A pinhole camera, with optional flaws of lens and sensor; by default it has none.

    The lens bends the picture by one of two laws, never both:
    `lens_k`, `lens_kcube`: CARLA's attributes of these names, r' = r (1 + lens_k r^2 +
    lens_kcube r^3) with r the distance from the picture's centre in picture heights (the
    SynthEyes formula that Unreal's lens material has, without its circle that limits it);
    `k1`, `k2`: Brown's radial terms as OpenCV has them, r the tangent of the angle off the axis.
    """

    name: str = "front"
    x: float = 0.6  # [m] forward
    y: float = 0.0  # [m] right
    z: float = 1.9  # [m] up
    pitch: float = 0.0  # [rad] positive up
    yaw: float = 0.0  # [rad] positive right
    roll: float = 0.0  # [rad]
    width: int = 320  # [pixels]
    height: int = 160  # [pixels]
    fov: float = 1.7453293  # [rad] horizontal; 100 degrees
    depth: bool = False  # fill Frame.depths
    semantic: bool = False  # fill Frame.semantics
    instance: bool = False  # fill Frame.instances
    noise: float = 0.0  # standard deviation of each channel, of 255
    exposure: float = 0.0  # [stops] manual gain, 2 ** exposure
    auto_exposure: bool = False  # bring the picture's mean to a middle grey before `exposure`
    lens_k: float = 0.0
    lens_kcube: float = 0.0
    k1: float = 0.0
    k2: float = 0.0

    def validate(self) -> CameraSpec:
        """Return self; raises SettingsError for sizes and angles that make no picture."""
        if not (1 <= self.width <= 8192 and 1 <= self.height <= 8192):
            raise SettingsError(
                f"camera {self.name!r}: size {self.width}x{self.height} is out of range 1..8192"
            )
        if not 0.01 < self.fov < 3.13:
            raise SettingsError(
                f"camera {self.name!r}: fov {self.fov} rad is not between 0.01 and 3.13"
            )
        for name, low, high in (("noise", 0.0, 100.0), ("exposure", -10.0, 10.0)):
            if not low <= getattr(self, name) <= high:
                raise SettingsError(
                    f"camera {self.name!r}: {name} is {getattr(self, name)}; "
                    f"it must be in {low:g}..{high:g}"
                )
        if (self.lens_k or self.lens_kcube) and (self.k1 or self.k2):
            raise SettingsError(
                f"camera {self.name!r}: give lens_k and lens_kcube or k1 and k2, not both"
            )
        if not all(abs(k) <= 5.0 for k in (self.lens_k, self.lens_kcube, self.k1, self.k2)):
            raise SettingsError(f"camera {self.name!r}: lens terms must be in -5..5")
        _check_pose(f"camera {self.name!r}", self)
        return self


@dataclass(frozen=True, slots=True)
class LidarSpec:
    """A rotating lidar with CARLA's parameters (docs, ref_sensors: sensor.lidar.ray_cast).

    The defaults are those that the shipped networks were trained with: one full turn per frame.
    `carla` has CARLA's. A semantic lidar uses the geometry alone: it has neither noise nor
    drop-off. Where a head turns less than once per frame (`rotation_frequency` below the tick
    rate), a frame holds the part that it swept in the frame's tick, which the tick's number tells.
    """

    x: float = 0.0
    y: float = 0.0
    z: float = 2.2
    yaw: float = 0.0
    channels: int = 32
    steps: int = 360  # rays per channel and turn
    upper_fov: float = 0.1745329  # [rad] 10 degrees up
    lower_fov: float = -0.5235988  # [rad] 30 degrees down
    range: float = 64.0  # [m]; the network looks 58 m far
    noise: float = 0.02  # [m] standard deviation along the ray (noise_stddev)
    dropout: float = 0.02  # share of returns that are lost (dropoff_general_rate)
    dropoff_intensity_limit: float = 0.8  # returns brighter than this are never lost to dimness
    dropoff_zero_intensity: float = 0.0  # share of returns of no intensity that are lost
    attenuation: float = 0.004  # [1/m] of the intensity (atmosphere_attenuation_rate)
    points_per_second: int = 0  # of all channels; 0: as `steps` and the rotation tell
    rotation_frequency: float = 0.0  # [Hz]; 0: one full turn per frame
    horizontal_fov: float = 6.2831853  # [rad] that the head turns through, its middle ahead
    pitch: float = 0.0  # [rad] positive up
    roll: float = 0.0  # [rad]
    name: str = "lidar"

    @classmethod
    def carla(cls, **more: Any) -> LidarSpec:
        """Make CARLA's defaults: 10 m, 56,000 points/s, 10 turns/s, 45 % general drop-off.

        Args:
            more: fields that differ from them.
        """
        base: dict[str, Any] = {
            "range": 10.0,
            "noise": 0.0,
            "dropout": 0.45,
            "dropoff_intensity_limit": 0.8,
            "dropoff_zero_intensity": 0.4,
            "points_per_second": 56_000,
            "rotation_frequency": 10.0,
        }
        return cls(**base | more)

    def turn(self, tick: float = TICK) -> float:
        """Share of `horizontal_fov` that the head sweeps in a tick of so many seconds."""
        share = self.rotation_frequency * tick
        return share if 0.0 < share < 1.0 - 1e-6 else 1.0

    def columns(self, tick: float = TICK) -> int:
        """Rays per channel and frame."""
        if self.points_per_second > 0:
            return max(1, round(self.points_per_second * tick / self.channels))
        return max(1, round(self.steps * self.turn(tick)))

    def validate(self) -> LidarSpec:
        """Return self; raises SettingsError for what no ray can be cast with."""
        for field_name, low, high in _LIDAR_RANGES:
            if not low <= getattr(self, field_name) <= high:
                raise SettingsError(
                    f"lidar {self.name!r}: {field_name} is {getattr(self, field_name)}; "
                    f"it must be in {low:g}..{high:g}"
                )
        if self.lower_fov > self.upper_fov:
            raise SettingsError(
                f"lidar {self.name!r}: lower_fov {self.lower_fov} is above upper_fov "
                f"{self.upper_fov}; swap them"
            )
        _check_pose(f"lidar {self.name!r}", self)
        return self


_LIDAR_RANGES = (
    ("channels", 1, 1024),
    ("steps", 1, 65536),
    ("upper_fov", -1.55, 1.55),
    ("lower_fov", -1.55, 1.55),
    ("range", 0.1, 1000.0),
    ("noise", 0.0, 10.0),
    ("dropout", 0.0, 1.0),
    ("dropoff_intensity_limit", 0.0, 1.0),
    ("dropoff_zero_intensity", 0.0, 1.0),
    ("attenuation", 0.0, 1.0),
    ("points_per_second", 0, 100_000_000),
    ("rotation_frequency", 0.0, 1000.0),
    ("horizontal_fov", 0.001, 6.2831854),
)


@dataclass(frozen=True, slots=True)
class RadarSpec:
    """A radar with CARLA's parameters and defaults (docs, ref_sensors: sensor.other.radar)."""

    name: str = "radar"
    x: float = 2.0  # [m] forward
    y: float = 0.0  # [m] right
    z: float = 1.0  # [m] up
    pitch: float = 0.0  # [rad] positive up
    yaw: float = 0.0  # [rad] positive right
    horizontal_fov: float = 0.5235988  # [rad] 30 degrees
    vertical_fov: float = 0.5235988  # [rad] 30 degrees
    points_per_second: int = 1500
    range: float = 100.0  # [m]

    def validate(self) -> RadarSpec:
        """Return self; raises SettingsError for what no ray can be cast with."""
        for field_name, low, high in (
            ("horizontal_fov", 0.001, 3.1),
            ("vertical_fov", 0.001, 3.1),
            ("points_per_second", 1, 10_000_000),
            ("range", 0.1, 1000.0),
        ):
            if not low <= getattr(self, field_name) <= high:
                raise SettingsError(
                    f"radar {self.name!r}: {field_name} is {getattr(self, field_name)}; "
                    f"it must be in {low:g}..{high:g}"
                )
        _check_pose(f"radar {self.name!r}", self)
        return self


@dataclass(frozen=True, slots=True)
class ObstacleSpec:
    """CARLA's obstacle detector (docs, ref_sensors: sensor.other.obstacle) with its defaults.

    It pushes a ball along the vehicle's x axis and tells what it touches first.
    """

    x: float = 0.0  # [m] where the ball begins
    y: float = 0.0
    distance: float = 5.0  # [m] how far it goes
    hit_radius: float = 0.5  # [m] of the ball
    only_dynamics: bool = False  # leave out what stands still for ever

    def validate(self) -> ObstacleSpec:
        """Return self; raises SettingsError for a way or a ball that makes no sense."""
        for name, most in (("distance", FAR), ("hit_radius", 100.0)):
            if not 0.0 <= getattr(self, name) <= most:
                raise SettingsError(
                    f"obstacle sensor: {name} is {getattr(self, name)} m; it must be in 0..{most:g}"
                )
        _check_pose("obstacle sensor", self)
        return self


@dataclass(frozen=True, slots=True)
class InertialSpec:
    """Noise of GNSS, IMU and speedometer (defaults: the leaderboard's sensor settings).

    The first five are what most need; the others are CARLA's own attributes (docs, ref_sensors:
    sensor.other.gnss, sensor.other.imu) and come on top. CARLA's `noise_seed` is `seed`.
    """

    gnss_noise: float = 0.5  # [m] standard deviation in x and y
    acceleration_noise: float = 0.05  # [m/s^2] on each axis
    gyroscope_noise: float = 0.005  # [rad/s] on each axis
    compass_noise: float = 0.005  # [rad]
    speed_noise: float = 0.02  # [m/s]
    noise_lat_bias: float = 0.0  # [degrees]
    noise_lat_stddev: float = 0.0
    noise_lon_bias: float = 0.0  # [degrees]
    noise_lon_stddev: float = 0.0
    noise_alt_bias: float = 0.0  # [m]
    noise_alt_stddev: float = 0.0
    noise_accel_stddev: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [m/s^2] x, y, z
    noise_gyro_stddev: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [rad/s] x, y, z
    noise_gyro_bias: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [rad/s] x, y, z
    seed: int = 0  # CARLA's noise_seed: another seed, other noise

    @classmethod
    def carla(cls, **more: Any) -> InertialSpec:
        """Make sensors without noise, as CARLA's defaults are, but for the fields in `more`."""
        return cls(0.0, 0.0, 0.0, 0.0, 0.0, **more)

    def validate(self) -> InertialSpec:
        """Return self; raises SettingsError for noise that is none."""
        for part in fields(self):
            value = getattr(self, part.name)
            values = value if isinstance(value, tuple) else (value,)
            least = -math.inf if part.name.endswith("bias") else 0.0
            if isinstance(part.default, tuple) and len(values) != len(part.default):
                raise SettingsError(f"inertial sensors: {part.name} needs 3 numbers, not {value}")
            if not all(math.isfinite(v) and v >= least for v in values):
                raise SettingsError(
                    f"inertial sensors: {part.name} is {value}; give finite numbers, and none "
                    "below 0 but for a bias"
                )
        if self.seed >= 1 << 63:
            raise SettingsError(f"inertial sensors: seed is {self.seed}; it must be in 0..2^63 - 1")
        return self

    def as_carla(self, seed: int) -> InertialSpec:
        """The same noise in CARLA's attributes alone: one deviation for each number.

        Noise of the compass and of the speed stays as it is; CARLA has neither.

        Args:
            seed: taken where the spec has none of its own; CARLA's has 31 bits.
        """
        degrees = self.gnss_noise / METRES_PER_DEGREE
        x, y, z = (math.hypot(self.acceleration_noise, v) for v in self.noise_accel_stddev)
        p, q, r = (math.hypot(self.gyroscope_noise, v) for v in self.noise_gyro_stddev)
        return replace(
            self,
            gnss_noise=0.0,
            acceleration_noise=0.0,
            gyroscope_noise=0.0,
            noise_lat_stddev=math.hypot(degrees, self.noise_lat_stddev),
            noise_lon_stddev=math.hypot(degrees, self.noise_lon_stddev),
            noise_alt_stddev=math.hypot(self.gnss_noise, self.noise_alt_stddev),
            noise_accel_stddev=(x, y, z),
            noise_gyro_stddev=(p, q, r),
            seed=self.seed or seed % 2**31,
        )

    def scaled(self, factor: float) -> InertialSpec:
        """The same sensors with `factor` times the noise and bias."""
        values: dict[str, Any] = {}
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, tuple):
                values[part.name] = tuple(factor * v for v in value)
            elif part.name != "seed":
                values[part.name] = factor * value
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class SensorRig:
    """All sensors of one vehicle; those of a kind have names of their own."""

    cameras: tuple[CameraSpec, ...] = (CameraSpec(),)
    lidar: LidarSpec | None = field(default_factory=LidarSpec)  # the one that perception reads
    inertial: InertialSpec = field(default_factory=InertialSpec)
    lidars: tuple[LidarSpec, ...] = ()  # further ones
    semantic_lidars: tuple[LidarSpec, ...] = ()
    radars: tuple[RadarSpec, ...] = ()
    obstacle: ObstacleSpec | None = None

    def validate(self) -> SensorRig:
        """Return self.

        Raises:
            SettingsError: sensors of a kind share a name, or a size or angle makes no sense.
        """
        for kind, specs in (
            ("cameras", self.cameras),
            ("lidars", self.lidars),
            ("semantic lidars", self.semantic_lidars),
            ("radars", self.radars),
        ):
            names = [spec.name for spec in specs]
            if len(set(names)) != len(names):
                raise SettingsError(f"{kind} {names} share a name; give each its own")
            for spec in specs:
                spec.validate()
        if self.lidar is not None:
            self.lidar.validate()
        if self.obstacle is not None:
            self.obstacle.validate()
        self.inertial.validate()
        return self
