"""What crosses the border of a world: a Frame comes out of it, a Control goes in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Control:
    """Commands to the pedals and the wheel, as CARLA's `VehicleControl` has them."""

    throttle: float = 0.0  # [0, 1]
    brake: float = 0.0  # [0, 1]
    steer: float = 0.0  # [-1, 1], positive to the right
    reverse: bool = False
    hand_brake: bool = False

    def validate(self) -> Control:
        """Return self.

        Raises:
            SettingsError: a value is not finite or outside of its range.
        """
        for name, low in (("throttle", 0.0), ("brake", 0.0), ("steer", -1.0)):
            value = getattr(self, name)
            if not math.isfinite(value) or not low <= value <= 1.0:
                raise SettingsError(
                    f"Control.{name} is {value!r}; it must be a number in [{low:g}, 1]"
                )
        return self


@dataclass(frozen=True, slots=True)
class Imu:
    """One reading of the inertial measurement unit, vehicle axes (x forward, y right, z up)."""

    acceleration: tuple[float, float, float]  # [m/s^2], gravity included (z about +9.81)
    gyroscope: tuple[float, float, float]  # [rad/s]; z is the yaw rate, positive to the right
    compass: float  # [rad], 0 is north (CARLA's -y axis), clockwise, in [0, 2 pi)


@dataclass(frozen=True, slots=True)
class Gnss:
    """One reading of the satellite receiver."""

    latitude: float  # [degrees]
    longitude: float  # [degrees]
    altitude: float  # [m]


@dataclass(frozen=True, slots=True)
class Touch:
    """A collision of the ego, as CARLA's collision sensor reports it."""

    number: int  # tick in which it began
    actor: int  # row of the other actor, -1 where it is none
    box: int  # box of the Scenery, -1 where it is none
    kind: int  # Kind of the actor, or Prop of the box
    impulse: tuple[float, float, float]  # [N s] on the ego, world axes
    place: tuple[float, float]  # [m] where
    at_fault: bool  # the ego moved into it, and was not run into


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What lies ahead, as CARLA's obstacle detector reports it."""

    distance: float  # [m] that the sensor's ball went
    actor: int  # row of the actor, -1 where it is none
    box: int  # box of the Scenery, -1 where it is none


def _rows() -> Mapping[str, NDArray[np.float32]]:
    return {}


@dataclass(frozen=True, slots=True)
class Frame:
    """Everything sensed at one tick; all parts are of the same tick.

    `images` maps a camera's name to RGB, uint8 [height, width, 3]. `depths` [m] and `semantics`
    (CARLA's semantic labels) hold the same cameras where they were asked for. `lidar` has one row
    per return: x, y, z [m] in the sensor's frame and intensity in [0, 1].
    """

    number: int  # strictly increasing tick count of the world
    time: float  # [s] since the world began
    images: Mapping[str, NDArray[np.uint8]]
    lidar: NDArray[np.float32]  # [N, 4]
    imu: Imu
    gnss: Gnss
    speed: float  # [m/s], forward
    depths: Mapping[str, NDArray[np.float32]]  # each [height, width], metres along the view axis
    semantics: Mapping[str, NDArray[np.uint8]]  # each [height, width]
    # Instances as CARLA's camera encodes them, each [height, width, 3]: the semantic label, then
    # the low and the high byte of the object's number (see sim.sensors.camera.instance_numbers).
    instances: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    lidars: Mapping[str, NDArray[np.float32]] = field(default_factory=_rows)  # as `lidar`
    # Each [N, 6]: x, y, z [m], cosine of incidence, object (as in `instances`), semantic label.
    semantic_lidars: Mapping[str, NDArray[np.float32]] = field(default_factory=_rows)
    # Each [N, 4]: velocity [m/s] (negative: nearer), azimuth, altitude [rad], depth [m].
    radars: Mapping[str, NDArray[np.float32]] = field(default_factory=_rows)
    touches: tuple[Touch, ...] = ()  # since the step before
    crossed_marks: tuple[int, ...] = ()  # MarkType of each lane mark crossed since then
    obstacle: Obstacle | None = None

    def validate(self) -> Frame:
        """Return self.

        Raises:
            SettingsError: an array has another shape or type than this class promises.
        """
        for name, image in self.images.items():
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise SettingsError(
                    f"Frame.images[{name!r}] is {image.dtype} {image.shape}; "
                    "it must be uint8 [height, width, 3]"
                )
        if self.lidar.ndim != 2 or self.lidar.shape[1] != 4:
            raise SettingsError(f"Frame.lidar has shape {self.lidar.shape}; it must be [N, 4]")
        return self
