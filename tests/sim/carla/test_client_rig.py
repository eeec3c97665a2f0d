"""What the wheel hands over is turned into a Frame's arrays."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.carla.client import rig
from roadworthy.sim.sensors.specs import CameraSpec, InertialSpec, LidarSpec


def image(pixels: list[list[int]]) -> SimpleNamespace:
    """One row of BGRA pixels, as carla.Image has them."""
    return SimpleNamespace(
        height=1, width=len(pixels), raw_data=np.array(pixels, np.uint8).tobytes()
    )


def test_a_picture_comes_as_rgb() -> None:
    assert rig.rgb_of(image([[10, 20, 30, 255], [1, 2, 3, 255]])).tolist() == [
        [[30, 20, 10], [3, 2, 1]]
    ]


def test_a_label_is_the_red_channel() -> None:
    assert rig.label_of(image([[0, 0, 14, 255], [9, 9, 1, 255]])).tolist() == [[14, 1]]


@given(st.floats(0.0, 1000.0))
def test_a_depth_is_read_as_carla_packs_it(depth: float) -> None:
    packed = round(depth / 1000.0 * (256**3 - 1))
    red, green, blue = packed & 255, packed >> 8 & 255, packed >> 16
    found = float(rig.depth_of(image([[blue, green, red, 255]]))[0, 0])
    assert found == pytest.approx(depth, abs=1e-3)


def test_points_keep_their_order_and_labels_stay_whole() -> None:
    points = np.arange(8, dtype=np.float32)
    found = rig.lidar_of(SimpleNamespace(raw_data=points.tobytes()))
    assert found.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    row = np.array([(1.0, 2.0, 3.0, 0.5, 70000, 14)], "f4,f4,f4,f4,u4,u4")
    found = rig.semantic_of(SimpleNamespace(raw_data=row.tobytes()))
    assert found.tolist() == [[1.0, 2.0, 3.0, 0.5, 70000.0, 14.0]]


def test_attributes_are_carlas_in_degrees_and_points_per_second() -> None:
    assert rig.camera(CameraSpec(fov=math.radians(90.0)))["fov"] == pytest.approx(90.0)
    turned = rig.lidar(LidarSpec())
    assert turned["rotation_frequency"] == pytest.approx(20.0)  # one turn for each frame of 0.05 s
    assert turned["points_per_second"] == 32 * 360 * 20
    assert (turned["upper_fov"], turned["lower_fov"]) == pytest.approx((10.0, -30.0))
    assert rig.lidar(LidarSpec.carla())["points_per_second"] == 56_000


def test_metres_of_satellite_noise_become_degrees() -> None:
    found = rig.gnss(InertialSpec(gnss_noise=1.0).as_carla(0))
    assert found["noise_lat_stddev"] == pytest.approx(math.degrees(1.0 / 6378137.0), rel=1e-5)
    spec = InertialSpec(acceleration_noise=0.3, noise_accel_stddev=(0.4, 0.0, 0.0)).as_carla(5)
    assert rig.imu(spec)["noise_seed"] == 5
    assert rig.imu(spec)["noise_accel_stddev_x"] == pytest.approx(0.5)
