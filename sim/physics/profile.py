"""Vehicle profiles: what a car does with its pedals and its wheel, as tables.

A profile is a table of forward acceleration over speed and pedal (negative: brake, positive:
throttle), a steering gain, and the two lengths of a kinematic bicycle. Tables keep every
vehicle in one kernel, and a monotone table can be inverted exactly, which is what lets a Plan
(acceleration, curvature) become pedals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SPEED_STEP = 0.5  # [m/s] between rows of a table
PEDAL_STEP = 0.05  # between columns; column 0 is full brake, the middle one no pedal
N_SPEEDS = 101
N_PEDALS = 41

# Published fit of CARLA's Lincoln MKZ at 20 Hz, speeds in km/h (PDM-Lite / carla_garage, MIT).
_THROTTLE_FIT = (
    0.963873,
    4.37536e-4,
    -0.380193,
    1.749501,
    0.0916787,
    -0.0705462,
    -1.05996e-3,
    6.71079e-4,
)
_BRAKE_FIT = (
    9.3171e-3,
    8.20967e-2,
    -2.83832e-3,
    5.06587e-5,
    -4.90357e-7,
    2.44419e-9,
    -4.91382e-12,
)
_FIT_TICK = 0.05  # [s]
_FIT_MIN_THROTTLE = 0.3  # the fit holds from here on
_FIT_TOP_SPEED = 22.0  # [m/s] the polynomials leave their data beyond
_DRAG = 0.002  # [1/m] of speed^2 beyond the fit's range, so that the car has a top speed


class ProfileArrays(NamedTuple):
    """A profile as the kernels read it."""

    accel: NDArray[np.float32]  # [N_SPEEDS, N_PEDALS] m/s^2, rising along each row
    geometry: NDArray[np.float32]  # [7] wheel gain [rad], l_front, l_rear [m], lags [s], grip, mass


@dataclass(frozen=True, eq=False)
class VehicleProfile:
    """One kind of vehicle."""

    name: str
    accel_table: NDArray[np.float32]  # [N_SPEEDS, N_PEDALS] m/s^2
    wheel_gain: float  # [rad] of wheel angle at full steer
    l_front: float  # [m] of the fitted bicycle, centre to front axle
    l_rear: float  # [m] centre to rear axle
    pedal_lag: float  # [s] time constant
    steer_lag: float  # [s] time constant
    grip: float  # [m/s^2] largest lateral acceleration on a dry road
    length: float  # [m]
    width: float  # [m]
    height: float  # [m]
    mass: float = 1500.0  # [kg] with which the table was made

    def arrays(self) -> ProfileArrays:
        """Pack for the kernels."""
        return ProfileArrays(
            self.accel_table,
            np.array(
                [
                    self.wheel_gain,
                    self.l_front,
                    self.l_rear,
                    self.pedal_lag,
                    self.steer_lag,
                    self.grip,
                    self.mass,
                ],
                np.float32,
            ),
        )


def fitted_speed_after_throttle(
    speed_kmh: NDArray[np.float64], throttle: float
) -> NDArray[np.float64]:
    """Speed [km/h] one tick of 0.05 s later, by the published fit (throttle >= 0.3)."""
    v, t = speed_kmh, throttle
    terms: tuple[Any, ...] = (v, v**2, t, t**2, v * t, v * t**2, v**2 * t, v**2 * t**2)
    total = np.zeros_like(v)
    for coefficient, term in zip(_THROTTLE_FIT, terms, strict=True):
        total += coefficient * term
    return total


def fitted_speed_after_brake(speed_kmh: NDArray[np.float64]) -> NDArray[np.float64]:
    """Speed [km/h] one tick of 0.05 s later under full brake, by the published fit."""
    return np.asarray(sum(c * speed_kmh ** (i + 1) for i, c in enumerate(_BRAKE_FIT)))


def _mkz_table() -> NDArray[np.float32]:
    """Tabulate the fit; see docs/decisions.md for the range below 0.3 throttle."""
    speeds = np.arange(N_SPEEDS) * SPEED_STEP
    kmh = np.minimum(speeds, _FIT_TOP_SPEED) * 3.6
    to_accel = 1.0 / 3.6 / _FIT_TICK
    drag = _DRAG * np.maximum(speeds**2 - _FIT_TOP_SPEED**2, 0.0)
    at_min = (fitted_speed_after_throttle(kmh, _FIT_MIN_THROTTLE) - kmh) * to_accel
    coast = np.minimum(at_min, -0.1)
    brake = np.minimum((fitted_speed_after_brake(kmh) - kmh) * to_accel, coast - 2.0)
    table = np.empty((N_SPEEDS, N_PEDALS), np.float32)
    for column in range(N_PEDALS):
        pedal = -1.0 + column * PEDAL_STEP
        if pedal <= 0.0:
            table[:, column] = coast + (brake - coast) * -pedal
        elif pedal < _FIT_MIN_THROTTLE:
            table[:, column] = coast + (at_min - coast) * pedal / _FIT_MIN_THROTTLE
        else:
            table[:, column] = (fitted_speed_after_throttle(kmh, pedal) - kmh) * to_accel
    table -= drag[:, None]
    # Strictly rising rows make the inverse unique where the fit is flat.
    floor = np.arange(N_PEDALS, dtype=np.float32) * 1e-4
    return np.asarray(np.maximum.accumulate(table, axis=1) + floor, np.float32)


@cache
def carla_mkz() -> VehicleProfile:
    """CARLA's `vehicle.lincoln.mkz_2020`: pedals and steering after the published fit.

    Source: PDM-Lite's kinematic bicycle parameters and World-on-Rails' speed fit (MIT).
    """
    return VehicleProfile(
        name="carla_mkz",
        accel_table=_mkz_table(),
        wheel_gain=0.36848336,
        l_front=-0.090769015,
        l_rear=1.4178275,
        pedal_lag=0.08,
        steer_lag=0.10,
        grip=8.0,
        length=4.892,
        width=1.837,
        height=1.490,
        mass=1750.0,  # about the kerb weight of the real car and a driver
    )
