from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.sensors.inertial import (
    compass,
    sense_gnss,
    sense_imu,
    sense_speed,
    to_gnss,
)
from roadworthy.sim.sensors.specs import InertialSpec
from roadworthy.sim.world.columns import Actor

SILENT = InertialSpec(0.0, 0.0, 0.0, 0.0, 0.0)
KEY = np.uint64(3)
REFERENCE = (42.0, 2.0)


def test_the_origin_is_at_the_geo_reference() -> None:
    gnss = to_gnss(0.0, 0.0, 12.5, REFERENCE)
    assert gnss.latitude == pytest.approx(42.0, abs=1e-9)
    assert gnss.longitude == pytest.approx(2.0, abs=1e-9)
    assert gnss.altitude == 12.5


def test_y_points_south_and_x_east() -> None:
    # 111,319.49 m are one degree on a sphere of 6,378,137 m.
    degree = math.pi / 180.0 * 6378137.0
    gnss = to_gnss(1000.0, 500.0, 0.0, REFERENCE)
    assert gnss.latitude == pytest.approx(42.0 - 500.0 / degree, abs=1e-6)
    assert gnss.longitude == pytest.approx(
        2.0 + 1000.0 / (degree * math.cos(math.radians(42.0))), abs=1e-6
    )


@given(x=st.floats(-3000, 3000), y=st.floats(-3000, 3000))
def test_agents_of_the_leaderboard_find_their_way_back(x: float, y: float) -> None:
    # TransFuser's agents (carla_garage, MIT) turn GNSS into metres with these two scales, in
    # towns whose reference is 0, 0.
    gnss = to_gnss(x, y, 0.0, (0.0, 0.0))
    assert gnss.longitude * 111319.490945 == pytest.approx(x, abs=0.2)
    assert -gnss.latitude * 111324.60662786 == pytest.approx(y, abs=0.2)


def test_the_compass_is_zero_to_the_north() -> None:
    assert compass(-math.pi / 2) == pytest.approx(0.0)  # -y is north
    assert compass(0.0) == pytest.approx(math.pi / 2)  # +x is east
    assert compass(math.pi / 2) == pytest.approx(math.pi)


@given(yaw=st.floats(-100.0, 100.0))
def test_the_compass_stays_in_one_turn(yaw: float) -> None:
    assert 0.0 <= compass(yaw) < 2.0 * math.pi + 1e-12


def car(**columns: float) -> np.ndarray:
    row = np.zeros(len(Actor), np.float32)
    for name, value in columns.items():
        row[Actor[name]] = value
    return row


def test_at_rest_only_gravity_is_felt() -> None:
    imu = sense_imu(car(), SILENT, KEY)
    assert imu.acceleration == pytest.approx((0.0, 0.0, 9.81))
    assert imu.gyroscope == (0.0, 0.0, 0.0)


def test_a_bend_to_the_right_is_felt_to_the_right() -> None:
    imu = sense_imu(car(SPEED=10.0, YAW_RATE=0.2, ACCEL=1.5), SILENT, KEY)
    assert imu.acceleration == pytest.approx((1.5, 2.0, 9.81))
    assert imu.gyroscope == pytest.approx((0.0, 0.0, 0.2))


def test_uphill_gravity_pushes_the_seat_forward() -> None:
    imu = sense_imu(car(PITCH=0.1), SILENT, KEY)
    assert imu.acceleration[0] == pytest.approx(9.81 * math.sin(0.1), rel=1e-6)
    assert np.linalg.norm(imu.acceleration) == pytest.approx(9.81)


def test_noise_has_the_deviations_of_the_spec() -> None:
    spec = InertialSpec()
    keys = np.arange(1, 2001, dtype=np.uint64) * np.uint64(7919)
    speeds = [sense_speed(car(SPEED=8.0), spec, key) for key in keys]
    assert np.mean(speeds) == pytest.approx(8.0, abs=0.003)
    assert np.std(speeds) == pytest.approx(0.02, rel=0.1)
    north = [sense_gnss(car(), REFERENCE, spec, key).latitude for key in keys[:1000]]
    assert np.std(north) * 111319.5 == pytest.approx(0.5, rel=0.1)
    side = [sense_imu(car(), spec, key).acceleration[1] for key in keys[:1000]]
    assert np.std(side) == pytest.approx(0.05, rel=0.1)


def test_carlas_own_noise_has_its_bias_and_deviation() -> None:
    spec = InertialSpec.carla(
        noise_alt_bias=3.0,
        noise_lat_stddev=1e-5,
        noise_accel_stddev=(0.0, 0.2, 0.0),
        noise_gyro_bias=(0.0, 0.0, 0.01),
    )
    keys = np.arange(1, 1001, dtype=np.uint64) * np.uint64(7919)
    places = [sense_gnss(car(Z=1.0), REFERENCE, spec, key) for key in keys]
    assert {place.altitude for place in places} == {4.0}
    assert len({place.longitude for place in places}) == 1
    assert np.std([place.latitude for place in places]) == pytest.approx(1e-5, rel=0.1)
    imus = [sense_imu(car(YAW_RATE=0.1), spec, key) for key in keys]
    assert np.std([imu.acceleration[1] for imu in imus]) == pytest.approx(0.2, rel=0.1)
    assert imus[0].acceleration[0] == 0.0
    assert imus[0].gyroscope == pytest.approx((0.0, 0.0, 0.11))


def test_another_noise_seed_gives_other_noise() -> None:
    one, other = (sense_speed(car(), InertialSpec(seed=seed), KEY) for seed in (0, 1))
    assert one != other
