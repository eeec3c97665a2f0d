"""What the outlook says of the room beside the route and of where others will be."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from roadworthy.perception.oracle import Oracle
from roadworthy.perception.outlook import room_of_routes
from roadworthy.perception.scene import FUTURE_STEP, Room, Trait, User
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_network_of
from roadworthy.sim.world.columns import Actor, Kind, Lamp, Light, Mover

from .test_oracle import Batch, batch_of, put
from .towns import STOP_S


@pytest.fixture(scope="module")
def marlow() -> RoadNetwork:
    return load_network_of("Marlow")


def future(batch: Batch) -> np.ndarray:
    """Places of the actor in slot 1, over ground: the ego heads along x."""
    outlook = Oracle(batch, far=True).scene().outlook
    assert outlook is not None
    places = outlook.future[0, 0].copy()
    places[:, 0] += batch.actors[0, 0, Actor.X]
    return places


def test_a_vehicle_follows_its_lane_at_its_speed() -> None:
    batch = batch_of(actors=2)
    batch.lights[:] = Light.GREEN
    put(batch, 1, x=20, speed=5, lane=0, s=20, next_lane=1, goal=1, length=4, mass=1500)
    t = FUTURE_STEP * np.arange(1, 5)
    np.testing.assert_allclose(future(batch)[:, 0], 20 + 5 * t, atol=1e-4)


def test_it_stops_at_a_red_light_and_where_it_may_not_enter() -> None:
    for light, goal, end in ((Light.RED, 1, STOP_S - 2), (Light.GREEN, -1, 58.0)):
        batch = batch_of(actors=2)
        batch.lights[:] = light
        put(batch, 1, x=50, speed=6, lane=0, s=50, next_lane=1, goal=goal, length=4)
        assert future(batch)[-1, 0] == pytest.approx(end, abs=1e-3)


def test_somebody_who_brakes_comes_to_a_stand() -> None:
    batch = batch_of(actors=2)
    put(batch, 1, x=85, speed=4, accel=-4, lane=2, s=5, next_lane=-1, goal=-1)
    assert future(batch)[-1, 0] == pytest.approx(85 + 4.0**2 / (2 * 4), abs=1e-3)


def test_a_walker_goes_straight_on() -> None:
    batch = batch_of(actors=2)
    put(batch, 1, x=30, y=5, yaw=-np.pi / 2, speed=1.5, kind=Kind.WALKER, lane=0, s=30)
    places = future(batch)
    np.testing.assert_allclose(places[:, 0], 30.0, atol=1e-3)
    np.testing.assert_allclose(places[:, 1], 5 - 1.5 * FUTURE_STEP * np.arange(1, 5), atol=1e-3)


def test_traits_tell_what_will_not_go_by_itself() -> None:
    cases = (
        ({"kind": Kind.PROP, "mover": Mover.EVENT}, (1, 0, 0)),
        ({"kind": Kind.CAR, "lamps": Lamp.DOOR_LEFT}, (1, 0, -1)),
        ({"kind": Kind.CAR, "lamps": Lamp.LEFT_BLINKER | Lamp.RIGHT_BLINKER}, (1, 0, 0)),
        ({"kind": Kind.CAR, "lamps": Lamp.LEFT_BLINKER}, (0, 0, 0)),
        ({"kind": Kind.VAN, "lamps": Lamp.SPECIAL, "speed": 8}, (0, 1, 0)),
    )
    for values, expected in cases:
        batch = batch_of(actors=2)
        put(batch, 1, x=30, lane=-1, **values)
        outlook = Oracle(batch, far=True).scene().outlook
        assert outlook is not None
        row = outlook.traits[0, 0]
        assert tuple(row[[Trait.STILL, Trait.SPECIAL, Trait.DOOR]]) == expected
        assert row[Trait.ACTOR] == 1


def test_the_far_oracle_sees_farther_and_the_other_gives_no_outlook() -> None:
    batch = batch_of(actors=2)
    put(batch, 1, x=150)
    assert not Oracle(batch).scene().valid.any()
    assert Oracle(batch).scene().outlook is None
    assert Oracle(batch, far=True).scene().users[0, 0, User.X] == pytest.approx(140.0)


def test_the_room_beside_a_route_is_that_of_the_lanes_beside_it(marlow: RoadNetwork) -> None:
    points = np.concatenate([route.points for route in random_routes(marlow, 8, seed=3)])
    room = room_of_routes(marlow, points)
    lane = points[:, RoutePoint.LANE].astype(int)
    outside = (lane >= 0) & (marlow.lane_junction[lane] < 0)
    half = 0.5 * points[:, RoutePoint.WIDTH]
    inside = ~outside
    np.testing.assert_allclose(room[inside][:, [Room.LEFT, Room.RIGHT]].T, [half[inside]] * 2)
    # All roads of Marlow have two lanes, one in each direction.
    assert (room[outside, Room.LEFT_CENTRE] > 0).mean() > 0.95
    assert room[outside, Room.LEFT_ONCOMING].mean() > 0.95
    assert not room[outside, Room.RIGHT_CENTRE].any()
    np.testing.assert_allclose(
        np.median(room[outside, Room.LEFT]), 3 * np.median(half[outside]), atol=0.1
    )


@pytest.mark.skipif("ROADWORTHY_DATA" not in os.environ, reason="needs CARLA's maps")
def test_lanes_of_the_same_direction_are_no_oncoming_ones() -> None:
    path = Path(os.environ["ROADWORTHY_DATA"]) / "maps" / "Town10HD.xodr"
    network = load_network_of(path)
    points = np.concatenate([route.points for route in random_routes(network, 12, seed=3)])
    room = room_of_routes(network, points)
    lane = points[:, RoutePoint.LANE].astype(int)
    outside = (lane >= 0) & (network.lane_junction[lane] < 0)
    # Points in the middle of a lane: between lanes a route changes from one to the other.
    for side, lanes, flag in (
        (Room.LEFT_CENTRE, network.lane_left, Room.LEFT_ONCOMING),
        (Room.RIGHT_CENTRE, network.lane_right, Room.RIGHT_ONCOMING),
    ):
        same = outside & (lanes[lane] >= 0) & (room[:, side] > 0)
        assert same.sum() > 100
        assert room[same, flag].mean() < 0.02
