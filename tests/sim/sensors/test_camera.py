from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.scenery.material import Label
from roadworthy.sim.scenery.props import LAMP_HEIGHTS
from roadworthy.sim.sensors.camera import Camera, axes
from roadworthy.sim.sensors.shade import SKY_DEPTH
from roadworthy.sim.sensors.specs import CameraSpec
from roadworthy.sim.world.columns import Actor, Kind


@pytest.fixture(scope="module")
def camera(street: Any) -> Camera:
    """The default camera: 0.6 m ahead of the ego's centre, 1.9 m up, 320 x 160."""
    return Camera(street.town, CameraSpec())


def pixel(camera: Camera, ego: Any, place: tuple[float, float, float]) -> tuple[int, int]:
    """Row and column at which a place of the world is seen."""
    pose = camera.pose(ego)
    depth, right, up = pose[1:] @ (np.array(place) - pose[0])
    half_w, half_h = camera.spec.width / 2, camera.spec.height / 2
    return int(half_h - camera.focal * up / depth), int(half_w + camera.focal * right / depth)


def test_a_car_ten_metres_ahead_has_its_rear_at_its_true_depth(street: Any, camera: Camera) -> None:
    actors = street.actors(street.row(112.6, 1.75))  # rear at 110.6, camera at 100.6
    _, depth, semantic = camera.render(street.soup(actors), actors[0], street.red)
    car = semantic == Label.CAR
    assert car.sum() > 100
    assert depth[car].min() == pytest.approx(10.0, abs=0.06)
    row, column = pixel(camera, actors[0], (110.6, 1.75, 0.75))
    assert depth[row, column] == pytest.approx(10.0, abs=0.15)
    # 2 m wide at 10 m: as many pixels as the pinhole model says.
    columns = np.flatnonzero(car.any(axis=0))
    assert np.ptp(columns) + 1 == pytest.approx(camera.focal * 2.0 / 10.0, abs=2)


def test_what_stands_to_the_right_is_drawn_on_the_right(street: Any, camera: Camera) -> None:
    right = street.actors(street.row(112.0, 4.75, Kind.WALKER))
    _, _, semantic = camera.render(street.soup(right), right[0], street.red)
    rows, columns = np.nonzero(semantic == Label.PEDESTRIANS)
    assert len(rows) > 10
    assert columns.min() > 160
    row, column = pixel(camera, right[0], (112.0, 4.75, 0.9))
    assert abs(columns.mean() - column) < 3
    assert abs(rows.mean() - row) < 4


def test_the_ground_has_the_depth_of_the_pinhole_model(street: Any, camera: Camera) -> None:
    actors = street.actors()
    _, depth, semantic = camera.render(street.soup(actors), actors[0], street.red)
    for row in (100, 120, 150):
        below = (row + 0.5 - 80) / camera.focal
        assert semantic[row, 160] in (Label.ROADS, Label.ROAD_LINES)
        assert depth[row, 160] == pytest.approx(1.9 / below, rel=0.01)
    assert depth[2, 160] == SKY_DEPTH
    assert semantic[2, 160] == Label.SKY


def test_the_ego_does_not_see_itself(street: Any, camera: Camera) -> None:
    actors = street.actors()
    behind = Camera(street.town, CameraSpec(x=-3.0, z=1.0))
    for view in (camera, behind):
        _, _, semantic = view.render(street.soup(actors), actors[0], street.red)
        assert not (semantic == Label.CAR).any()


@pytest.mark.parametrize("distance", [8.0, 15.0, 25.0, 40.0])
def test_only_the_lamp_in_force_glows(street: Any, camera: Camera, distance: float) -> None:
    actors = street.actors(ego_x=200.0 - 0.6 - distance)
    soup = street.soup(actors)
    pole = street.town.scenery.boxes[0]
    shown = []
    for state in range(4):  # red, yellow, green, off
        rgb, _, _ = camera.render(soup, actors[0], np.full(1, state, np.uint8))
        shown.append(
            [
                rgb[pixel(camera, actors[0], (pole[0] - 0.315, pole[1], z))].astype(int)
                for z in LAMP_HEIGHTS
            ]
        )
    for lamp in range(3):
        lit, dark = shown[lamp][lamp], shown[3][lamp]
        assert lit.max() > 200
        assert dark.max() < 90
    red, yellow, green = shown[0][0], shown[1][1], shown[2][2]
    assert red[0] > 200 > 90 > red[1]
    assert yellow[0] > 200 > 90 > yellow[2]
    assert 130 < yellow[1] < 230
    assert green[1] > 200 > 90 > green[0]


