"""Where the ego is: GNSS, compass, gyroscope and speedometer joined by an extended Kalman filter.

Two poses come out. `pose` is in the town's frame and right on average, but each GNSS reading
moves it a little. `odometry` starts at zero and counts on speed and yaw rate alone: it drifts
slowly and never jumps, which is what a tracker of moving things needs.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Frame, Gnss
from roadworthy.sim.sensors.inertial import EARTH_RADIUS

_COMPASS_OF_EAST: Final = math.pi / 2.0  # CARLA's compass is 0 at -y; yaw is 0 at +x


def position(gnss: Gnss, reference: tuple[float, float]) -> tuple[float, float]:
    """Return x, y [m] of a GNSS reading; inverts CARLA's Mercator projection.

    Args:
        gnss: the reading.
        reference: latitude and longitude of the town's origin [degrees].
    """
    scale = math.cos(math.radians(reference[0]))

    def northing(latitude: float) -> float:
        return scale * EARTH_RADIUS * math.log(math.tan(math.radians(90.0 + latitude) / 2.0))

    x = scale * EARTH_RADIUS * math.radians(gnss.longitude - reference[1])
    return x, -(northing(gnss.latitude) - northing(reference[0]))


def wrap(angle: float) -> float:
    """Return the angle in [-pi, pi)."""
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


class Localiser:
    """Follows the pose (x, y, yaw) of the ego from Frame to Frame."""

    def __init__(
        self,
        reference: tuple[float, float],
        *,
        gnss_noise: float = 0.5,
        compass_noise: float = 0.01,
        rear: float = 1.4178275,
    ) -> None:
        """Begin; the first Frame sets the pose.

        Args:
            reference: latitude and longitude of the town's origin [degrees].
            gnss_noise: standard deviation of x and y [m].
            compass_noise: standard deviation [rad], with what a kerb or a slope adds.
            rear: from the centre to the rear axle [m], which alone does not slip sideways
                (the default is CARLA's fitted car, `sim.physics.profile.carla_mkz`).
        """
        self._reference, self._rear = reference, rear
        self._noise = np.diag([gnss_noise**2, gnss_noise**2, compass_noise**2])
        self.pose = np.zeros(3)  # x, y [m], yaw [rad] in the town's frame
        self.odometry = np.zeros(3)  # the same, from where the drive began
        self.moved = 0.0  # [m] driven since the Frame before
        self._covariance = self._noise.copy()
        self._time = -math.inf

    @property
    def deviation(self) -> float:
        """Standard deviation of the position [m]."""
        return math.sqrt(float(self._covariance[0, 0] + self._covariance[1, 1]) / 2.0)

    def update(self, frame: Frame) -> NDArray[np.float64]:
        """Take in a Frame; return the pose (x, y, yaw) in the town's frame."""
        x, y = position(frame.gnss, self._reference)
        yaw = frame.imu.compass - _COMPASS_OF_EAST
        if math.isinf(self._time):
            self.pose[:] = x, y, wrap(yaw)
        else:
            dt = max(frame.time - self._time, 0.0)
            self._predict(frame.speed, frame.imu.gyroscope[2], dt)
            innovation = np.array([x - self.pose[0], y - self.pose[1], wrap(yaw - self.pose[2])])
            gain = self._covariance @ np.linalg.inv(self._covariance + self._noise)
            self.pose += gain @ innovation
            self.pose[2] = wrap(float(self.pose[2]))
            self._covariance = (np.eye(3) - gain) @ self._covariance
        self._time = frame.time
        return self.pose

    def _predict(self, speed: float, rate: float, dt: float) -> None:
        """Move both poses by one step of the bicycle model."""
        sine = rate * self._rear / speed if abs(speed) > 0.5 else 0.0
        slip = math.asin(min(max(sine, -0.7), 0.7))
        step = speed * dt
        for pose in (self.pose, self.odometry):
            course = float(pose[2]) + 0.5 * rate * dt + slip
            pose[0] += step * math.cos(course)
            pose[1] += step * math.sin(course)
            pose[2] = wrap(float(pose[2]) + rate * dt)
        self.moved = step
        course = float(self.pose[2]) + slip
        jacobian = np.eye(3)
        jacobian[0, 2], jacobian[1, 2] = -step * math.sin(course), step * math.cos(course)
        # Speed and yaw rate are good to about 2 % and 0.02 rad/s, model error included.
        noise = np.array([0.02 * step + 0.02 * dt, 0.02 * step + 0.02 * dt, 0.02 * dt]) ** 2
        self._covariance = jacobian @ self._covariance @ jacobian.T + np.diag(noise)
