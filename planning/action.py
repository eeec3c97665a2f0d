"""Actions of the policy: two indices to a desired acceleration and a curvature offset.

The policy chooses a longitudinal level and an offset from the curvature that tracks
the route (residual control: steering is right from the first step on). Both are rate-limited, so
that what is executed stays smooth however the indices jump.
"""

# Kernels are typed by Numba, from the arrays they are called with.
# mypy: allow-untyped-defs, allow-untyped-calls
from __future__ import annotations

import math

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from roadworthy.perception.scene import EgoCol, Scene
from roadworthy.planning.corridor import POINTS, Line, trace, tracking_curvature
from roadworthy.planning.plan import Plan
from roadworthy.sim.kernel import kernel

# [m/s^2] and [1/m]; the ends are those of FIELD_NOTES 3.3, the offsets denser around zero.
ACCELERATIONS = np.array([-5.0, -3.0, -1.5, 0.0, 0.8, 1.6, 2.4], np.float32)
CURVATURE_OFFSETS = np.array(
    [-0.12, -0.06, -0.03, -0.012, 0.0, 0.012, 0.03, 0.06, 0.12], np.float32
)
ACTION_SIZES = (len(ACCELERATIONS), len(CURVATURE_OFFSETS))
STEP_TIME = 0.1  # [s] between decisions
# Change per decision: pressing the brake may be quick, letting go and accelerating not.
FALL_LIMIT = 3.0  # [m/s^2]
RISE_LIMIT = 1.2  # [m/s^2]
OFFSET_LIMIT = 0.03  # [1/m]
MAX_CURVATURE = 0.22  # [1/m] about CARLA's tightest turn
PATH_POINTS = 20
PATH_TIME = 2.0  # [s]

_SPEED = int(EgoCol.SPEED)
_N_LINE = len(Line)
_FALL, _RISE, _OFFSET = np.float32(FALL_LIMIT), np.float32(RISE_LIMIT), np.float32(OFFSET_LIMIT)


def nearest_acceleration(accel: NDArray[np.float32]) -> NDArray[np.int64]:
    """Indices of the table's entries nearest to accelerations of any shape."""
    edges = 0.5 * (ACCELERATIONS[1:] + ACCELERATIONS[:-1])
    return np.searchsorted(edges, accel).astype(np.int64)


@kernel
def limit_rates(
    last: NDArray[np.float32],
    wanted_accel: NDArray[np.float32],
    wanted_offset: NDArray[np.float32],
) -> None:
    """Move the actions in force towards the wanted ones, in place.

    Args:
        last: float32 [W, 2] acceleration [m/s^2] and curvature offset [1/m] in force; updated.
        wanted_accel: float32 [W].
        wanted_offset: float32 [W].
    """
    for w in range(len(last)):
        _limit(last[w], wanted_accel[w], wanted_offset[w])


@kernel
def _limit(last, accel, offset):
    change = min(max(accel - last[0], -_FALL), _RISE)
    turn = min(max(offset - last[1], -_OFFSET), _OFFSET)
    last[0] += change
    last[1] += turn


@kernel
def put_in_force(action, base, last, wish, accel, curvature):
    """Take the policy's choices within the limits of their rates.

    Args:
        action: int64 [W, 2] indices into `ACCELERATIONS` and `CURVATURE_OFFSETS`.
        base: float32 [W] curvature that tracks the route [1/m].
        last: float32 [W, 2] acceleration [m/s^2] and curvature offset [1/m] in force; updated.
        wish: float32 [W], written: acceleration that is asked for.
        accel: float32 [W], written: acceleration in force.
        curvature: float32 [W], written: curvature to drive [1/m].
    """
    most = np.float32(MAX_CURVATURE)
    for w in range(len(last)):
        wish[w] = ACCELERATIONS[action[w, 0]]
        _limit(last[w], wish[w], CURVATURE_OFFSETS[action[w, 1]])
        accel[w] = last[w, 0]
        curvature[w] = min(max(base[w] + last[w, 1], -most), most)


@njit(cache=True, nogil=True, error_model="numpy", parallel=True)
def _base_parallel(route, ego, out):
    for w in prange(len(ego)):
        node, line = np.empty((5, 13)), np.empty((_N_LINE, POINTS))
        trace(route[w], ego[w], node, line)
        out[w] = tracking_curvature(line, ego[w])


@njit(cache=True, nogil=True, error_model="numpy")
def _base_serial(route, ego, out):
    for w in range(len(ego)):
        node, line = np.empty((5, 13)), np.empty((_N_LINE, POINTS))
        trace(route[w], ego[w], node, line)
        out[w] = tracking_curvature(line, ego[w])


def base_curvature(scene: Scene, out: NDArray[np.float32]) -> None:
    """Write the curvature that tracks the route [1/m], float32 [W], of a batched Scene."""
    run = _base_parallel if len(scene.ego) >= 16 else _base_serial
    run(scene.route, scene.ego, out)


def plan_of(speed: float, accel: float, curvature: float) -> Plan:
    """Make the Plan of one decision: its path is an arc driven with constant acceleration.

    Args:
        speed: of the ego [m/s].
        accel: [m/s^2].
        curvature: [1/m].
    """
    path = np.empty((PATH_POINTS, 2), np.float32)
    _arc(speed, accel, curvature, path)
    return Plan(float(accel), float(curvature), path)


@njit(cache=True, nogil=True, error_model="numpy")
def _arc(speed, accel, curvature, path):
    """Fill in x, y [m] at equal times until PATH_TIME."""
    step = PATH_TIME / len(path)
    s, before = 0.0, speed
    for k in range(len(path)):
        v = max(speed + accel * (step * (k + 1)), 0.0)
        s += 0.5 * (v + before) * step
        before = v
        # sin(a) / k and (1 - cos(a)) / k with a = k s, written so that they hold for k = 0 too.
        half = 0.5 * curvature * s
        share = math.sin(half) / half if half != 0.0 else 1.0
        path[k, 0] = s * share * math.cos(half)
        path[k, 1] = s * share * math.sin(half)
