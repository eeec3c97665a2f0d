"""What a sensor is and where it sits. Poses are relative to the vehicle's centre on the ground."""

from __future__ import annotations

from dataclasses import dataclass, field

from roadworthy.sim.errors import SettingsError


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
        if not max(map(abs, (self.lens_k, self.lens_kcube, self.k1, self.k2))) <= 5.0:
            raise SettingsError(f"camera {self.name!r}: lens terms must be in -5..5")
        return self


@dataclass(frozen=True, slots=True)
class LidarSpec:
    """A rotating lidar that makes one full sweep per frame."""

    x: float = 0.0
    y: float = 0.0
    z: float = 2.2
    yaw: float = 0.0
    channels: int = 32
    steps: int = 360  # rays per channel and sweep
    upper_fov: float = 0.1745329  # [rad] 10 degrees up
    lower_fov: float = -0.5235988  # [rad] 30 degrees down
    range: float = 64.0  # [m]; the network looks 58 m far
    noise: float = 0.02  # [m] standard deviation along the ray
    dropout: float = 0.02  # share of returns that are lost


@dataclass(frozen=True, slots=True)
class InertialSpec:
    """Noise of GNSS, IMU and speedometer (defaults: the leaderboard's sensor settings)."""

    gnss_noise: float = 0.5  # [m] standard deviation in x and y
    acceleration_noise: float = 0.05  # [m/s^2]
    gyroscope_noise: float = 0.005  # [rad/s]
    compass_noise: float = 0.005  # [rad]
    speed_noise: float = 0.02  # [m/s]


@dataclass(frozen=True, slots=True)
class SensorRig:
    """All sensors of one vehicle."""

    cameras: tuple[CameraSpec, ...] = (CameraSpec(),)
    lidar: LidarSpec | None = field(default_factory=LidarSpec)
    inertial: InertialSpec = field(default_factory=InertialSpec)
