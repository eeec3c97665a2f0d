"""The lanes' points as the traffic reads them: each with the way to the next one.

Whoever moves along a lane needs the pose there at every tick. A row holds all of it in one line
of the cache, with the differences and the reciprocal made beforehand: no second row, no division.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.kernel import aligned_zeros
from roadworthy.sim.road.network import Point, RoadNetwork

FloatArray = NDArray[np.float32]

LATERAL_COMFORT = 2.2  # [m/s^2] that traffic takes in bends
SLOWEST_IN_BEND = 2.5  # [m/s]
CURVE_BRAKE = 1.5  # [m/s^2] with which a bend ahead is approached


class Stretch(IntEnum):
    """Columns of `Roads.stretches`: a point of a lane and what changes up to the next one."""

    X = 0  # [m]; these five in the order of `Actor`
    Y = 1
    Z = 2
    YAW = 3  # [rad]
    PITCH = 4
    S = 5  # [m] along the lane
    RATE = 6  # [1/m] one over the length of the stretch
    CURVE_SPEED = 7  # [m/s] that traffic drives at most because of the bends ahead
    DX = 8
    DY = 9
    DZ = 10
    DYAW = 11
    DPITCH = 12
    RIGHT_X = 13  # unit vector to the right
    RIGHT_Y = 14
    BEND = 15  # [rad/m]


def curve_speeds(network: RoadNetwork) -> FloatArray:
    """Speed [m/s] at each point that lets a vehicle take every bend of the lane ahead, [P].

    v = sqrt(lateral comfort / curvature) in a bend, and v^2 = v'^2 + 2 b d on the way to it.
    """
    bend = np.maximum(np.abs(network.points[:, Point.CURVATURE]), 1e-4)
    squared = np.maximum(LATERAL_COMFORT / bend, SLOWEST_IN_BEND**2).astype(np.float64)
    for lane in range(network.n_lanes):
        first, last = int(network.lane_start[lane]), int(network.lane_start[lane + 1])
        # Backward pass: the least over all points ahead of (v'^2 + 2 b (s' - s)).
        s = 2.0 * CURVE_BRAKE * network.points[first:last, Point.S]
        ahead = np.minimum.accumulate((squared[first:last] + s)[::-1])[::-1]
        squared[first:last] = ahead - s
    return np.asarray(np.sqrt(squared), np.float32)


def point_rate(network: RoadNetwork) -> FloatArray:
    """Points per metre of each lane, for a first guess at the point before a given s."""
    gaps = np.diff(network.lane_start) - 1
    return (np.maximum(gaps, 0) / np.maximum(network.lane_length, 0.01)).astype(np.float32)


def build_stretches(network: RoadNetwork) -> FloatArray:
    """Make the rows of all points, [P, Stretch]; the last one of a lane leads nowhere."""
    points = network.points.astype(np.float64)
    rows = aligned_zeros((len(points), len(Stretch)))
    here = [Point.X, Point.Y, Point.Z, Point.YAW, Point.PITCH, Point.S]
    rows[:, Stretch.X : Stretch.S + 1] = points[:, here]
    rows[:, Stretch.CURVE_SPEED] = curve_speeds(network)
    ends = network.lane_start[1:] - 1
    after = np.minimum(np.arange(len(points)) + 1, len(points) - 1)
    after[ends] = ends
    change = points[after][:, here] - points[:, here]
    change[:, 3] = [wrap_angle(float(turn)) for turn in change[:, 3]]
    # A stretch of no length is passed at once.
    rate = 1.0 / np.maximum(change[:, 5], 1e-6)
    rate[ends] = 0.0
    rows[:, Stretch.RATE] = rate
    rows[:, Stretch.DX : Stretch.DPITCH + 1] = change[:, :5]
    length = np.maximum(np.hypot(change[:, 0], change[:, 1]), 1e-6)
    rows[:, Stretch.RIGHT_X], rows[:, Stretch.RIGHT_Y] = (
        -change[:, 1] / length,
        change[:, 0] / length,
    )
    rows[:, Stretch.BEND] = np.where(change[:, 5] > 1e-3, change[:, 3] * rate, 0.0)
    return rows
