"""Who is where along the lanes."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import varied_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.traffic.lookup import ACTOR_BITS, LANE_SHIFT, NOWHERE, sort_actors
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings


def test_the_largest_world_fits_into_the_keys() -> None:
    # The ego, as many as the settings take of each kind, and room for what events put on the road.
    assert ACTOR_BITS >= 1 + 3 * 1000 + 1000
    assert NOWHERE + ACTOR_BITS < 1 << 63
    assert NOWHERE >> LANE_SHIFT > 500_000  # more lanes than any town has


def test_actors_come_by_lane_and_place_however_they_were_shuffled() -> None:
    town = load_town("Ringford")
    routes = RouteSet.of(varied_routes(town.network, 1, seed=1))
    batch = BatchWorld(town, routes, 1, settings=WorldSettings(vehicles=60, walkers=0), threads=1)
    rng, state = np.random.default_rng(2), batch.state
    lengths = town.network.lane_length
    driving = np.flatnonzero(lengths > 5.0)
    for _ in range(20):
        actors = batch.actors[0]
        lanes = rng.choice(driving, len(actors))
        actors[:, Actor.LANE] = np.where(rng.random(len(actors)) < 0.8, lanes, -1)
        actors[:, Actor.S] = rng.random(len(actors)) * lengths[lanes]
        actors[:, Actor.ALIVE] = rng.random(len(actors)) < 0.9
        actors[:, Actor.OTHER_LANE] = -1.0
        sort_actors(0, len(actors), batch._roads, state)
        placed = int(state.placed[0])
        found = list(zip(state.order_lane[0, :placed], state.order_s[0, :placed], strict=True))
        assert found == sorted(found)
        there = (actors[:, Actor.ALIVE] > 0) & (actors[:, Actor.LANE] >= 0)
        rank = state.rank[0, : len(actors)]
        assert ((rank >= 0) == there).all()
        for a in np.flatnonzero(there):
            assert state.order[0, rank[a]] == a
            assert found[rank[a]] == (actors[a, Actor.LANE], actors[a, Actor.S])
        for lane in range(town.network.n_lanes):
            first = np.flatnonzero(state.order_lane[0, :placed] == lane)
            assert state.head[0, lane] == (first[0] if len(first) else -1)
