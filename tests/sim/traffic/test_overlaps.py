"""Nobody drives into a body that covers its lane although it drives on another one."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.conflicts import CLEARANCE
from roadworthy.sim.road.network import Point, RoadNetwork
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.lookup import sort_actors
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.overlaps import Overlaps, find_overlaps

from .stage import empty_world, put, step

BODY = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]
PLACE = [Actor.LANE, Actor.S, Actor.SPEED]


def touch(batch: BatchWorld, a: int, b: int) -> bool:
    one, two = batch.actors[0, [a, b]][:, BODY].astype(float)
    return bool(boxes_overlap(*one, *two))


def rows(found: Overlaps, lane: int) -> list[tuple[int, float, float, float]]:
    first, last = found.start[lane : lane + 2]
    return [(int(found.lane[k]), *map(float, found.s[k])) for k in range(first, last)]


def at(network: RoadNetwork, lane: int, s: float) -> np.ndarray:
    points = network.lane_points(lane)
    return np.array([np.interp(s, points[:, Point.S], points[:, c]) for c in (Point.X, Point.Y)])


def forks(network: RoadNetwork) -> list[tuple[int, int, int]]:
    """Lanes with two that follow, which part late enough for a car to stand in between."""
    found = find_overlaps(network)
    return [
        (lane, one, two)
        for lane in np.flatnonzero(np.diff(network.successor_start) > 1)
        for one in network.successors[slice(*network.successor_start[lane : lane + 2])]
        for two, _, clear, offset in rows(found, int(one))
        if offset == 0.0 and clear > 7.0 and network.lane_length[lane] > 30.0
    ]


def merges(network: RoadNetwork) -> list[tuple[int, int]]:
    """Lanes that lead to the same one and meet early enough for two to be beside each other."""
    found = find_overlaps(network)
    return [
        (lane, other)
        for lane in np.flatnonzero(network.lane_junction >= 0)
        for other, enter, _, offset in rows(found, int(lane))
        if enter > 2.0
        and float(network.lane_length[lane]) - enter > 8.0
        and abs(float(network.lane_length[lane] - network.lane_length[other]) + offset) < 0.01
    ]


def test_the_branches_of_a_fork_lie_over_each_other_until_they_have_parted(
    rivertown: Town,
) -> None:
    n = rivertown.network
    found = find_overlaps(n)
    for _, one, two in forks(n):
        clear = next(row[2] for row in rows(found, one) if row[0] == two)
        points = n.lane_points(two)[:, [Point.X, Point.Y]]
        gap = [np.linalg.norm(points - at(n, one, s), axis=1).min() for s in (clear - 2.0, clear)]
        assert gap[0] < CLEARANCE + 0.1
        assert gap[1] > CLEARANCE - 0.6 or clear > n.lane_length[one]


def test_places_on_the_two_lie_beside_each_other(rivertown: Town) -> None:
    n = rivertown.network
    found = find_overlaps(n)
    for lane in range(n.n_lanes):
        for other, low, high, offset in rows(found, lane):
            s = min(max(low, 0.0), float(n.lane_length[lane])) if low > 0.0 else min(high, 1.0)
            if 0.0 <= s + offset <= n.lane_length[other]:
                assert np.linalg.norm(at(n, lane, s) - at(n, other, s + offset)) < 2 * CLEARANCE


def test_who_waits_at_a_fork_is_on_both_branches_until_its_tail_has_left(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = empty_world(rivertown, river_routes, 1)
    _, one, two = forks(rivertown.network)[0]
    clear = next(r[2] for r in rows(find_overlaps(rivertown.network), one) if r[0] == two)
    for s, both in ((clear + 2.0, True), (clear + 2.5, False)):  # its tail is 2.25 m behind
        put(batch, 1, one, -1, s, 0.0)
        sort_actors(0, 2, batch._roads, batch.state)
        lanes = set(batch.state.order_lane[0, : batch.state.placed[0]].tolist())
        assert (two in lanes) == both
        assert one in lanes


@pytest.mark.parametrize("place", [4.5, 6.0])
def test_nobody_drives_into_one_who_stands_in_the_other_branch_of_a_fork(
    rivertown: Town, river_routes: RouteSet, place: float
) -> None:
    for lane, one, two in forks(rivertown.network)[:4]:
        batch = empty_world(rivertown, river_routes, 2)
        put(batch, 1, one, -1, place, 0.0)
        put(batch, 2, lane, two, float(rivertown.network.lane_length[lane]) - 25.0, 8.0)
        for _ in range(60):
            batch.actors[0, 1, PLACE] = one, place, 0.0
            step(batch)
            assert not touch(batch, 1, 2)


def test_nobody_drives_into_one_who_stands_beside_where_the_lanes_join(
    rivertown: Town, river_routes: RouteSet
) -> None:
    n = rivertown.network
    for one, other in merges(n)[:4]:
        batch = empty_world(rivertown, river_routes, 2)
        place = float(n.lane_length[one]) - 1.0
        following = int(n.successors[n.successor_start[other]])
        put(batch, 1, one, -1, place, 0.0)
        put(batch, 2, other, following, float(n.lane_length[other]) - 8.0, 3.0)
        for _ in range(60):
            batch.actors[0, 1, PLACE] = one, place, 0.0
            step(batch)
            assert not touch(batch, 1, 2)
