from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings

from .stage import CAREFUL

VEHICLES = 30


def test_nobody_appears_right_before_one_who_is_much_faster(
    rivertown: Town, river_routes: RouteSet
) -> None:
    settings = WorldSettings(
        vehicles=VEHICLES, walkers=0, spawn_near=0.0, spawn_far=200.0, blocked_time=1e9, **CAREFUL
    )
    batch = BatchWorld(rivertown, river_routes, 1, seed=7, settings=settings, threads=1)
    batch.actors[0, 0, Actor.X] += 5000.0
    births = 0
    for decision in range(900):
        batch.actors[0, 0, Actor.X] = 0.0
        batch.actors[0, 0, Actor.Y] = 0.0
        leaves = 1 + decision // 3 % VEHICLES
        if decision % 3 == 0:
            batch.actors[0, leaves, Actor.ALIVE] = 0.0
        before = batch.actors[0, :, Actor.ALIVE].copy()
        batch.step_plan(np.full(1, -3.0, np.float32), np.zeros(1, np.float32))
        for a in np.flatnonzero((batch.actors[0, :, Actor.ALIVE] > 0.0) & (before == 0.0)):
            births += 1
            me = batch.actors[0, a]
            for b in range(1, VEHICLES + 1):
                other = batch.actors[0, b]
                same = b != a and other[Actor.ALIVE] > 0.0 and other[Actor.LANE] == me[Actor.LANE]
                if not same:
                    continue
                gap = abs(float(me[Actor.S] - other[Actor.S])) - 6.0
                first, second = (other, me) if other[Actor.S] < me[Actor.S] else (me, other)
                closing = max(float(first[Actor.SPEED] - second[Actor.SPEED]), 0.0)
                assert closing <= math.sqrt(2.0 * 3.0 * max(gap, 0.0)) + 0.5
    assert births > 30
