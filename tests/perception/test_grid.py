"""Sweeps and pictures land in the cells where the things are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.perception import grid
from roadworthy.perception.grid import Rasteriser, cell_centres, ground_table, project
from roadworthy.sim.sensors.specs import CameraSpec, LidarSpec


def test_a_return_lands_in_its_cell_and_band() -> None:
    spec = LidarSpec(x=1.0, z=2.0)
    # x = 10.2 + 1.0, y = -3.9; heights above ground 0.0, 1.0, 1.5
    sweep = np.array([[10.2, -3.9, z, 0.5] for z in (-2.0, -1.0, -0.5)], np.float32)
    raster = Rasteriser(spec).raster(sweep)
    row, column = int((11.2 + 16) / 0.5), int((-3.9 + 32) / 0.5)
    assert raster[:, row, column].tolist() == [16, 16, 16, 90, 127]
    raster[:, row, column] = 0
    assert not raster.any()


def test_returns_outside_of_the_grid_or_above_the_ceiling_are_left_out() -> None:
    sweep = np.array([[60, 0, 0, 1], [-17, 0, 0, 1], [0, 33, 0, 1], [5, 5, 2.5, 1]], np.float32)
    assert not Rasteriser(LidarSpec()).raster(sweep).any()


def test_many_returns_saturate_and_the_next_sweep_starts_anew() -> None:
    rasteriser = Rasteriser(LidarSpec())
    sweep = np.tile(np.array([[5.1, 5.1, -2.2, 1.0]], np.float32), (40, 1))
    assert rasteriser.raster(sweep)[grid.GROUND].max() == 255
    assert not rasteriser.raster(sweep[:0]).any()


def test_projection_of_points_that_can_be_worked_out_by_hand() -> None:
    camera = CameraSpec(x=0.0, z=1.9, fov=math.pi / 2)  # focal length 160
    u, v, depth = project(
        camera, np.array([10.0, 10.0]), np.array([0.0, 5.0]), np.array([1.9, 0.9])
    )
    np.testing.assert_allclose(u, [160.0, 160.0 + 80.0])
    np.testing.assert_allclose(v, [80.0, 80.0 + 16.0])
    np.testing.assert_allclose(depth, 10.0)


@pytest.mark.parametrize(("pitch", "direction"), [(0.1, 1), (-0.1, -1)])
def test_a_camera_that_looks_up_sees_the_horizon_lower(pitch: float, direction: int) -> None:
    far = np.array([1000.0]), np.array([0.0]), np.array([1.9])
    _, v, _ = project(CameraSpec(pitch=pitch), *far)
    assert direction * (v[0] - 80) > 5


def test_the_ground_table_points_each_cell_at_the_pixel_that_shows_it() -> None:
    camera = CameraSpec()
    table = ground_table(camera, 4, (0.0, 1.0)).reshape(2, grid.SIZE, grid.SIZE)
    x, y = cell_centres()
    nowhere = 80 * 40
    assert (table[:, x < 1.0] == nowhere).all()  # behind the camera
    row, column = int(20 - grid.X_MIN), int(6 - grid.Y_MIN)
    u, v, _ = project(camera, x[row, column], y[row, column], np.float64(0.0))
    assert table[0, row, column] == int(v // 4) * 80 + int(u // 4)
    assert table[1, row, column] < table[0, row, column]  # a metre up is higher in the picture


def test_mirrored_cells_look_at_mirrored_pixels() -> None:
    table = ground_table(CameraSpec(), 4, (0.0,)).reshape(grid.SIZE, grid.SIZE)
    seen = table < 80 * 40
    np.testing.assert_array_equal(seen, seen[:, ::-1])
    column = np.where(seen, table % 80, 0)
    np.testing.assert_array_equal(np.where(seen, 79 - column[:, ::-1], 0), column)
