"""Vehicles put where a test wants them, in a world without anybody else."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings

CAREFUL = {
    "late_brake_share": 0.0,
    "no_look_share": 0.0,
    "red_runner_share": 0.0,
    "tailgate_share": 0.0,
}


def empty_world(town: Town, routes: RouteSet, vehicles: int, walkers: int = 0) -> BatchWorld:
    """A world whose ego and vehicles are away; `put` brings vehicles in."""
    settings = WorldSettings(
        vehicles=vehicles, walkers=walkers, spawn_far=2000.0, blocked_time=1e9, **CAREFUL
    )
    batch = BatchWorld(town, routes, 1, seed=3, settings=settings, threads=1)
    batch.actors[0, : vehicles + 1, Actor.ALIVE] = 0.0
    return batch


def put(batch: BatchWorld, a: int, lane: int, following: int, s: float, speed: float) -> None:
    """Put a car of 4.5 m with a calm driver on a lane."""
    me = batch.actors[0, a]
    me[Actor.ALIVE], me[Actor.KIND] = 1.0, 0.0
    me[Actor.LENGTH], me[Actor.WIDTH], me[Actor.TEMPER] = 4.5, 1.8, 0.5
    me[Actor.LANE], me[Actor.NEXT_LANE] = lane, following
    me[Actor.S], me[Actor.SPEED], me[Actor.GOAL] = s, speed, -1.0
    me[Actor.LATERAL], me[Actor.OTHER_LANE] = 0.0, -1.0
    batch.state.way[0, a] = -1
    batch.state.behind[0, a] = -1
    batch.state.driver[0, a] = (1.8, 1.25, 0.2357, 8.0, 1.0, 50.0, 1.15, 2.5)


def step(batch: BatchWorld) -> None:
    """One decision and its two ticks; nobody else appears."""
    absent = batch.actors[0, :, Actor.ALIVE] == 0.0
    batch.step_plan(np.full(1, -3.0, np.float32), np.zeros(1, np.float32))
    batch.actors[0, absent, Actor.ALIVE] = 0.0


def way_in(network: RoadNetwork, lane: int) -> int:
    """The lane before a junction lane."""
    return int(network.predecessors[network.predecessor_start[lane]])
