"""Criteria that the world judges in its kernels, each at its threshold, on a town's road."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.agents.evaluation.witness import Witness
from roadworthy.sim.road.route import Route, RoutePoint, RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Ego, Event
from roadworthy.sim.world.settings import WorldSettings

from ....sim.walls import wall_in

EMPTY = WorldSettings(vehicles=0, walkers=0)
TICK = EMPTY.tick


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


@pytest.fixture(scope="module")
def route(town: Town) -> Route:
    """A route of 200 m and more."""
    return next(r for r in random_routes(town.network, 20, 5) if r.length > 200.0)


@pytest.fixture
def worlds(town: Town, route: Route) -> BatchWorld:
    return BatchWorld(town, RouteSet.of([route]), 1, settings=EMPTY, threads=1)


def pose(route: Route, s: float, lateral: float = 0.0, turn: float = 0.0) -> tuple[float, ...]:
    """x, y, z and yaw at `s` of the route, `lateral` metres to its right."""
    at = [float(np.interp(s, route.points[:, RoutePoint.S], route.points[:, c])) for c in range(4)]
    x, y, z, yaw = at
    return x - math.sin(yaw) * lateral, y + math.cos(yaw) * lateral, z, yaw + turn


def coast(worlds: BatchWorld) -> None:
    """One tick without pedals."""
    worlds.step(np.zeros((1, 3), np.float32), ticks=1)


def put(worlds: BatchWorld, at: tuple[float, ...], speed: float) -> None:
    worlds.place_ego(0, (at[0], at[1], at[2], at[3]), speed)


@pytest.mark.parametrize(("before_end", "done"), [(10.5, False), (1.0, True)])
def test_a_route_is_done_near_its_end_and_not_before(
    worlds: BatchWorld, route: Route, before_end: float, done: bool
) -> None:
    put(worlds, pose(route, route.length - before_end), 0.0)
    coast(worlds)
    assert bool(worlds.events[0, Event.FINISHED]) is done


def test_done_needs_99_percent_of_the_way(worlds: BatchWorld, route: Route) -> None:
    """Of 200 to 1000 m the last hundredth is nearer than 10 m: it decides."""
    hundredth = 0.01 * route.length
    for before_end, done in ((hundredth + 0.3, 0), (hundredth - 0.3, 1)):
        worlds.reset()
        put(worlds, pose(route, route.length - before_end), 0.0)
        coast(worlds)
        assert worlds.events[0, Event.FINISHED] == done


def test_standing_for_180_s_is_blocked_and_a_moment_less_is_not(worlds: BatchWorld) -> None:
    worlds.ego[0, Ego.BLOCKED_TIME] = 180.0 - 1.5 * TICK
    brake = np.array([[0.0, 1.0, 0.0]], np.float32)
    worlds.step(brake, ticks=1)
    assert worlds.events[0, Event.BLOCKED] == 0
    worlds.step(brake, ticks=1)
    assert worlds.events[0, Event.BLOCKED] == 1
    assert worlds.done[0]


def test_who_moves_is_not_blocked(worlds: BatchWorld, route: Route) -> None:
    worlds.ego[0, Ego.BLOCKED_TIME] = 179.99
    put(worlds, pose(route, 20.0), 1.0)
    worlds.ego[0, Ego.BLOCKED_TIME] = 179.99
    coast(worlds)
    assert worlds.ego[0, Ego.BLOCKED_TIME] == 0.0
    assert not worlds.done[0]


@pytest.mark.parametrize(("lateral", "left"), [(29.0, 0), (31.0, 1)])
def test_30_metres_beside_the_route_is_a_deviation(
    worlds: BatchWorld, route: Route, lateral: float, left: int
) -> None:
    wall_in(worlds)
    for s in np.arange(10.0, route.length - 20.0, 5.0):  # where no other stretch is nearer
        for side in (lateral, -lateral):
            worlds.reset()
            put(worlds, pose(route, float(s), side), 0.0)
            coast(worlds)
            if abs(float(worlds.ego[0, Ego.ROUTE_LATERAL]) - side) < 0.1:
                assert worlds.events[0, Event.ROUTE_DEVIATION] == left
                return
    pytest.fail("no place that far beside the route")


def outermost(worlds: BatchWorld, route: Route) -> tuple[float, float]:
    """A place on the route without a lane to its right for 8 m, and half the lane's width."""
    for s in np.arange(20.0, route.length - 20.0, 5.0):
        half = 0.5 * float(
            np.interp(s, route.points[:, RoutePoint.S], route.points[:, RoutePoint.WIDTH])
        )
        straight = np.abs(route.points[int(s) - 8 : int(s) + 8, RoutePoint.CURVATURE]).max() < 1e-3
        if not straight:
            continue
        put(worlds, pose(route, float(s), 6.0), 0.0)
        coast(worlds)
        if worlds.events[0, Event.OFF_ROAD]:
            return float(s), half
    pytest.fail("no place without a lane at the right")


@pytest.mark.parametrize(("beyond", "outside"), [(0.3, 0), (1.3, 1)])
def test_outside_is_more_than_half_a_metre_beside_the_lane(
    worlds: BatchWorld, route: Route, beyond: float, outside: int
) -> None:
    wall_in(worlds)
    s, half = outermost(worlds, route)
    worlds.reset()
    put(worlds, pose(route, s, half + beyond), 6.0)
    driven = float(worlds.ego[0, Ego.OFFROAD_DISTANCE])
    coast(worlds)
    assert worlds.events[0, Event.OFF_ROAD] == outside
    metres = float(worlds.ego[0, Ego.OFFROAD_DISTANCE]) - driven
    assert metres == pytest.approx(6.0 * TICK * outside, rel=0.05)


@pytest.mark.parametrize(("degrees", "wrong"), [(100.0, 0), (175.0, 1)])
def test_heading_against_the_lane_by_over_120_degrees_is_wrong(
    worlds: BatchWorld, town: Town, route: Route, degrees: float, wrong: int
) -> None:
    wall_in(worlds)
    s, _ = outermost(worlds, route)  # its neighbour, if any, is at the left
    worlds.reset()
    put(worlds, pose(route, s, 0.8, math.radians(degrees)), 2.0)
    coast(worlds)
    assert worlds.events[0, Event.WRONG_LANE] == wrong
    witness = Witness(worlds)
    tally = witness.tally(0)
    witness.look()
    tally.note(witness.step(0))
    assert (tally.trace().against[0] > 0.0) == bool(wrong)
