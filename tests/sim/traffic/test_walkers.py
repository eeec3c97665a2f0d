from __future__ import annotations

import numpy as np
import pytest

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.lookup import sort_actors
from roadworthy.sim.traffic.walkers import road_is_clear
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings

from .stage import empty_world, put, step


def approaches(batch: BatchWorld) -> list[tuple[int, int, int]]:
    """(crossing, lane that it passes early, lane before that one)."""
    roads, network = batch._roads, batch.network
    found = []
    for crossing in range(len(roads.crossing_points)):
        for k in range(roads.crossed_start[crossing], roads.crossed_start[crossing + 1]):
            lane = int(roads.crossed_lane[k])
            first, last = network.predecessor_start[lane : lane + 2]
            if roads.crossed_s[k] < 20.0 and last > first:
                found.append((crossing, lane, int(network.predecessors[first])))
    return found


@pytest.mark.parametrize("slot", [0, 1])
def test_a_walker_waits_for_whoever_comes_over_from_the_lane_before(
    rivertown: Town, river_routes: RouteSet, slot: int
) -> None:
    settings = WorldSettings(vehicles=2, walkers=0)
    batch = BatchWorld(rivertown, river_routes, 1, settings=settings)
    cases = approaches(batch)
    assert len(cases) > 4
    for crossing, lane, before in cases:
        batch.actors[0, :, Actor.LANE] = -1.0
        batch.actors[0, :, Actor.NEXT_LANE] = -1.0
        one = batch.actors[0, slot]
        one[Actor.ALIVE], one[Actor.LENGTH] = 1.0, 4.5
        one[Actor.LANE], one[Actor.NEXT_LANE] = before, lane
        one[Actor.S] = max(batch.network.lane_length[before] - 3.0, 0.0)
        for speed, clear in ((8.0, False), (0.0, True)):
            one[Actor.SPEED] = speed
            sort_actors(0, 3, batch._roads, batch.state)
            assert road_is_clear(0, crossing, batch._roads, batch.state) == clear


def test_the_ego_tells_which_lane_it_takes_next(rivertown: Town, river_routes: RouteSet) -> None:
    batch = BatchWorld(rivertown, river_routes, 1, settings=WorldSettings(vehicles=0, walkers=0))
    network, told = batch.network, 0
    for _ in range(60):
        speed = batch.actors[0, 0, Actor.SPEED]
        batch.step_plan(np.array([5.0 - speed], np.float32), np.zeros(1, np.float32))
        lane, following = batch.actors[0, 0, [Actor.LANE, Actor.NEXT_LANE]].astype(int)
        if lane >= 0 and following >= 0:
            first, last = network.successor_start[lane : lane + 2]
            assert following in network.successors[first:last]
            told += 1
    assert told > 0


def crossing_walker(batch: BatchWorld) -> tuple[int, int]:
    """Put the first walker at the beginning of a crosswalk; returns it and the crosswalk."""
    a = batch._rules.first_walker
    walker = batch.actors[0, a]
    walker[Actor.ALIVE], walker[Actor.TEMPER] = 1.0, 0.5
    walker[Actor.LANE], walker[Actor.S], walker[Actor.GOAL] = -1.0, 0.0, 0.0
    batch.state.crossing_busy[0, :] = 0
    batch.state.crossing_busy[0, 0] = 1
    return a, 0


def test_a_walker_does_not_walk_into_a_standing_vehicle(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = empty_world(rivertown, river_routes, 1, walkers=1)
    roads = batch._roads
    a, crossing = crossing_walker(batch)
    k = roads.crossed_start[crossing]
    lane, s = int(roads.crossed_lane[k]), float(roads.crossed_s[k])
    first = batch.network.successor_start[lane]
    put(batch, 1, lane, int(batch.network.successors[first]), s, 0.0)
    for _ in range(200):
        batch.actors[0, 1, [Actor.S, Actor.SPEED]] = s, 0.0
        step(batch)
        walker, car = batch.actors[0, a], batch.actors[0, 1]
        bodies = [
            map(float, row[[Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]])
            for row in (walker, car)
        ]
        assert not boxes_overlap(*bodies[0], *bodies[1])
    assert int(walker[Actor.GOAL]) == 0  # it waits on the crosswalk
    batch.actors[0, 1, Actor.ALIVE] = 0.0
    crossed = False  # it may come back afterwards
    for _ in range(100):
        step(batch)
        crossed |= bool(batch.actors[0, a, Actor.GOAL] != 0)
    assert crossed


def test_jaywalkers_cross_away_from_crosswalks_and_vehicles_let_them(
    rivertown: Town, river_routes: RouteSet
) -> None:
    settings = WorldSettings(vehicles=25, walkers=40, jaywalk_share=1.0, blocked_time=1e9)
    batch = BatchWorld(rivertown, river_routes, 2, seed=1, settings=settings, threads=1)
    marked = batch._roads.crosswalks
    assert marked == len(batch.network.crossing_points)
    assert len(batch._roads.crossing_points) > marked
    stepped_out, touched = 0, set()
    body = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]
    for tick in range(900):
        batch.step_plan(np.full(2, -3.0, np.float32), np.zeros(2, np.float32))
        stepped_out += int(batch.state.crossing_busy[:, marked:].sum())
        if tick % 3 == 0:
            for w in range(2):
                cars, walkers = batch.actors[w, 1:26], batch.actors[w, 26:]
                for a in np.flatnonzero(walkers[:, Actor.GOAL] >= 0):
                    for b in np.flatnonzero(
                        (cars[:, Actor.ALIVE] > 0) & (cars[:, Actor.SPEED] > 1)
                    ):
                        one, other = (map(float, r[body]) for r in (walkers[a], cars[b]))
                        if boxes_overlap(*one, *other):
                            touched.add((w, int(a), int(b)))
    assert stepped_out > 50
    assert len(touched) <= 3  # one in eight of them does not look


def test_nobody_jaywalks_where_the_share_is_0(rivertown: Town, river_routes: RouteSet) -> None:
    settings = WorldSettings(vehicles=0, walkers=30, jaywalk_share=0.0, blocked_time=1e9)
    batch = BatchWorld(rivertown, river_routes, 1, settings=settings)
    for _ in range(600):
        batch.step_plan(np.full(1, -3.0, np.float32), np.zeros(1, np.float32))
        assert not batch.state.crossing_busy[0, batch._roads.crosswalks :].any()
