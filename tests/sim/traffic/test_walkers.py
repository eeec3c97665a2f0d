from __future__ import annotations

import numpy as np
import pytest

from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.lookup import sort_actors
from roadworthy.sim.traffic.walkers import road_is_clear
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings


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
            sort_actors(0, 3, batch.state)
            assert road_is_clear(0, 3, crossing, batch._roads, batch.state) == clear


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
