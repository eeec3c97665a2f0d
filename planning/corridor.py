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
    """Weights of Hermite's splines at each point of the line, float64 [8, POINTS].

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
        )
    )


_WEIGHTS = _weights()


class Line(IntEnum):
    """Columns of the corridor's line, float64 [Line, POINTS]."""

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


_SERIES = 0.5  # sine of a third of a right angle, up to which the arcsine's series holds to 1e-5


@kernel
def _bend(line):
    """Turn the sines of the turns at the points into curvatures [1/m], in place.

    First all by the series, without a branch, which vector instructions can do. Sharper turns than
    that within two steps are rare. RATE, which `trace` has yet to write, holds the turns meanwhile.
    """
    last, sharp = POINTS - 1, False
    for k in range(POINTS):
        x = line[_K, k]
        square = x * x
        series = 1 / 6 + square * (3 / 40 + square * (5 / 112 + square / 27))
        line[_RATE, k] = x * (1.0 + square * series)
        sharp = sharp | (square >= _SERIES * _SERIES)
    if sharp:
        for k in range(POINTS):
            if abs(line[_K, k]) >= _SERIES:
                line[_RATE, k] = np.arcsin(min(max(line[_K, k], -1.0), 1.0))
    for k in range(POINTS):
        line[_K, k] = line[_RATE, k] * _PER_TWO
    line[_K, 0], line[_K, last] = line[_RATE, 0] * PER_STEP, line[_RATE, last] * PER_STEP


@kernel
def trace(route, ego, node, line):
    """Write the corridor's line.

    Args:
        route: float32 [rows, RouteCol] of one world.
        ego: float32 [EgoCol] of one world.
        node: float64 [5, rows + 1], scratch.
        line: float64 [Line, POINTS], written.
    """
    # The ego stands `lateral` to the right of the route, turned by `heading` against it.
    h, lateral = float(ego[_HEADING]), float(ego[_LATERAL])
    cosine, sine = np.cos(h), np.sin(h)
    node[0, 0], node[1, 0], node[2, 0], node[3, 0] = (
        -lateral * sine,
        -lateral * cosine,
        cosine,
        -sine,
    )
    node[4, 0] = ego[_ELIMIT]
    ended = False
    for i in range(1, _N_NODES):
        ds = _NODES[i] - _NODES[i - 1]
        x, y = float(route[i - 1, _RX]), float(route[i - 1, _RY])
        dx, dy = x - node[0, i - 1], y - node[1, i - 1]
        ended = ended or dx * dx + dy * dy < 0.09 * ds * ds
        node[2, i], node[3, i] = node[2, i - 1], node[3, i - 1]
        if ended:
            # The route ends before this row, which repeats its last point: go straight on.
            node[0, i] = node[0, i - 1] + ds * node[2, i]
            node[1, i] = node[1, i - 1] + ds * node[3, i]
            node[4, i] = node[4, i - 1]
        else:
            node[0, i], node[1, i], node[4, i] = x, y, route[i - 1, _RLIMIT]
            c, s = float(route[i - 1, _RC]), float(route[i - 1, _RS])
            square = c * c + s * s
            if square > 0.01:
                scale = 1.0 / np.sqrt(square)
                node[2, i], node[3, i] = c * scale, s * scale
    for k in range(POINTS):
        i = _INTERVAL[k]
        x0, y0, x1, y1 = node[0, i], node[1, i], node[0, i + 1], node[1, i + 1]
        c0, s0, c1, s1 = node[2, i], node[3, i], node[2, i + 1], node[3, i + 1]
        h00, h01, h10, h11 = _WEIGHTS[0, k], _WEIGHTS[1, k], _WEIGHTS[2, k], _WEIGHTS[3, k]
        g00, g10, g11, t = _WEIGHTS[4, k], _WEIGHTS[5, k], _WEIGHTS[6, k], _WEIGHTS[7, k]
        line[_X, k] = h00 * x0 + h01 * x1 + h10 * c0 + h11 * c1
        line[_Y, k] = h00 * y0 + h01 * y1 + h10 * s0 + h11 * s1
        line[_TX, k] = g00 * (x0 - x1) + g10 * c0 + g11 * c1
        line[_TY, k] = g00 * (y0 - y1) + g10 * s0 + g11 * s1
        line[_LIMIT, k] = node[4, i] if t < 0.5 else node[4, i + 1]
    for k in range(POINTS):
        tx, ty = line[_TX, k], line[_TY, k]
        scale = 1.0 / max(np.sqrt(tx * tx + ty * ty), 1e-6)
        line[_TX, k], line[_TY, k] = tx * scale, ty * scale
    last = POINTS - 1
    for k in range(1, last):
        cross = line[_TX, k - 1] * line[_TY, k + 1] - line[_TY, k - 1] * line[_TX, k + 1]
        line[_K, k] = cross
    for k, i, j in ((0, 0, 1), (last, last - 1, last)):
        cross = line[_TX, i] * line[_TY, j] - line[_TY, i] * line[_TX, j]
        line[_K, k] = cross
    _bend(line)
    for k in range(POINTS - 1):
        ex, ey = line[_X, k + 1] - line[_X, k], line[_Y, k + 1] - line[_Y, k]
        length = max(np.sqrt(ex * ex + ey * ey), 1e-6)
        rate = 1.0 / length
        line[_EX, k], line[_EY, k] = ex * rate, ey * rate
        line[_LENGTH, k], line[_RATE, k] = length, rate


