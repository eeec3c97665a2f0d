from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.physics.boxes import boxes_overlap

coordinate = st.floats(-10, 10)
angle = st.floats(-math.pi, math.pi)
size = st.floats(0.5, 8)


def test_boxes_side_by_side_do_not_touch_and_crossed_ones_do() -> None:
    assert not boxes_overlap(0.0, 0.0, 0.0, 4.0, 2.0, 0.0, 2.1, 0.0, 4.0, 2.0)
    assert boxes_overlap(0.0, 0.0, 0.0, 4.0, 2.0, 0.0, 1.9, 0.0, 4.0, 2.0)
    # A car turned by 45 degrees reaches 0.5 * (4 + 2) / sqrt(2) = 2.12 m to the side.
    assert boxes_overlap(0.0, 0.0, 0.0, 4.0, 2.0, 0.0, 3.1, math.pi / 4, 4.0, 2.0)
    assert not boxes_overlap(0.0, 0.0, 0.0, 4.0, 2.0, 0.0, 3.2, math.pi / 4, 4.0, 2.0)


box = st.tuples(coordinate, coordinate, angle, size, size)


@given(box, box)
def test_overlap_does_not_depend_on_the_order(
    one: tuple[float, ...], two: tuple[float, ...]
) -> None:
    assert boxes_overlap(*one, *two) == boxes_overlap(*two, *one)


@given(coordinate, coordinate, angle, size, size, st.floats(-0.49, 0.49), st.floats(-0.49, 0.49))
def test_a_small_box_inside_a_box_touches_it(
    x: float, y: float, yaw: float, length: float, width: float, along: float, across: float
) -> None:
    inside_x = x + math.cos(yaw) * along * length - math.sin(yaw) * across * width
    inside_y = y + math.sin(yaw) * along * length + math.cos(yaw) * across * width
    assert boxes_overlap(x, y, yaw, length, width, inside_x, inside_y, 0.3, 0.1, 0.1)
