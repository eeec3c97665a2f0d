"""Each kind of event happens, as facts that anyone could observe show."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.world.columns import Actor, Kind, Lamp

from .drill import Log, drill

K = EventKind
Array = NDArray[Any]


@cache
def log_of(kind: EventKind, cruise: float | None = None) -> Log:
    return drill(kind, cruise=cruise, seconds=110.0)


def frame(log: Log) -> tuple[Array, Array]:
    """Staged actors along the route, before the ego's centre, and right of it, [T, M]."""
    cast, route = log.cast(), log.route.points
    gone = cast[..., Actor.ALIVE] == 0
    dx = cast[..., Actor.X, None] - route[:, RoutePoint.X]
    dy = cast[..., Actor.Y, None] - route[:, RoutePoint.Y]
    near = np.hypot(dx, dy).argmin(-1)
    dx, dy = (
        np.take_along_axis(dx, near[..., None], -1),
        np.take_along_axis(dy, near[..., None], -1),
    )
    yaw = route[near, RoutePoint.YAW]
    right = -np.sin(yaw) * dx[..., 0] + np.cos(yaw) * dy[..., 0]
    ahead = route[near, RoutePoint.S] - np.array(log.route_s)[:, None]
    ahead[gone], right[gone] = np.nan, np.nan
    return ahead, right


@pytest.mark.parametrize(
    "kind",
    [
        K.HARD_BREAK_ROUTE,
        K.PARKING_CUT_IN,
        K.DYNAMIC_OBJECT_CROSSING,
        K.PARKING_CROSSING_PEDESTRIAN,
        K.PEDESTRIAN_CROSSING,
        K.CONSTRUCTION_OBSTACLE_TWO_WAYS,
        K.ACCIDENT_TWO_WAYS,
        K.PARKED_OBSTACLE_TWO_WAYS,
    ],
)
def test_nobody_appears_near_the_ego(kind: EventKind) -> None:
    cast = log_of(kind).cast()
    ahead, right = frame(log_of(kind))
    for slot in range(cast.shape[1]):
        alive = cast[:, slot, Actor.ALIVE] > 0
        begins = np.flatnonzero(alive & ~np.concatenate([[False], alive[:-1]]))
        assert len(begins)
        for t in begins:
            assert np.hypot(ahead[t, slot], right[t, slot]) > 35.0


def test_the_vehicle_ahead_brakes_hard_stands_and_drives_on() -> None:
    log = log_of(K.HARD_BREAK_ROUTE)
    leader = log.cast()[:, 0]
    hardest = int(np.where(leader[:, Actor.ALIVE] > 0, leader[:, Actor.ACCEL], 0.0).argmin())
    assert leader[hardest, Actor.ACCEL] < -6.0
    ahead, right = frame(log)
    assert 5.0 < ahead[hardest, 0] < 35.0
    assert abs(right[hardest, 0]) < 3.0
    assert leader[hardest - 5, Actor.SPEED] > 4.0
    standing = (leader[:, Actor.SPEED] < 0.1) & (leader[:, Actor.ALIVE] > 0)
    assert standing[hardest:].sum() >= 25
    assert leader[hardest + int(standing[hardest:].nonzero()[0][-1]) :, Actor.SPEED].max() > 4.0


def test_a_parked_vehicle_pulls_out_before_the_ego() -> None:
    log = log_of(K.PARKING_CUT_IN)
    who = log.cast()[:, 2]
    moves = int(np.flatnonzero(who[:, Actor.SPEED] > 0.5)[0])
    ahead, right = frame(log)
    assert who[moves - 10 : moves - 2, Actor.SPEED].max() == 0.0
    assert 8.0 < ahead[moves, 2] < 45.0
    assert right[moves, 2] > 1.5
    assert int(who[moves, Actor.LAMPS]) & Lamp.LEFT_BLINKER
    in_lane = moves + 30
    assert abs(who[in_lane, Actor.LATERAL]) < 0.3
    assert ahead[in_lane, 2] > 3.0