@kernel
def _nearest_point(line, x, y):
    """First of the points of the line that are nearest to (x, y).

    The bits of a square, read as an integer, rise with it. With the point's number in the last
    five of them, which are worth 1e-14 of it, the least of these integers tells where it is: one
    search without a branch, which vector instructions can do.
    """
    best = np.int64((1 << 63) - 1)
    for k in range(POINTS):
        dx, dy = line[_X, k] - x, line[_Y, k] - y
        bits = np.float64(dx * dx + dy * dy).view(np.int64)
        best = min(best, bits & -32 | k)
    return best & 31


@kernel
def _project_on(line, k, x, y):
    """Squared distance to the segment from point k on, s and lateral [m] of the place on it."""
    ex, ey = line[_EX, k], line[_EY, k]
    dx, dy = x - line[_X, k], y - line[_Y, k]
    along, side = dx * ex + dy * ey, ex * dy - ey * dx
    # The line goes on straight beyond its ends.
    on = along if k == 0 else max(along, 0.0)
    on = on if k == POINTS - 2 else min(on, line[_LENGTH, k])
    d = side * side + (along - on) * (along - on)
    away = np.sqrt(d)  # to the corner between two segments where it is nearest
    corner = away if side >= 0.0 else -away
    return d, (k + on * line[_RATE, k]) * STEP, side if on == along else corner


@kernel
def project(line, x, y):
    """Project a point of the ego frame on the line.

    Returns:
        s [m] (negative behind the ego, beyond 60 past the end), lateral [m], index of the
        segment that is nearest.
    """
    nearest = _nearest_point(line, x, y)
    before, after = max(nearest - 1, 0), min(nearest, POINTS - 2)
    d, s, lateral = _project_on(line, before, x, y)
    d_after, s_after, lateral_after = _project_on(line, after, x, y)
    if d_after < d:
        return s_after, lateral_after, after
    return s, lateral, before


@kernel
def segment_at(s):
    """Number of the segment at `s` metres of the line; of those there are, whatever `s` may be."""
    return min(max(int(s / STEP), 0), POINTS - 2)


@kernel
def _pursuit(line, speed):
    """Pure pursuit: 2 y / d^2 of a point of the line at a look-ahead that grows with speed.

    Coulter, Implementation of the Pure Pursuit Path Tracking Algorithm (CMU-RI-TR-92-01, 1992).
    """
    look = min(max(1.0 + 0.5 * speed, 3.0), 14.0)
    k = segment_at(look)
    t = look / STEP - k
    x = (1 - t) * line[_X, k] + t * line[_X, k + 1]
    y = (1 - t) * line[_Y, k] + t * line[_Y, k + 1]
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
    course = float(ego[_HEADING]) + _SLIP_LENGTH * line[_K, 0]
    pursuit = _pursuit(line, speed)
    preview = min(0.6 + 0.17 * speed, 10.0)
    k = segment_at(preview)
    t = preview / STEP - k
    ahead = (1 - t) * line[_K, k] + t * line[_K, k + 1]
    length = 2.2 + 0.3 * speed
    near = ahead - lateral / length**2 - 1.8 * np.sin(course) / length
    far = min(max(abs(lateral) - 0.7, 2.0 * abs(course) - 0.8, 0.0) / 0.5, 1.0)
    curvature = (1.0 - far) * near + far * pursuit
    return min(max(curvature, -0.2), 0.2)


@kernel
def curve_speed(line, speed, lateral_limit, braking):
    """Speed [m/s] now, from which `braking` [m/s^2] suffices for all that the line asks.

    Args:
        line: float64 [Line, POINTS].
        speed: of the ego [m/s]; bends farther than it can reach in 8 s are left out.
        lateral_limit: largest lateral acceleration [m/s^2] in bends.
        braking: comfortable deceleration [m/s^2].
    """
    allowed = line[_LIMIT, 0] * line[_LIMIT, 0]  # in squares: one root at the end does
    reach = 8.0 * max(speed, 5.0)
    for k in range(POINTS):
        s = max(k * STEP - 1.5, 0.0)
        if s > reach:
            break
        limit = line[_LIMIT, k]
        v = min(limit * limit, lateral_limit / max(abs(line[_K, k]), 1e-4))
        allowed = min(allowed, v + 2.0 * braking * s)
    return np.sqrt(allowed)
