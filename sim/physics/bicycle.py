"""The bicycle model and its inverse, as kernels on one vehicle.

Kinematic bicycle about the centre (Rajamani, Vehicle Dynamics and Control, 2.2):
slip = atan(l_r / (l_f + l_r) * tan(wheel)), yaw rate = v * sin(slip) / l_r.
"""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.profile import (
    N_PEDALS,
    N_SPEEDS,
    PEDAL_STEP,
    SPEED_STEP,
    ProfileArrays,
    VehicleProfile,
)

GAIN, L_FRONT, L_REAR, PEDAL_LAG, STEER_LAG, GRIP, MASS = range(7)


@kernel
def table_row(speed: float) -> tuple[int, float]:
    """Row of the table below `speed` [m/s] and the share of the next one."""
    x = min(max(abs(speed) / SPEED_STEP, 0.0), N_SPEEDS - 1.001)
    row = int(x)
    return row, x - row


@kernel
def pedal_to_accel(accel: np.ndarray, speed: float, pedal: float) -> float:
    """Acceleration [m/s^2] at `speed` [m/s] for a pedal in [-1, 1]."""
    row, part = table_row(speed)
    y = min(max((pedal + 1.0) / PEDAL_STEP, 0.0), N_PEDALS - 1.001)
    column = int(y)
    share = y - column
    low = accel[row, column] * (1.0 - share) + accel[row, column + 1] * share
    high = accel[row + 1, column] * (1.0 - share) + accel[row + 1, column + 1] * share
    return low * (1.0 - part) + high * part


@kernel
def accel_to_pedal(accel: np.ndarray, speed: float, wanted: float) -> float:
    """Pedal in [-1, 1] that gives `wanted` [m/s^2] at `speed` [m/s], or comes nearest."""
    row, part = table_row(speed)
    low, high = 0, N_PEDALS - 1
    if wanted <= accel[row, 0] * (1.0 - part) + accel[row + 1, 0] * part:
        return -1.0
    if wanted >= accel[row, high] * (1.0 - part) + accel[row + 1, high] * part:
        return 1.0
    while high - low > 1:
        middle = (low + high) // 2
        if accel[row, middle] * (1.0 - part) + accel[row + 1, middle] * part <= wanted:
            low = middle
        else:
            high = middle
    a = accel[row, low] * (1.0 - part) + accel[row + 1, low] * part
    b = accel[row, high] * (1.0 - part) + accel[row + 1, high] * part
    return -1.0 + (low + (wanted - a) / (b - a)) * PEDAL_STEP


@kernel
def full_brake(accel: np.ndarray, speed: float) -> float:
    """Deceleration [m/s^2], above 0, of a full brake at `speed` [m/s] on a dry road."""
    row, part = table_row(speed)
    return -(accel[row, 0] * (1.0 - part) + accel[row + 1, 0] * part)


@kernel
def steer_to_bend(geometry: np.ndarray, steer: float) -> float:
    """Curvature [1/m] for a steer command in [-1, 1]: sin(slip) / l_r without the angles."""
    ratio = geometry[L_REAR] / (geometry[L_FRONT] + geometry[L_REAR])
    tangent = ratio * math.tan(geometry[GAIN] * steer)
    return tangent / math.sqrt(1.0 + tangent * tangent) / geometry[L_REAR]


@kernel
def steer_to_slip(geometry: np.ndarray, steer: float) -> float:
    """Slip angle [rad] at the centre for a steer command in [-1, 1]."""
    ratio = geometry[L_REAR] / (geometry[L_FRONT] + geometry[L_REAR])
    return math.atan(ratio * math.tan(geometry[GAIN] * steer))


@kernel
def curvature_to_steer(geometry: np.ndarray, curvature: float) -> float:
    """Steer command in [-1, 1] that drives `curvature` [1/m], or comes nearest."""
    sine = min(max(curvature * geometry[L_REAR], -0.99), 0.99)
    ratio = (geometry[L_FRONT] + geometry[L_REAR]) / geometry[L_REAR]
    tangent = sine / math.sqrt(1.0 - sine * sine)
    steer = math.atan(ratio * tangent) / geometry[GAIN]
    return min(max(steer, -1.0), 1.0)


def inverse(
    profile: VehicleProfile, speed: float, accel: float, curvature: float
) -> tuple[float, float, float]:
    """Turn a wish into commands.

    Args:
        profile: the vehicle.
        speed: forward speed [m/s].
        accel: wanted acceleration [m/s^2].
        curvature: wanted curvature [1/m], positive to the right.

    Returns:
        throttle and brake in [0, 1] (never both above 0) and steer in [-1, 1].
    """
    arrays: ProfileArrays = profile.arrays()
    pedal = accel_to_pedal(arrays.accel, speed, accel)
    steer = curvature_to_steer(arrays.geometry, curvature)
    return max(pedal, 0.0), max(-pedal, 0.0), steer
