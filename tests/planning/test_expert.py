"""What the expert does in situations that anyone can judge."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.perception.scene import LightState, Scene, UserClass
from roadworthy.planning.action import plan_of
from roadworthy.planning.expert import MAX_ACCELERATION, MAX_BRAKING, Expert, expert

from .conftest import add_user, make_scene


def accel(scene: Scene) -> float:
    return Expert().plan(scene).acceleration


def with_light(scene: Scene, state: LightState, distance: float) -> Scene:
    scene.light[:] = (state, distance, 1.0)
    return scene


def test_an_empty_road_is_driven_at_its_limit():
    assert accel(make_scene(2.0)) > 1.0
    assert accel(make_scene(10.0)) == pytest.approx(0.0, abs=0.1)
    assert accel(make_scene(13.0)) < -1.0


def test_it_steers_back_to_the_route():
    assert Expert().plan(make_scene(lateral=0.5)).curvature < 0.0
    assert Expert().plan(make_scene(lateral=-0.5)).curvature > 0.0
    assert Expert().plan(make_scene(heading=0.1)).curvature < 0.0


@pytest.mark.parametrize("curvature", [0.05, -0.05, 0.1])
def test_a_circle_is_driven_with_its_own_curvature(curvature: float):
    # In a steady bend the body points outwards by the slip angle at the centre, 1.4 m * k.
    scene = make_scene(5.0, curvature=curvature, heading=-1.4 * curvature)
    assert Expert().plan(scene).curvature == pytest.approx(curvature, rel=0.1)


def test_a_tight_bend_is_taken_slowly():
    # 2.5 m/s^2 of lateral acceleration at a radius of 10 m is 5 m/s.
    assert accel(make_scene(5.0, curvature=0.1)) == pytest.approx(0.0, abs=0.3)
    assert accel(make_scene(8.0, curvature=0.1)) < -2.0


@pytest.mark.parametrize("distance", [12.0, 18.0, 25.0])
def test_it_brakes_for_a_car_that_stands_in_its_lane(distance: float):
    scene = make_scene(8.0)
    add_user(scene, distance, 0.0)
    gap = distance - 0.5 * (4.9 + 4.6)
    assert accel(scene) <= -min(8.0**2 / 2 / gap, MAX_BRAKING)


def test_it_stands_behind_a_standing_car():
    scene = make_scene(0.0)
    add_user(scene, 7.0, 0.0)
    assert accel(scene) <= 0.0


def test_it_follows_a_leader_of_its_own_speed():
    scene = make_scene(8.0)
    add_user(scene, 24.0, 0.0, vx=8.0)
    assert abs(accel(scene)) < 1.2


@pytest.mark.parametrize(("y", "vx", "yaw"), [(-3.5, -8.0, np.pi), (2.9, 0.0, 0.0)])
def test_oncoming_and_parked_cars_beside_the_lane_do_not_matter(y: float, vx: float, yaw: float):
    scene, free = make_scene(8.0), make_scene(8.0)
    add_user(scene, 20.0, y, vx=vx, yaw=yaw)
    assert accel(scene) == accel(free)


def test_an_oncoming_car_in_a_bend_does_not_matter():
    scene, free = make_scene(8.0, curvature=0.03), make_scene(8.0, curvature=0.03)
    # On the outer lane of the same circle, radius 1/0.03 + 3.5 m, 0.6 rad ahead of us.
    radius, angle = 1 / 0.03 + 3.5, 0.6
    add_user(
        scene,
        radius * np.sin(angle),
        1 / 0.03 - radius * np.cos(angle),
        vx=-8.0 * np.cos(angle),
        vy=-8.0 * np.sin(angle),
        yaw=np.pi + angle,
    )
    assert accel(scene) == pytest.approx(accel(free), abs=1e-6)


def test_it_yields_to_a_car_that_will_cross():
    scene = make_scene(8.0)
    add_user(scene, 20.0, -12.0, vy=6.0, yaw=np.pi / 2)
    assert accel(scene) < -1.0


def test_it_does_not_yield_to_a_car_that_has_crossed():
    scene = make_scene(8.0)
    add_user(scene, 20.0, 6.0, vy=6.0, yaw=np.pi / 2)
    assert accel(scene) > 0.5


def test_it_brakes_for_a_walker_who_steps_into_its_way_but_not_for_one_who_waits():
    scene, waiting = make_scene(8.0), make_scene(8.0)
    add_user(scene, 20.0, 4.0, vy=-1.5, yaw=-np.pi / 2, kind=UserClass.WALKER)
    add_user(waiting, 20.0, 4.0, yaw=-np.pi / 2, kind=UserClass.WALKER)
    assert accel(scene) < -1.5
    assert accel(waiting) > 0.5


def test_red_stops_and_green_does_not():
    assert accel(with_light(make_scene(8.0), LightState.RED, 20.0)) < -1.0
    assert accel(with_light(make_scene(0.0), LightState.RED, 1.0)) <= 0.0
    assert accel(with_light(make_scene(0.0), LightState.RED, -0.9)) <= 0.0  # a little too far
    assert accel(with_light(make_scene(8.0), LightState.GREEN, 20.0)) > 0.5


def test_yellow_stops_only_where_that_is_gentle():
    assert accel(with_light(make_scene(8.0), LightState.YELLOW, 20.0)) < -1.0
    assert accel(with_light(make_scene(8.0), LightState.YELLOW, 6.0)) > 0.5


def test_every_plan_stays_within_the_limits_whatever_the_scene():
    rng = np.random.default_rng(3)
    scene = Scene.empty(64)
    scene.users[:] = rng.normal(0.0, 20.0, scene.users.shape)
    scene.valid[:] = rng.random(scene.valid.shape) < 0.5
    scene.route[:] = rng.normal(0.0, 30.0, scene.route.shape)
    scene.ego[:] = rng.normal(0.0, 5.0, scene.ego.shape)
    scene.light[:, 0] = rng.integers(0, 4, 64)
    a, k = np.empty(64, np.float32), np.empty(64, np.float32)
    expert(scene, a, k)
    assert np.isfinite(a).all()
    assert np.isfinite(k).all()
    assert a.min() >= -MAX_BRAKING
    assert a.max() <= MAX_ACCELERATION


def test_a_world_is_decided_alike_alone_and_in_a_batch():
    batch = Scene.empty(32)
    for w in range(32):
        one = make_scene(0.3 * w, lateral=0.05 * w, curvature=0.002 * w)
        add_user(one, 2.0 * w, 3.0 - 0.2 * w, vx=4.0, vy=-0.5, yaw=-0.1)
        for name in ("users", "valid", "light", "route", "ego"):
            getattr(batch, name)[w] = getattr(one, name)
    a, k = np.empty(32, np.float32), np.empty(32, np.float32)
    expert(batch, a, k)
    for w in (0, 7, 31):
        plan = Expert().plan(batch.of_world(w))
        assert np.float32(plan.acceleration) == a[w]
        assert np.float32(plan.curvature) == k[w]


def test_the_path_of_a_plan_follows_its_curvature():
    plan = plan_of(5.0, 0.5, 0.1)
    # A circle of radius 10 m around (0, 10), 5 t + t^2 / 4 metres long.
    assert np.hypot(plan.path[:, 0], plan.path[:, 1] - 10.0) == pytest.approx(10.0, abs=1e-3)
    assert plan.path[-1, 0] == pytest.approx(10.0 * np.sin(1.1), abs=0.01)
