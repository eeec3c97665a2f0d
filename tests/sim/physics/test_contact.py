from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.physics.contact import Body, Touch, collide_bodies, may_touch, touch

coordinate = st.floats(-6, 6)
angle = st.floats(-math.pi, math.pi)
size = st.floats(0.5, 8)
speed = st.floats(-30, 30)
box = st.tuples(coordinate, coordinate, angle, size, size)
body = st.builds(
    Body, coordinate, coordinate, speed, speed, st.floats(-4, 4), st.floats(1e-4, 1e-2),
    st.floats(1e-4, 1e-1),
)  # fmt: skip
still = st.builds(Body, coordinate, coordinate, *[st.just(0.0)] * 5)


def energy(b: Body) -> float:
    """Kinetic energy [J]; none for what cannot be moved."""
    if b.per_mass == 0.0:
        return 0.0
    return 0.5 * (b.vx**2 + b.vy**2) / b.per_mass + 0.5 * b.spin**2 / b.per_inertia


@given(box, box, speed, speed)
def test_boxes_touch_where_they_overlap_and_part_by_the_depth(
    one: tuple[float, ...], two: tuple[float, ...], vx: float, vy: float
) -> None:
    hit = touch(*one, *two, vx, vy)
    less = (*two[:3], two[3] - 1e-6, two[4] - 1e-6)  # edges that just meet count as either
    if hit.depth == 0.0:
        assert not boxes_overlap(*one, *less)
    assume(hit.depth > 1e-6)
    assert boxes_overlap(*one, *two)
    assert math.hypot(hit.nx, hit.ny) == pytest.approx(1.0)
    assert (two[0] - one[0]) * hit.nx + (two[1] - one[1]) * hit.ny >= -1e-9
    push = hit.depth + 1e-3
    moved = (one[0] - hit.nx * push, one[1] - hit.ny * push, *one[2:])
    assert not boxes_overlap(*moved, *two)


@given(box, box)
def test_boxes_that_cannot_touch_do_not(one: tuple[float, ...], two: tuple[float, ...]) -> None:
    near = may_touch(two[0] - one[0], two[1] - one[1], *one[3:], *two[3:])
    assert near or not boxes_overlap(*one, *two)


def test_the_face_that_was_hit_counts_and_not_the_shallowest_side() -> None:
    # 1.5 m into the tail of another car within a tick, 0.4 m overlap at the side.
    hit = touch(0.0, 0.0, 0.0, 4.0, 2.0, 2.5, 1.6, 0.0, 4.0, 2.0, 30.0, 0.0)
    assert (hit.nx, hit.ny) == pytest.approx((1.0, 0.0))
    assert hit.depth == pytest.approx(1.5)
    beside = touch(0.0, 0.0, 0.0, 4.0, 2.0, 2.5, 1.6, 0.0, 4.0, 2.0, 0.0, 0.0)
    assert (beside.nx, beside.ny) == pytest.approx((0.0, 1.0))


def test_two_equal_cars_head_to_tail_share_the_speed_but_for_the_bounce() -> None:
    # By hand: e = 0.1, so v = (1 - e) / 2 * 10 and (1 + e) / 2 * 10.
    a = Body(0.0, 0.0, 10.0, 0.0, 0.0, 1 / 1500, 1e-3)
    b = Body(4.0, 0.0, 0.0, 0.0, 0.0, 1 / 1500, 1e-3)
    after_a, after_b, jx, jy = collide_bodies(a, b, Touch(0.1, 1.0, 0.0, 2.0, 0.0))
    assert after_a.vx == pytest.approx(4.5)
    assert after_b.vx == pytest.approx(5.5)
    assert (jx, jy) == pytest.approx((-1500 * 5.5, 0.0))
    assert after_a.spin == after_b.spin == 0.0


def test_a_hit_off_centre_turns_the_car_away() -> None:
    # Its right front corner meets a wall: it turns to the right, yaw is positive to the right.
    car = Body(0.0, 0.0, 10.0, 0.0, 0.0, 1 / 1500, 1 / 2500)
    wall = Body(3.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    after, fixed, _, _ = collide_bodies(car, wall, Touch(0.1, 1.0, 0.0, 2.2, 0.8))
    assert after.spin > 0.5
    assert after.vx < 10.0
    assert fixed == wall


@given(body, st.one_of(body, still), angle, coordinate, coordinate)
def test_a_touch_never_adds_energy_and_keeps_momentum(
    a: Body, b: Body, normal: float, x: float, y: float
) -> None:
    hit = Touch(0.1, math.cos(normal), math.sin(normal), x, y)
    after_a, after_b, jx, jy = collide_bodies(a, b, hit)
    before = energy(a) + energy(b)
    assert energy(after_a) + energy(after_b) <= before * (1.0 + 1e-9) + 1e-6
    assert (after_a.vx - a.vx) / a.per_mass == pytest.approx(jx, rel=1e-6, abs=1e-6)
    if b.per_mass > 0.0:
        assert (after_b.vy - b.vy) / b.per_mass == pytest.approx(-jy, rel=1e-6, abs=1e-6)
    else:
        assert after_b == b
