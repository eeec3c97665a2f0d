"""What the policy sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roadworthy.perception.scene import (
    MAX_USERS,
    ROUTE_DISTANCES,
    EgoCol,
    LightState,
    RouteCol,
    Scene,
    UserClass,
)
from roadworthy.planning.action import base_curvature
from roadworthy.planning.observation import BLOCKS, OBSERVATION_SIZE, encode

from .conftest import add_user, make_scene


def observe(scene: Scene, last: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    out = np.empty((1, OBSERVATION_SIZE), np.float32)
    encode(scene.batched(), np.array([last], np.float32), out)
    return out[0]


def block(observation: np.ndarray, name: str) -> np.ndarray:
    return observation[slice(*BLOCKS[name])]


def test_blocks_cover_the_observation_without_gaps():
    edges = [edge for pair in BLOCKS.values() for edge in pair]
    assert edges[0] == 0
    assert edges[-1] == OBSERVATION_SIZE
    assert edges[1:-1:2] == edges[2::2]


def test_the_numbers_of_all_users_fit_into_the_keys_that_sort_them():
    assert MAX_USERS <= 32


def test_speed_and_the_last_action_are_in_the_ego_block():
    ego = block(observe(make_scene(7.5), (-5.0, 0.12)), "ego")
    assert ego[0] == pytest.approx(0.5)  # of 15 m/s
    assert (ego[4], ego[5]) == pytest.approx((-1.0, 1.0))


def test_an_empty_road_leaves_the_users_blocks_at_zero():
    seen = observe(make_scene())
    assert not block(seen, "vehicles").any()
    assert not block(seen, "walkers").any()


def test_the_more_urgent_vehicle_comes_first_although_it_is_farther():
    scene = make_scene(8.0)
    add_user(scene, 4.0, 3.5, vx=8.0)  # beside us, harmless
    add_user(scene, 18.0, 0.0)  # stands in our lane
    vehicles = block(observe(scene), "vehicles").reshape(8, -1)
    assert vehicles[0, 0] == 1.0
    assert vehicles[0, 1] == pytest.approx(18.0 / 60.0, abs=0.01)
    assert vehicles[1, 1] == pytest.approx(4.0 / 60.0, abs=0.01)
    assert vehicles[2, 0] == 0.0


def test_vehicles_that_matter_alike_come_by_distance_those_behind_later():
    scene = make_scene(8.0)
    places = np.random.default_rng(5).permutation([9.0, 12.0, 15.0, 21.0, -8.0, -14.0])
    for x in places:
        add_user(scene, float(x), 12.0, vx=8.0)  # on another road: nothing is urgent
    vehicles = block(observe(scene), "vehicles").reshape(8, -1)
    assert vehicles[:, 0].sum() == 6
    x = 60.0 * vehicles[:6, 1]
    assert x == pytest.approx([9.0, 12.0, 15.0, 21.0, -8.0, -14.0], abs=0.1)


def test_walkers_have_rows_of_their_own():
    scene = make_scene(8.0)
    add_user(scene, 10.0, 4.0, vy=-1.2, kind=UserClass.WALKER)
    seen = observe(scene)
    assert not block(seen, "vehicles").any()
    walkers = block(seen, "walkers").reshape(4, -1)
    assert walkers[0, 2] == pytest.approx(0.5, abs=0.01)  # 4 m of 8 m to the right
    assert walkers[0, 4] == pytest.approx(-0.4, abs=0.01)  # -1.2 of 3 m/s


def test_the_light_is_one_hot_and_tells_to_stop():
    scene = make_scene(8.0)
    scene.light[:] = (LightState.RED, 20.0, 1.0)
    light = block(observe(scene), "light")
    assert list(light[:4]) == [0.0, 0.0, 0.0, 1.0]
    assert light[6] == 1.0
    scene.light[0] = LightState.GREEN
    light = block(observe(scene), "light")
    assert list(light[:4]) == [0.0, 1.0, 0.0, 0.0]
    assert light[6] == 0.0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.1, 100.0))
def test_any_scene_gives_finite_numbers_within_the_bounds(seed: int, scale: float):
    rng = np.random.default_rng(seed)
    scene = Scene.empty()
    scene.users[:] = rng.normal(0.0, scale, scene.users.shape)
    angle = rng.uniform(-4.0, 4.0, len(scene.users))
    scene.users[:, 2], scene.users[:, 3] = np.cos(angle), np.sin(angle)
    scene.users[:, 6:8] = rng.uniform(0.3, 15.0, (len(scene.users), 2))
    scene.users[:, 8] = rng.integers(0, 3, len(scene.users))
    scene.valid[:] = rng.random(len(scene.users)) < 0.7
    scene.route[:] = rng.normal(0.0, 1.0, scene.route.shape)
    scene.ego[:] = np.abs(rng.normal(0.0, 5.0, scene.ego.shape))
    scene.light[:] = (rng.integers(0, 4), rng.uniform(-1.0, 50.0), 1.0)
    seen = observe(scene)
    assert np.isfinite(seen).all()
    assert np.abs(seen).max() <= 5.0


def test_a_world_looks_alike_alone_and_in_a_batch():
    batch = Scene.empty(20)
    for w in range(20):
        one = make_scene(0.5 * w, curvature=0.004 * w, lateral=0.02 * w)
        add_user(one, 3.0 * w, 2.0, vx=3.0)
        for name in ("users", "valid", "light", "route", "ego"):
            getattr(batch, name)[w] = getattr(one, name)
    out = np.empty((20, OBSERVATION_SIZE), np.float32)
    encode(batch, np.zeros((20, 2), np.float32), out)
    assert np.array_equal(out[13], observe(batch.of_world(13)))


def test_the_tracking_curvature_comes_with_the_observation_to_the_bit() -> None:
    rng = np.random.default_rng(4)
    scene = Scene.empty(5)
    scene.route[..., RouteCol.X] = np.asarray(ROUTE_DISTANCES)
    scene.route[..., RouteCol.Y] = rng.normal(0.0, 1.0, scene.route.shape[:2])
    scene.route[..., RouteCol.COS] = 1.0
    scene.ego[:, EgoCol.SPEED] = rng.uniform(0.0, 12.0, 5)
    scene.ego[:, EgoCol.LATERAL] = rng.normal(0.0, 0.4, 5)
    observations = np.zeros((5, OBSERVATION_SIZE), np.float32)
    expected, read = np.zeros(5, np.float32), np.zeros(5, np.float32)
    encode(scene, np.zeros((5, 2), np.float32), observations, tracking=read)
    base_curvature(scene, expected)
    np.testing.assert_array_equal(read, expected)
    assert np.abs(expected).max() > 0.001