def test_a_light_seen_from_behind_does_not_glow(street: Any, camera: Camera) -> None:
    actors = street.actors()
    actors[0, [Actor.X, Actor.YAW]] = 215.0, math.pi
    soup = street.soup(actors)
    on, _, _ = camera.render(soup, actors[0], street.green)
    off, _, _ = camera.render(soup, actors[0], np.full(1, 3, np.uint8))
    np.testing.assert_array_equal(on, off)


def test_brake_lights_turn_bright_red(street: Any, camera: Camera) -> None:
    pictures = []
    for brake in (False, True):
        actors = street.actors(street.row(112.0, 1.75, brake=brake))
        pictures.append(camera.render(street.soup(actors), actors[0], street.red)[0].astype(int))
    changed = np.abs(pictures[1] - pictures[0]).max(axis=2) > 30
    assert changed.sum() >= 8
    assert pictures[1][changed][:, 0].min() > 200
    assert pictures[1][changed][:, 1:].max() < 90


def test_walkers_swing_their_legs(street: Any, camera: Camera) -> None:
    masks = []
    for phase in (0.0, math.pi / 2):
        walker = street.row(106.0, 2.5, Kind.WALKER, math.pi / 2)
        walker[Actor.PHASE] = phase
        actors = street.actors(walker)
        _, _, semantic = camera.render(street.soup(actors), actors[0], street.red)
        masks.append(semantic == Label.PEDESTRIANS)
    rows = np.flatnonzero(masks[0].any(axis=1))
    feet = rows.max() - 3
    assert np.ptp(np.flatnonzero(masks[1][feet])) > np.ptp(np.flatnonzero(masks[0][feet])) + 3


def test_the_same_scene_gives_the_same_bytes(street: Any, camera: Camera) -> None:
    actors = street.actors(street.row(112.0, 1.75), street.row(120.0, 4.5, Kind.WALKER))
    other = Camera(street.town, CameraSpec())
    first = camera.render(street.soup(actors), actors[0], street.red)
    second = other.render(street.soup(actors), actors[0], street.red)
    assert [a.tobytes() for a in first] == [b.tobytes() for b in second]


def test_dead_slots_and_far_actors_are_not_drawn(street: Any, camera: Camera) -> None:
    dead = street.row(112.0, 1.75)
    dead[Actor.ALIVE] = 0.0
    for row in (dead, street.row(300.0, 1.75)):
        actors = street.actors(row)
        _, _, semantic = camera.render(street.soup(actors), actors[0], street.red)
        assert not (semantic == Label.CAR).any()


def test_axes_are_carlas() -> None:
    forward, right, up = axes(math.pi / 2, 0.0)
    np.testing.assert_allclose(forward, [0, 1, 0], atol=1e-12)  # yaw turns x towards y
    np.testing.assert_allclose(right, [-1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(up, [0, 0, 1], atol=1e-12)
    forward, _, up = axes(0.0, 0.3)
    np.testing.assert_allclose(forward, [math.cos(0.3), 0, math.sin(0.3)], atol=1e-12)
    np.testing.assert_allclose(up, [-math.sin(0.3), 0, math.cos(0.3)], atol=1e-12)
    for row in axes(0.7, -0.4, 0.9):
        assert np.linalg.norm(row) == pytest.approx(1.0)


def test_a_picture_without_pixels_is_refused(street: Any) -> None:
    with pytest.raises(SettingsError, match="front"):
        Camera(street.town, CameraSpec(width=0))
