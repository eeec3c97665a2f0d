from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.physics.bicycle import (
    accel_to_pedal,
    curvature_to_steer,
    inverse,
    pedal_to_accel,
    steer_to_slip,
)
from roadworthy.sim.physics.profile import (
    PEDAL_STEP,
    SPEED_STEP,
    carla_mkz,
    fitted_speed_after_brake,
    fitted_speed_after_throttle,
)

MKZ = carla_mkz()
ARRAYS = MKZ.arrays()


def test_each_row_of_the_table_rises_with_the_pedal() -> None:
    assert (np.diff(MKZ.accel_table, axis=1) > 0).all()


@pytest.mark.parametrize("throttle", [0.3, 0.5, 0.75, 1.0])
def test_throttle_follows_the_published_fit(throttle: float) -> None:
    speeds = np.arange(0.0, 20.0, SPEED_STEP)
    after = fitted_speed_after_throttle(speeds * 3.6, throttle) / 3.6
    expected = (after - speeds) / 0.05
    column = round((throttle + 1.0) / PEDAL_STEP)
    np.testing.assert_allclose(MKZ.accel_table[: len(speeds), column], expected, atol=0.01)


def test_full_brake_at_36_kmh_matches_a_value_computed_by_hand() -> None:
    # The polynomial by hand at 36 km/h gives 34.06 km/h one tick later.
    by_hand = sum(
        c * 36.0 ** (i + 1)
        for i, c in enumerate(
            (
                9.3171e-3,
                8.20967e-2,
                -2.83832e-3,
                5.06587e-5,
                -4.90357e-7,
                2.44419e-9,
                -4.91382e-12,
            )
        )
    )
    assert fitted_speed_after_brake(np.array([36.0]))[0] == pytest.approx(by_hand)
    assert 30.0 < by_hand < 36.0


@given(st.floats(0, 30), st.floats(-4, 3))
def test_the_pedal_found_for_an_acceleration_gives_that_acceleration(
    speed: float, wanted: float
) -> None:
    pedal = accel_to_pedal(ARRAYS.accel, speed, wanted)
    got = pedal_to_accel(ARRAYS.accel, speed, pedal)
    weakest = pedal_to_accel(ARRAYS.accel, speed, -1.0)
    strongest = pedal_to_accel(ARRAYS.accel, speed, 1.0)
    assert got == pytest.approx(min(max(wanted, weakest), strongest), abs=2e-3)


@given(st.floats(-0.2, 0.2))
def test_the_steer_found_for_a_curvature_drives_that_curvature(curvature: float) -> None:
    steer = curvature_to_steer(ARRAYS.geometry, curvature)
    slip = steer_to_slip(ARRAYS.geometry, steer)
    assert np.sin(slip) / MKZ.l_rear == pytest.approx(curvature, abs=1e-5)


@given(st.floats(0, 40), st.floats(-20, 20), st.floats(-1, 1))
def test_inverse_never_asks_for_throttle_and_brake_at_once(
    speed: float, accel: float, curvature: float
) -> None:
    throttle, brake, steer = inverse(MKZ, speed, accel, curvature)
    assert throttle == 0.0 or brake == 0.0
    assert 0.0 <= throttle <= 1.0
    assert 0.0 <= brake <= 1.0
    assert -1.0 <= steer <= 1.0