@pytest.mark.parametrize(
    "kind", [K.DYNAMIC_OBJECT_CROSSING, K.PARKING_CROSSING_PEDESTRIAN, K.PEDESTRIAN_CROSSING]
)
def test_a_walker_crosses_in_front_of_the_ego(kind: EventKind) -> None:
    log = log_of(kind)
    walkers = np.flatnonzero((log.cast()[..., Actor.KIND] == Kind.WALKER).any(0))
    assert len(walkers) == (3 if kind == K.PEDESTRIAN_CROSSING else 1)
    ahead, right = frame(log)
    for slot in walkers:
        near = np.abs(ahead[:, slot]) < 30.0
        assert np.nanmax(right[near, slot]) > 2.0
        assert np.nanmin(right[near, slot]) < -2.0
        steps_out = int(np.flatnonzero(log.cast()[:, slot, Actor.SPEED] > 0)[0])
        assert 8.0 < ahead[steps_out, slot] < 45.0


@pytest.mark.parametrize("kind", [K.VEHICLE_TURNING_ROUTE, K.VEHICLE_TURNING_ROUTE_PEDESTRIAN])
def test_somebody_crosses_the_street_that_the_ego_turns_into(kind: EventKind) -> None:
    log = log_of(kind)
    who = log.cast()[:, 0]
    assert who[:, Actor.KIND].max() == (
        Kind.BICYCLE if kind == K.VEHICLE_TURNING_ROUTE else Kind.WALKER
    )
    street = int(np.argmin(np.hypot(*(log.route.points[:, :2] - who[-1, :2]).T)))
    yaw = log.route.points[street, 3]
    way = who[log.cast()[:, 0, Actor.SPEED] > 0][:, :2]
    side = -np.sin(yaw) * (way[:, 0] - log.route.points[street, 0])
    side += np.cos(yaw) * (way[:, 1] - log.route.points[street, 1])
    assert side.max() > 1.5
    assert side.min() < -1.5


@pytest.mark.parametrize(
    "kind", [K.CONSTRUCTION_OBSTACLE_TWO_WAYS, K.ACCIDENT_TWO_WAYS, K.PARKED_OBSTACLE_TWO_WAYS]
)
def test_what_blocks_the_lane_is_driven_into_by_who_does_not_look(kind: EventKind) -> None:
    log = log_of(kind, cruise=7.0)
    assert not log.survived
    empty = drill(kind, cruise=5.0, empty=True, seconds=30.0)
    assert not empty.staged[0].size


def test_vehicles_come_the_other_way_past_what_blocks_the_lane() -> None:
    log = drill(K.ACCIDENT_TWO_WAYS, number=1, seconds=80.0)
    cast = log.cast()
    movers = np.flatnonzero((cast[..., Actor.SPEED] > 5.0).any(0))
    assert len(movers) == 2
    ahead, right = frame(log)
    beside = [slot for slot in movers if (np.abs(ahead[:, slot]) < 3.0).any()]
    assert beside
    for slot in beside:
        assert (right[np.abs(ahead[:, slot]) < 3.0, slot] < -2.0).all()


def test_the_police_car_flashes_and_the_building_site_has_props() -> None:
    police = log_of(K.ACCIDENT_TWO_WAYS).cast()
    assert (police[..., Actor.LAMPS].astype(int) & Lamp.SPECIAL).any()
    site = log_of(K.CONSTRUCTION_OBSTACLE_TWO_WAYS).cast()
    assert ((site[..., Actor.KIND] == Kind.PROP) & (site[..., Actor.ALIVE] > 0)).sum(1).max() >= 5


def test_a_door_opens_when_the_ego_is_near() -> None:
    log = log_of(K.VEHICLE_OPENS_DOOR_TWO_WAYS)
    lamps = log.cast()[:, 0, Actor.LAMPS].astype(int) & Lamp.DOOR_LEFT
    opens = int(np.flatnonzero(lamps)[0])
    ahead, right = frame(log)
    assert 5.0 < ahead[opens, 0] < 45.0
    assert right[opens, 0] > 1.0
    assert log.cast()[opens + 1, 1, Actor.ALIVE] == 1.0
    assert log.cast()[opens - 3, 1, Actor.ALIVE] == 0.0


def test_the_steering_is_disturbed_for_some_seconds() -> None:
    log = log_of(K.CONTROL_LOSS)
    calm = drill(K.CONTROL_LOSS, empty=True, seconds=70.0)
    rate = np.stack(log.ego)[:, Actor.YAW_RATE]
    before = int(np.searchsorted(log.route_s, log.event.s + 9.0))
    assert np.array_equal(rate[:before], np.stack(calm.ego)[:before, Actor.YAW_RATE])
    turns = np.abs(np.diff(rate[before : before + 55]))
    steady = np.abs(np.diff(np.stack(calm.ego)[before : before + 55, Actor.YAW_RATE]))
    assert turns.max() > 3.0 * steady.max()
