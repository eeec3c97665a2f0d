from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.scenery.soup import box
from roadworthy.sim.sensors.panels import ORDER, around, find_panels

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


def test_a_lone_triangle_gets_a_fourth_corner_on_its_last_side() -> None:
    corners = halves(SQUARE)
    found = around(corners.reshape(-1, 3), np.array([0]), np.zeros(1, np.uint8))
    np.testing.assert_allclose(found[0], [[0, 0, 0], [1, 0, 0], [1, 1, 0], [0.5, 0.5, 0]])
