"""The stop lines on a route: of lights, and of stop signs that the vehicle has yet to stand at."""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from enum import IntEnum

import numpy as np
from numba import njit

from roadworthy.perception.scene import LIGHT_RANGE
from roadworthy.sim.kernel import kernel
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.world.judge import STOP_REACH, STOP_SPEED

_PASSED = -1.0  # [m] a line this far behind the ego's front governs it no longer
_SEAM = 2.0  # [m] how far a line may lie from the nearest route point where lanes meet
_KIND_LIGHT, _KIND_STOP = int(SignalKind.LIGHT), int(SignalKind.STOP)
_PS, _PLANE, _PLANE_S = int(RoutePoint.S), int(RoutePoint.LANE), int(RoutePoint.LANE_S)


class RouteLine(IntEnum):
    """Columns of the list of stop lines that lie on a route."""

    S = 0  # [m] along the route
    SIGNAL = 1  # that governs it
    KIND = 2  # SignalKind of that
    POINT_S = 3  # [m] of the route point that it was found at


@njit(cache=True, nogil=True, error_model="numpy")
def route_lines(points, first, last, stop_start, stop_s, stop_signal, signal_kind, rows):
    """List the stop lines of lights and stop signs on the route points [first, last).

    Args:
        points: route points, [., RoutePoint].
        first: of this route's points.
        last: one past them.
        stop_start: of the RoadNetwork, and so on.
        stop_s: likewise.
        stop_signal: likewise.
        signal_kind: likewise.
        rows: float32 [., RouteLine], written.

    Returns:
        How many there are; those beyond the end of `rows` are counted but not written.
    """
    count = 0
    for i in range(first, last):
        lane = int(points[i, _PLANE])
        if lane < 0:
            continue
        low, high = stop_start[lane], stop_start[lane + 1]
        if low == high:
            continue
        lane_s = points[i, _PLANE_S]
        # A point stands for the stretch up to the next one; where the lane changes there,
        # for a little more, since a line may lie between the last point and the lane's end.
        if i + 1 < last and int(points[i + 1, _PLANE]) == lane:
            end = points[i + 1, _PLANE_S]
        else:
            end = lane_s + np.float32(_SEAM)
        start = lane_s
        if (i == first or int(points[i - 1, _PLANE]) != lane) and lane_s < _SEAM:
            start = np.float32(-1.0)
        for t in range(low, high):
            signal = stop_signal[t]
            if signal < 0:
                continue
            kind = signal_kind[signal]
            if kind in (_KIND_LIGHT, _KIND_STOP) and start <= stop_s[t] < end:
                if count < len(rows):
                    rows[count, 0] = points[i, _PS] + (stop_s[t] - lane_s)
                    rows[count, 1] = signal
                    rows[count, 2] = kind
                    rows[count, 3] = points[i, _PS]
                count += 1
    return count


@kernel
def next_line(lines, first, last, kind, here, front):
    """Find the first stop line of a kind ahead among the rows [first, last) of `lines`.

    Args:
        lines: [., RouteLine].
        first: of the route's rows.
        last: one past them.
        kind: SignalKind.
        here: [m] route position of the route point behind the vehicle's centre.
        front: [m] route position of the vehicle's front.

    Returns:
        The row (-1 where there is none within LIGHT_RANGE) and the distance [m] from the front.
    """
    for k in range(first, last):
        if lines[k, 3] > front + LIGHT_RANGE:
            break
        if lines[k, 2] != kind or lines[k, 3] < here:
            continue
        distance = lines[k, 0] - front
        if _PASSED < distance <= LIGHT_RANGE:
            return k, np.float32(distance)
    return -1, np.float32(LIGHT_RANGE)


@kernel
def is_standing_at(distance, speed):
    """Whether a vehicle stands at a stop sign's line, as `sim.world.judge` judges it."""
    return abs(speed) < STOP_SPEED and distance < STOP_REACH


@kernel
def next_stop(lines, first, last, here, front, speed, time, stood):
    """Distance to the next stop sign's line that the ego has not stood at.

    `stood` is this world's memory: position of the last line it stood at, and when that was asked.
    """
    if time < stood[1]:
        stood[0] = -1.0  # another drive has begun
    stood[1] = time
    row, distance = next_line(lines, first, last, _KIND_STOP, here, front)
    if row < 0 or lines[row, 0] == stood[0]:
        return np.float32(LIGHT_RANGE)
    if is_standing_at(distance, speed):
        stood[0] = lines[row, 0]
        return np.float32(LIGHT_RANGE)
    return distance
