"""The border to viewers: CARLA's left-handed axes become right-handed ones, y to the left.

Foxglove and Rerun take ROS's axes (REP 103: x forward, y left, z up, angles counter-clockwise).
Nothing else in Roadworthy knows of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Quaternion = tuple[float, float, float, float]  # x, y, z, w

# From a camera's body (x forward, y left, z up) to its optical frame (x right, y down, z forward).
OPTICAL: Quaternion = (-0.5, 0.5, -0.5, 0.5)


def points(left_handed: NDArray[Any]) -> NDArray[np.float32]:
    """Turn points [..., 2 or more] with x, y first; what follows y stays."""
    turned = np.array(left_handed, np.float32)
    turned[..., 1] *= -1.0
    return turned


def quaternion(yaw: float, pitch: float = 0.0, roll: float = 0.0) -> Quaternion:
    """Turn CARLA's angles [rad] (yaw to the right, pitch up, roll to the right) into a rotation.

    The rotation is yaw about z, then pitch about y, then roll about x, right-handed; CARLA's yaw
    and pitch go the other way round there.
    """
    cy, sy = math.cos(-0.5 * yaw), math.sin(-0.5 * yaw)
    cp, sp = math.cos(-0.5 * pitch), math.sin(-0.5 * pitch)
    cr, sr = math.cos(0.5 * roll), math.sin(0.5 * roll)
    return (
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    )


def product(a: Quaternion, b: Quaternion) -> Quaternion:
    """The rotation b, then a."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )
