"""The corridor: the route ahead as a fine line, and where road users are relative to it.

Kernels for one world at a time; the expert, the observation and the action share them, so that
all three mean the same by "gap", "crossing" and "base curvature". The line starts at the point
of the route beside the ego (s = 0) and has one point per `STEP` metres, interpolated between the
rows of `Scene.route` by cubic Hermite splines. Lateral is positive to the right.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.scene import ROUTE_DISTANCES, EgoCol, RouteCol
from roadworthy.sim.kernel import kernel

STEP = 2.5  # [m] between points of the line
POINTS = 25  # 0 .. 60 m
PER_STEP = 1.0 / STEP

# [m] distance that turns curvature into slip at the centre (l_rear of the fitted bicycle).
_SLIP_LENGTH = 1.4
_PER_TWO = 0.5 / STEP
_NODES = np.concatenate(([0.0], np.array(ROUTE_DISTANCES)))
_N_NODES = len(_NODES)
# The interval of nodes that each point falls into.
_INTERVAL = np.minimum(
    np.searchsorted(_NODES, np.arange(POINTS) * STEP, side="right") - 1, _N_NODES - 2
)


def _weights() -> NDArray[np.float64]:
    """Weights of Hermite's splines at each point of the line, float64 [POINTS, 8].

    h00, h01, h10, h11 of the position; g00, g10, g11 of its slope; and the place in the interval.
    """
    i = _INTERVAL
    ds = _NODES[i + 1] - _NODES[i]
    t = (np.arange(POINTS) * STEP - _NODES[i]) / ds
    return np.stack(
        (
            (1 + 2 * t) * (1 - t) ** 2,
            t * t * (3 - 2 * t),
            t * (1 - t) ** 2 * ds,
            t * t * (t - 1) * ds,
            6 * t * (t - 1),
            (1 - t) * (1 - 3 * t) * ds,
            t * (3 * t - 2) * ds,
            t,
        ),
        1,
    )


_WEIGHTS = _weights()


class Line(IntEnum):
    """Columns of the corridor's line, float64 [POINTS, Line]."""

    X = 0  # [m] ego frame
    Y = 1
    TX = 2  # unit tangent
    TY = 3
    CURVATURE = 4  # [1/m] positive to the right
    LIMIT = 5  # [m/s]
    EX = 6  # unit vector to the next point; these four once a step, not for each road user
    EY = 7
    LENGTH = 8  # [m] to the next point
    RATE = 9  # [1/m] one over that


_X, _Y, _TX, _TY = int(Line.X), int(Line.Y), int(Line.TX), int(Line.TY)
_K, _LIMIT = int(Line.CURVATURE), int(Line.LIMIT)
_EX, _EY, _LENGTH, _RATE = int(Line.EX), int(Line.EY), int(Line.LENGTH), int(Line.RATE)
_RX, _RY, _RC, _RS = int(RouteCol.X), int(RouteCol.Y), int(RouteCol.COS), int(RouteCol.SIN)
_RLIMIT = int(RouteCol.SPEED_LIMIT)
_LATERAL, _HEADING = int(EgoCol.LATERAL), int(EgoCol.HEADING)
_SPEED, _ELIMIT = int(EgoCol.SPEED), int(EgoCol.SPEED_LIMIT)


@kernel
def _arcsine(x):
    """arcsin(x) to 1e-5 where the turn is a third of a right angle or less: its series."""
    if abs(x) < 0.5:
        square = x * x
        return x * (1.0 + square * (1 / 6 + square * (3 / 40 + square * (5 / 112 + square / 27))))
    return np.arcsin(min(max(x, -1.0), 1.0))


@kernel
def trace(route, ego, node, line):
    """Write the corridor's line.

    Args:
        route: float32 [rows, RouteCol] of one world.
        ego: float32 [EgoCol] of one world.
        node: float64 [rows + 1, 5], scratch.
        line: float64 [POINTS, Line], written.
    """
    # The ego stands `lateral` to the right of the route, turned by `heading` against it.
    h, lateral = float(ego[_HEADING]), float(ego[_LATERAL])
    node[0, 0], node[0, 1] = -lateral * np.sin(h), -lateral * np.cos(h)
    node[0, 2], node[0, 3] = np.cos(h), -np.sin(h)
    node[0, 4] = ego[_ELIMIT]
    ended = False
    for i in range(1, _N_NODES):
        ds = _NODES[i] - _NODES[i - 1]
        x, y = float(route[i - 1, _RX]), float(route[i - 1, _RY])
        dx, dy = x - node[i - 1, 0], y - node[i - 1, 1]
        ended = ended or dx * dx + dy * dy < 0.09 * ds * ds
        if ended:
            # The route ends before this row, which repeats its last point: go straight on.
            node[i, 2], node[i, 3] = node[i - 1, 2], node[i - 1, 3]
            node[i, 0] = node[i - 1, 0] + ds * node[i, 2]
            node[i, 1] = node[i - 1, 1] + ds * node[i, 3]
            node[i, 4] = node[i - 1, 4]
        else:
            node[i, 0], node[i, 1] = x, y
            norm = np.hypot(float(route[i - 1, _RC]), float(route[i - 1, _RS]))
            if norm > 0.1:
                node[i, 2], node[i, 3] = route[i - 1, _RC] / norm, route[i - 1, _RS] / norm
            else:
                node[i, 2], node[i, 3] = node[i - 1, 2], node[i - 1, 3]
            node[i, 4] = route[i - 1, _RLIMIT]
    for k in range(POINTS):
        i = _INTERVAL[k]
        a, b = node[i], node[i + 1]
        h00, h01, h10, h11 = _WEIGHTS[k, 0], _WEIGHTS[k, 1], _WEIGHTS[k, 2], _WEIGHTS[k, 3]
        g00, g10, g11, t = _WEIGHTS[k, 4], _WEIGHTS[k, 5], _WEIGHTS[k, 6], _WEIGHTS[k, 7]
        line[k, _X] = h00 * a[0] + h01 * b[0] + h10 * a[2] + h11 * b[2]
        line[k, _Y] = h00 * a[1] + h01 * b[1] + h10 * a[3] + h11 * b[3]
        tx = g00 * (a[0] - b[0]) + g10 * a[2] + g11 * b[2]
        ty = g00 * (a[1] - b[1]) + g10 * a[3] + g11 * b[3]
        scale = 1.0 / max(np.sqrt(tx * tx + ty * ty), 1e-6)
        line[k, _TX], line[k, _TY] = tx * scale, ty * scale
        line[k, _LIMIT] = a[4] if t < 0.5 else b[4]
    for k in range(POINTS):
        i, j = max(k - 1, 0), min(k + 1, POINTS - 1)
        cross = line[i, _TX] * line[j, _TY] - line[i, _TY] * line[j, _TX]
        line[k, _K] = _arcsine(cross) * (_PER_TWO if j - i == 2 else PER_STEP)
    for k in range(POINTS - 1):
        ex, ey = line[k + 1, _X] - line[k, _X], line[k + 1, _Y] - line[k, _Y]
        length = max(np.sqrt(ex * ex + ey * ey), 1e-6)
        rate = 1.0 / length
        line[k, _EX], line[k, _EY] = ex * rate, ey * rate
        line[k, _LENGTH], line[k, _RATE] = length, rate


@kernel
def _square(dx, dy):
    return dx * dx + dy * dy


@kernel
def _nearest_point(line, x, y):
    """First of the points of the line that are nearest to (x, y).

    Four searches side by side, each over every fourth point: one alone would wait for each of
    its comparisons.
    """
    d0 = _square(line[0, _X] - x, line[0, _Y] - y)
    d1, d2, d3 = 1e30, 1e30, 1e30
    k0, k1, k2, k3 = 0, 0, 0, 0
    for k in range(1, POINTS, 4):
        d = _square(line[k, _X] - x, line[k, _Y] - y)
        d1, k1 = (d, k) if d < d1 else (d1, k1)
        d = _square(line[k + 1, _X] - x, line[k + 1, _Y] - y)
        d2, k2 = (d, k + 1) if d < d2 else (d2, k2)
        d = _square(line[k + 2, _X] - x, line[k + 2, _Y] - y)
        d3, k3 = (d, k + 2) if d < d3 else (d3, k3)
        d = _square(line[k + 3, _X] - x, line[k + 3, _Y] - y)
        d0, k0 = (d, k + 3) if d < d0 else (d0, k0)
    if d1 < d0 or (d1 == d0 and k1 < k0):
        d0, k0 = d1, k1
    if d3 < d2 or (d3 == d2 and k3 < k2):
        d2, k2 = d3, k3
    return k2 if d2 < d0 or (d2 == d0 and k2 < k0) else k0


@kernel
def project(line, x, y):
    """Project a point of the ego frame on the line.

    Returns:
        s [m] (negative behind the ego, beyond 60 past the end), lateral [m], index of the
        segment that is nearest.
    """
    nearest = _nearest_point(line, x, y)
    best, s, lateral, segment = 1e30, 0.0, 0.0, 0
    for k in range(max(nearest - 1, 0), min(nearest + 1, POINTS - 1)):
        ex, ey = line[k, _EX], line[k, _EY]
        dx, dy = x - line[k, _X], y - line[k, _Y]
        along, side = dx * ex + dy * ey, ex * dy - ey * dx
        on = along
        if k > 0:
            on = max(on, 0.0)
        if k < POINTS - 2:
            on = min(on, line[k, _LENGTH])
        d = side * side + (along - on) * (along - on)
        if d < best:
            best, segment = d, k
            s = (k + on * line[k, _RATE]) * STEP
            lateral = side
            if on != along:  # in the corner between two segments
                lateral = np.sqrt(d) if side >= 0.0 else -np.sqrt(d)
    return s, lateral, segment


@kernel
def _pursuit(line, speed):
    """Pure pursuit: 2 y / d^2 of a point of the line at a look-ahead that grows with speed.

    Coulter, Implementation of the Pure Pursuit Path Tracking Algorithm (CMU-RI-TR-92-01, 1992).
    """
    look = min(max(1.0 + 0.5 * speed, 3.0), 14.0)
    k = int(look / STEP)
    t = look / STEP - k
    x = (1 - t) * line[k, _X] + t * line[k + 1, _X]
    y = (1 - t) * line[k, _Y] + t * line[k + 1, _Y]
    return 2.0 * y / max(x * x + y * y, 4.0)


@kernel
def tracking_curvature(line, ego):
    """Curvature [1/m] that leads back to, and along, the line.

    Near the line: the line's own curvature a moment ahead (the steering's lag) plus linear
    feedback of offset and course, a damped second-order system in distance driven; it cuts bends
    a third as much as pure pursuit does. Far from the line: pure pursuit.
    """
    speed, lateral = float(ego[_SPEED]), float(ego[_LATERAL])
    # The centre moves along the yaw plus the slip angle of the bicycle in this bend.
    course = float(ego[_HEADING]) + _SLIP_LENGTH * line[0, _K]
    pursuit = _pursuit(line, speed)
    preview = min(0.6 + 0.17 * speed, 10.0)
    k = int(preview / STEP)
    t = preview / STEP - k
    ahead = (1 - t) * line[k, _K] + t * line[k + 1, _K]
    length = 2.2 + 0.3 * speed
    near = ahead - lateral / length**2 - 1.8 * np.sin(course) / length
    far = min(max(abs(lateral) - 0.7, 2.0 * abs(course) - 0.8, 0.0) / 0.5, 1.0)
    curvature = (1.0 - far) * near + far * pursuit
    return min(max(curvature, -0.2), 0.2)


@kernel
def curve_speed(line, speed, lateral_limit, braking):
    """Speed [m/s] now, from which `braking` [m/s^2] suffices for all that the line asks.

    Args:
        line: float64 [POINTS, Line].
        speed: of the ego [m/s]; bends farther than it can reach in 8 s are left out.
        lateral_limit: largest lateral acceleration [m/s^2] in bends.
        braking: comfortable deceleration [m/s^2].
    """
    allowed = line[0, _LIMIT] * line[0, _LIMIT]  # in squares: one root at the end does
    reach = 8.0 * max(speed, 5.0)
    for k in range(POINTS):
        s = max(k * STEP - 1.5, 0.0)
        if s > reach:
            break
        limit = line[k, _LIMIT]
        v = min(limit * limit, lateral_limit / max(abs(line[k, _K]), 1e-4))
        allowed = min(allowed, v + 2.0 * braking * s)
    return np.sqrt(allowed)
