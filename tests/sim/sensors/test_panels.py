from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel
from roadworthy.sim.scenery.soup import box
from roadworthy.sim.sensors.lanes import LANES, keep_nearer
from roadworthy.sim.sensors.panels import ORDER, find_panels

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)


def halves(quad: NDArray[np.float32]) -> NDArray[np.float32]:
    return quad[[[0, 1, 2], [0, 2, 3]]]


def codes(corners: NDArray[np.float32]) -> NDArray[np.uint8]:
    return find_panels(corners, np.ones(len(corners) - 1, np.bool_), 1e-3)


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("second", range(3))
def test_two_halves_of_a_square_are_a_panel_with_its_corners_in_order(
    first: int, second: int
) -> None:
    one, other = halves(SQUARE)
    pair = np.stack([np.roll(one, first, axis=0), np.roll(other, second, axis=0)])
    code = codes(pair)
    assert code[0] > 0
    assert code[1] == 0
    around = pair.reshape(6, 3)[ORDER[code[0]]]
    begin = int(np.flatnonzero((around[0] == SQUARE).all(axis=1))[0])
    np.testing.assert_array_equal(around, np.roll(SQUARE, -begin, axis=0))


def test_bent_or_hollow_pairs_stay_triangles() -> None:
    bent = SQUARE.copy()
    bent[3, 2] = 0.01
    assert not codes(halves(bent)).any()
    hollow = SQUARE.copy()
    hollow[3] = -1.0, -0.5, 0.0  # the corner at 0, 0 turns right
    assert not codes(halves(hollow)).any()
    assert not find_panels(halves(SQUARE), np.zeros(1, np.bool_), 1e-3).any()


def test_a_box_has_one_panel_to_a_side() -> None:
    code = codes(box([0, 0, 0], [1, 2, 3]))
    assert (code[::2] > 0).all()
    assert not code[1::2].any()


@kernel
def _keep(
    recip: NDArray[np.float32], number: NDArray[np.int32], tangent: NDArray[np.float32]
) -> None:
    keep_nearer(
        recip, number, tangent, LANES, 0,
        np.float32(0.5), np.float32(-0.5), np.float32(2.0), np.float32(1.0), np.float32(2.25),
        np.int32(7),
    )  # fmt: skip


def test_only_rays_within_the_bounds_take_a_nearer_value() -> None:
    recip, number = np.zeros((3, LANES), np.float32), np.zeros((3, LANES), np.int32)
    tangent = np.array([1.0, 0.5, 0.25, 0.0, -0.25, -0.5, -0.75, np.inf], np.float32)
    recip[1, 3] = 3.0  # nearer already
    _keep(recip, number, tangent)
    np.testing.assert_array_equal(recip[1], [0, 2.25, 2.25, 3.0, 1.75, 1.5, 0, 0])
    np.testing.assert_array_equal(number[1], [0, 7, 7, 0, 7, 7, 0, 0])
    assert not recip[[0, 2]].any()
