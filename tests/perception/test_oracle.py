"""The oracle tells the truth, for every world by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.perception.oracle import Oracle
from roadworthy.perception.scene import (
    LIGHT_RANGE,
    MAX_USERS,
    ROUTE_DISTANCES,
    USER_RANGE,
    EgoCol,
    LightCol,
    LightState,
    RouteCol,
    User,
    UserClass,
)
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.world.columns import Actor, Ego, Kind, Light

from .towns import STOP_S, straight_network, straight_route


@dataclass
class Batch:
    actors: NDArray[np.float32]
    ego: NDArray[np.float32]
    lights: NDArray[np.uint8]
    route_index: NDArray[np.int32]
    network: RoadNetwork
    routes: RouteSet


def batch_of(worlds: int = 1, actors: int = 1, s: float = 10.0) -> Batch:
    """Worlds in which the ego stands on its route at `s`, heading along it."""
    batch = Batch(
        np.zeros((worlds, actors, len(Actor)), np.float32),
        np.zeros((worlds, len(Ego)), np.float32),
        np.full((worlds, 2), Light.RED, np.uint8),
        np.zeros(worlds, np.int32),
        straight_network(),
        RouteSet.of([straight_route()]),
    )
    batch.actors[:, 0, Actor.X] = s
    batch.actors[:, 0, Actor.ALIVE] = 1
    batch.actors[:, 0, Actor.LENGTH] = 4.0
    batch.actors[:, 0, Actor.WIDTH] = 2.0
    batch.ego[:, Ego.ROUTE_S] = s
    return batch


def put(batch: Batch, slot: int, **values: float) -> None:
    """Put an actor into a slot of world 0."""
    batch.actors[0, slot, Actor.ALIVE] = 1
    for name, value in values.items():
        batch.actors[0, slot, Actor[name.upper()]] = value


def test_a_user_is_given_on_the_ego_axes() -> None:
    batch = batch_of(actors=2)
    batch.actors[0, 0, Actor.YAW] = math.pi / 2  # faces +y: what lies at +x is to its left
    put(batch, 1, x=30, y=5, yaw=math.pi, speed=8, length=1.8, width=0.6, kind=Kind.BICYCLE)
    scene = Oracle(batch).scene()
    assert scene.valid[0].tolist() == [True] + [False] * (MAX_USERS - 1)
    row = scene.users[0, 0]
    assert row[[User.X, User.Y]] == pytest.approx([5.0, -20.0], abs=1e-4)
    # Its heading is -x, which is to the ego's right.
    assert row[[User.COS, User.SIN]] == pytest.approx([0.0, 1.0], abs=1e-5)
    assert row[[User.VX, User.VY]] == pytest.approx([0.0, 8.0], abs=1e-4)
    assert row[[User.LENGTH, User.WIDTH, User.CLASS, User.CONFIDENCE]] == pytest.approx(
        [1.8, 0.6, UserClass.CYCLIST, 1.0]
    )
    assert not scene.users[0, 1:].any()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.CAR, UserClass.VEHICLE),
        (Kind.VAN, UserClass.VEHICLE),
        (Kind.TRUCK, UserClass.VEHICLE),
        (Kind.BUS, UserClass.VEHICLE),
        (Kind.MOTORCYCLE, UserClass.CYCLIST),
        (Kind.BICYCLE, UserClass.CYCLIST),
        (Kind.WALKER, UserClass.WALKER),
    ],
)
def test_each_kind_has_its_class(kind: Kind, expected: UserClass) -> None:
    batch = batch_of(actors=2)
    put(batch, 1, x=20, kind=kind)
    assert Oracle(batch).scene().users[0, 0, User.CLASS] == expected


def test_users_are_the_nearest_ones_in_order_and_neither_dead_nor_far() -> None:
    rng = np.random.default_rng(3)
    batch = batch_of(actors=80)
    xy = rng.uniform(-70, 70, (79, 2)).astype(np.float32)
    batch.actors[0, 1:, Actor.X] = 10 + xy[:, 0]
    batch.actors[0, 1:, Actor.Y] = xy[:, 1]
    alive = rng.random(79) < 0.8
    batch.actors[0, 1:, Actor.ALIVE] = alive
    scene = Oracle(batch).scene()
    distance = np.hypot(*xy[alive].T)
    expected = np.sort(distance[distance <= USER_RANGE])[:MAX_USERS]
    got = np.hypot(scene.users[0, :, User.X], scene.users[0, :, User.Y])[scene.valid[0]]
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_a_light_governs_until_the_front_is_a_metre_past_its_line() -> None:
    front = 2.0  # half of the ego's length
    for s, distance in ((STOP_S - front - 30, 30.0), (STOP_S - front + 0.9, -0.9)):
        light = Oracle(batch_of(s=s)).scene().light[0]
        assert light[LightCol.STATE] == LightState.RED
        assert light[LightCol.DISTANCE] == pytest.approx(distance, abs=1e-3)
    for s in (STOP_S - front + 1.1, STOP_S - front - LIGHT_RANGE - 0.1):
        light = Oracle(batch_of(s=s), signs=False).scene().light[0]
        assert light[[LightCol.STATE, LightCol.DISTANCE]].tolist() == [0, LIGHT_RANGE]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (Light.RED, LightState.RED),
        (Light.YELLOW, LightState.YELLOW),
        (Light.GREEN, LightState.GREEN),
        (Light.OFF, LightState.NONE),
    ],
)
def test_the_state_is_that_of_the_light_where_stop_signs_are_left_out(
    shown: Light, expected: LightState
) -> None:
    batch = batch_of(s=20.0)
    batch.lights[0] = [shown, Light.RED]
    assert Oracle(batch, signs=False).scene().light[0, LightCol.STATE] == expected


SIGN_S = 28.0  # [m] line of the stop sign


def drive_up_to_the_sign(batch: Batch, oracle: Oracle, s: float, speed: float) -> NDArray[Any]:
    batch.actors[0, 0, [Actor.X, Actor.SPEED]] = s, speed
    batch.ego[0, Ego.ROUTE_S] = s
    batch.ego[0, Ego.TIME] += 0.1
    return oracle.scene().light[0, [LightCol.STATE, LightCol.DISTANCE]]


def test_a_stop_sign_is_a_red_light_until_the_ego_has_stood_at_its_line() -> None:
    batch = batch_of()
    batch.lights[:] = Light.GREEN
    oracle = Oracle(batch)
    light = drive_up_to_the_sign(batch, oracle, 16.0, 0.0)  # stands 10 m before: too far
    assert light == pytest.approx([LightState.RED, 10.0])
    light = drive_up_to_the_sign(batch, oracle, 25.0, 0.2)
    assert light == pytest.approx([LightState.RED, 1.0])
    light = drive_up_to_the_sign(batch, oracle, 25.2, 0.05)
    assert light == pytest.approx([LightState.GREEN, STOP_S - 27.2])
    light = drive_up_to_the_sign(batch, oracle, 25.4, 3.0)
    assert light[0] == LightState.GREEN


def test_another_drive_meets_the_stop_sign_anew() -> None:
    batch = batch_of()
    batch.lights[:] = Light.GREEN
    oracle = Oracle(batch)
    for _ in range(2):
        assert drive_up_to_the_sign(batch, oracle, 25.0, 0.0)[0] == LightState.GREEN
    batch.ego[0, Ego.TIME] = 0.0
    assert drive_up_to_the_sign(batch, oracle, 24.0, 5.0)[0] == LightState.RED


def test_a_red_light_before_a_stop_sign_comes_first() -> None:
    batch = batch_of()
    batch.network.stop_s[0] = STOP_S + 1.0  # the sign's line behind the light's
    light = drive_up_to_the_sign(batch, Oracle(batch), 40.0, 8.0)
    assert light == pytest.approx([LightState.RED, STOP_S - 42.0])


def test_only_the_worlds_of_the_mask_are_looked_at() -> None:
    batch = batch_of(worlds=3)
    oracle = Oracle(batch)
    before = oracle.scene().ego.copy()
    batch.actors[:, 0, Actor.SPEED] = 7.0
    after = oracle.scene(np.array([False, True, False])).ego
    assert after[:, EgoCol.SPEED].tolist() == [0.0, 7.0, 0.0]
    np.testing.assert_array_equal(after[[0, 2]], before[[0, 2]])


def test_the_route_is_interpolated_and_its_end_repeats() -> None:
    batch = batch_of(s=160.25)
    batch.actors[0, 0, Actor.Y] = 1.0  # a metre right of the route
    route = Oracle(batch).scene().route[0]
    expected = np.minimum(ROUTE_DISTANCES, 200 - 160.25)
    np.testing.assert_allclose(route[:, RouteCol.X], expected, atol=1e-3)
    np.testing.assert_allclose(route[:, RouteCol.Y], -1.0, atol=1e-4)
    np.testing.assert_allclose(route[:, RouteCol.COS], 1.0, atol=1e-6)
    np.testing.assert_allclose(route[:, RouteCol.SPEED_LIMIT], 13.9, rtol=1e-6)


def test_route_rows_inside_a_junction_are_marked() -> None:
    route = Oracle(batch_of(s=50.5)).scene().route[0]
    s = 50.5 + np.array(ROUTE_DISTANCES)
    np.testing.assert_array_equal(route[:, RouteCol.JUNCTION], (s >= 60) & (s < 80))


def test_the_ego_row_is_the_state_of_the_ego() -> None:
    batch = batch_of(s=40.0)
    batch.actors[0, 0, [Actor.SPEED, Actor.ACCEL, Actor.YAW_RATE]] = [7.0, -1.0, 0.1]
    batch.ego[0, [Ego.ROUTE_LATERAL, Ego.ROUTE_HEADING, Ego.CURVATURE]] = [0.3, -0.2, 0.015]
    row = Oracle(batch).scene().ego[0]
    columns = [
        EgoCol.SPEED,
        EgoCol.ACCEL,
        EgoCol.YAW_RATE,
        EgoCol.LATERAL,
        EgoCol.HEADING,
        EgoCol.SPEED_LIMIT,
        EgoCol.REMAINING,
        EgoCol.CURVATURE,
        EgoCol.LENGTH,
        EgoCol.WIDTH,
    ]
    expected = [7.0, -1.0, 0.1, 0.3, -0.2, 13.9, 160.0, 0.015, 4.0, 2.0]
    assert row[columns] == pytest.approx(expected)


def test_a_large_batch_gives_each_world_what_it_gets_alone() -> None:
    rng = np.random.default_rng(5)
    batch = batch_of(worlds=70, actors=30)
    batch.actors[:, :, Actor.X] = rng.uniform(0, 150, (70, 30))
    batch.actors[:, :, Actor.Y] = rng.uniform(-20, 20, (70, 30))
    batch.actors[:, :, Actor.YAW] = rng.uniform(-3, 3, (70, 30))
    batch.actors[:, :, Actor.ALIVE] = 1
    batch.ego[:, Ego.ROUTE_S] = rng.uniform(0, 199, 70)
    batch.lights[:, 0] = rng.integers(0, 4, 70)
    together = Oracle(batch).scene().validate()
    for w in (0, 33, 69):
        one = Batch(
            batch.actors[w : w + 1],
            batch.ego[w : w + 1],
            batch.lights[w : w + 1],
            batch.route_index[w : w + 1],
            batch.network,
            batch.routes,
        )
        alone = Oracle(one).scene()
        for name in ("users", "valid", "light", "route", "ego"):
            np.testing.assert_array_equal(getattr(together, name)[w], getattr(alone, name)[0])
