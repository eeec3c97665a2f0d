from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.sensors.lanes import EDGES, GROUP, LANES, bound, keep_nearer, project

FloatArray = NDArray[np.float32]

# Ahead of a sensor at the origin: 10 m away, 2 m wide, 2 m high, seen from its outer side.
WALL = np.array([[10, -1, 1], [10, 1, 1], [10, 1, -1], [10, -1, -1]], np.float32)
# Below the sensor: 2 m down, 4 m long and wide.
FLOOR = np.array([[-2, -2, -2], [2, -2, -2], [2, 2, -2], [-2, 2, -2]], np.float32)
AZIMUTH = np.array([-0.5, -0.11, -0.099, -0.05, 0.0, 0.05, 0.099, 0.11], np.float32)


@kernel
def _set_up(
    corner: FloatArray,
    pose: FloatArray,
    away: float,
    edges: FloatArray,
    cosine: FloatArray,
    sine: FloatArray,
    group: FloatArray,
) -> int:
    zero, one = np.float32(0.0), np.float32(1.0)
    # 100 columns to a radian, beginning behind the sensor.
    around = project(
        corner, 0, 12, zero, zero, zero, pose, np.float32(away), np.float32(away),
        np.float32(-math.pi), np.float32(100.0), np.float32(200.0 * math.pi), edges, 0,
    )  # fmt: skip
    bound(edges[0], cosine, sine, 0, group)
    return int(around + 0 * one)


def set_up(panel: FloatArray, away: float) -> tuple[int, FloatArray, FloatArray]:
    corner = np.stack([panel.T.ravel(), WALL.T.ravel()]).astype(np.float32)
    pose = np.concatenate([np.zeros((1, 3)), np.eye(3)]).astype(np.float32)
    edges, group = np.zeros((2, EDGES), np.float32), np.zeros(GROUP, np.float32)
    around = _set_up(corner, pose, away, edges, np.cos(AZIMUTH), np.sin(AZIMUTH), group)
    return around, edges, group


def test_a_wall_ahead_is_bounded_by_its_upright_edges_and_its_height() -> None:
    around, edges, group = set_up(WALL, -10.0)
    assert around == 0
    half = math.atan(0.1)
    expected = [100.0 * (angle + math.pi) - 0.5 for angle in (-half, half)]
    np.testing.assert_allclose(edges[0, 16:18], expected, atol=2e-3)
    top, bottom = group[:LANES], group[LANES : 2 * LANES]
    inside = np.abs(AZIMUTH) < half
    assert (top[~inside] < bottom[~inside]).all()
    # A ray of that azimuth is 10 m / cos away from the axis where the wall is 1 m high.
    np.testing.assert_allclose(top[inside], 0.1 * np.cos(AZIMUTH[inside]), rtol=1e-5)
    np.testing.assert_allclose(bottom[inside], -top[inside], rtol=1e-5)
    assert group[2 * LANES] == pytest.approx(0.1, rel=1e-5)
    assert group[2 * LANES + 1] == pytest.approx(-0.1, rel=1e-5)


def test_a_floor_below_the_sensor_is_around_its_axis_and_ends_at_its_edge() -> None:
    around, _, group = set_up(FLOOR, -2.0)
    assert around == 1  # the first panel, not the wall beside it
    # The edge is 2 m ahead and 2 m below.
    np.testing.assert_allclose(group[:LANES], -np.cos(AZIMUTH), rtol=1e-5)
    assert (group[LANES : 2 * LANES] < -1e6).all()


@kernel
def _keep(
    group: FloatArray, recip: FloatArray, number: NDArray[np.int32], tangent: FloatArray
) -> None:
    cosine, sine = group[:LANES], group[LANES : 2 * LANES]
    plane = np.float32(2.0), np.float32(0.0), np.float32(1.0)
    keep_nearer(
        group, cosine, sine, 0, tangent, 1, 3, plane[0], plane[1], plane[2], np.int32(7),
        recip, number, LANES,
    )  # fmt: skip


def test_only_rays_within_the_bounds_take_a_nearer_value() -> None:
    group = np.zeros(GROUP, np.float32)
    group[:LANES] = [1, 1, 1, 1, 0.4, 0.6, 1, 1]  # top; here also the cosines
    group[LANES : 2 * LANES] = [0, 0, 0, 0, 0, 0.55, 0, 0]  # bottom
    tangent = np.array([0.7, 0.5, 0.25, 0.1], np.float32)
    recip, number = np.zeros((4, LANES), np.float32), np.zeros((4, LANES), np.int32)
    recip[1, 3] = 3.0  # nearer already
    _keep(group, recip, number, tangent)
    np.testing.assert_allclose(recip[1], [2.5, 2.5, 2.5, 3.0, 0, 0, 2.5, 2.5])
    np.testing.assert_allclose(recip[2], [2.25, 2.25, 2.25, 2.25, 1.05, 0, 2.25, 2.25])
    np.testing.assert_array_equal(number[1], [7, 7, 7, 0, 0, 0, 7, 7])
    assert not recip[[0, 3]].any()  # channels that were not asked for
