"""How the cost of the world grows with worlds and with actors, and how others compare.

Part of `roadworthy bench world`: a straight line of cost is what lets a user reckon.
"""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from roadworthy.sim.road.route import RouteSet
    from roadworthy.sim.town import Town

WORLDS = (1, 16, 256, 1024, 4096)
ACTORS = (8, 16, 32, 64, 128, 256)
WALKER_SHARE = 0.25
SPELL = 0.8  # [s] of each measurement
TICKS = 2  # of a step, as agents take it
BATCH = 32  # worlds among which the cost of actors is measured
# Steps timed at once: junctions are surveyed at every second one, those far away decide at every
# fourth and look for another lane at every sixth, so a single step may be a cheap one.
CYCLE = 12


def _best(step: Callable[[], object], seconds: float) -> float:
    """Least seconds of one call, as a mean over CYCLE of them; they fill about `seconds`."""
    step()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(CYCLE):
            step()
        best = min(best, time.perf_counter() - begin)
    return best / CYCLE


def env_rates(town: Town, routes: RouteSet, seed: int) -> dict[int, float]:
    """Env steps a second on one core by number of worlds: world, Scene, observation, reward."""
    from roadworthy.planning.action import ACTION_SIZES
    from roadworthy.planning.env import PlannerVecEnv
    from roadworthy.sim.world.batch import BatchWorld
    from roadworthy.sim.world.settings import WorldSettings

    settings = WorldSettings(vehicles=30, walkers=10)
    rates: dict[int, float] = {}
    for worlds in WORLDS:
        batch = BatchWorld(town, routes, worlds, seed=seed, settings=settings, threads=1)
        env = PlannerVecEnv([batch], seed=seed)
        env.reset()
        action = np.tile(np.array([4, ACTION_SIZES[1] // 2]), (worlds, 1))
        for _ in range(10):  # the egos get going
            env.advance(action)
        rates[worlds] = worlds / _best(partial(env.advance, action), SPELL)
    return rates


def state_size(town: Town, routes: RouteSet) -> float:
    """Mebibytes that the state of the largest batch holds, with 30 vehicles and 10 walkers."""
    from roadworthy.sim.world.batch import BatchWorld
    from roadworthy.sim.world.settings import WorldSettings

    settings = WorldSettings(vehicles=30, walkers=10)
    one = BatchWorld(town, routes, 1, settings=settings, threads=1)
    return WORLDS[-1] * sum(array.nbytes for array in one.state) / 2**20


def actor_costs(seed: int) -> dict[int, float]:
    """Microseconds of one world's step of two ticks by number of actors, a quarter walkers.

    In the largest shipped town, so that they find room. The tenth or so of the slots that are
    empty all the same cost nothing, so the time is scaled to all of them.
    """
    from roadworthy.sim.road.route import RouteSet
    from roadworthy.sim.road.routing import random_routes
    from roadworthy.sim.road.towns import load_town, town_names
    from roadworthy.sim.world.batch import BatchWorld
    from roadworthy.sim.world.columns import Actor
    from roadworthy.sim.world.settings import WorldSettings

    town = max((load_town(name) for name in town_names()), key=lambda t: len(t.network.points))
    routes = RouteSet.of(random_routes(town.network, 16, seed))
    costs: dict[int, float] = {}
    for actors in ACTORS:
        walkers = round(WALKER_SHARE * actors)
        settings = WorldSettings(vehicles=actors - walkers, walkers=walkers, spawn_far=350.0)
        batch = BatchWorld(town, routes, BATCH, seed=seed, settings=settings, threads=1)
        control = np.tile(np.array([0.4, 0.0, 0.0], np.float32), (BATCH, 1))
        for _ in range(100):  # who found no room at first appears
            batch.step(control, TICKS)
        alive = float(batch.actors[:, 1:, Actor.ALIVE].mean())
        costs[actors] = 1e6 / BATCH / alive * _best(partial(batch.step, control, TICKS), SPELL)
    return costs


def _steps_of(env: Any, action: Any, steps: int) -> float:
    """Env steps a second of a gymnasium environment, drives begun anew as they end."""
    env.reset()
    begin = time.perf_counter()
    for _ in range(steps):
        _, _, over, cut, _ = env.step(action)
        if over or cut:
            env.reset()
    return steps / (time.perf_counter() - begin)


def highway_env_rate() -> float:
    """Env steps a second of highway-env's `highway-v0` with 30 vehicles, kinematics observed."""
    gymnasium = importlib.import_module("gymnasium")
    importlib.import_module("highway_env")
    config = {"vehicles_count": 30, "policy_frequency": 10, "simulation_frequency": 20}
    env = gymnasium.make("highway-v0", config=config)
    try:
        return _steps_of(env, 1, 60)
    finally:
        env.close()


def metadrive_rate() -> float:
    """Env steps a second of MetaDrive without rendering, at its traffic density of 0.3."""
    metadrive = importlib.import_module("metadrive")
    env = metadrive.MetaDriveEnv(
        {"use_render": False, "traffic_density": 0.3, "num_scenarios": 1, "log_level": 50}
    )
    try:
        return _steps_of(env, [0.0, 0.3], 300)
    finally:
        env.close()


OTHERS: dict[str, tuple[str, Callable[[], float]]] = {
    "highway_env": ("highway-env, highway-v0, 30 vehicles", highway_env_rate),
    "metadrive": ("MetaDrive, its own traffic", metadrive_rate),
}


def other_rates(tell: Callable[[str], None]) -> dict[str, float]:
    """Env steps a second of other simulators in this very run; those that are not here are told."""
    rates = {}
    for module, (name, measure) in OTHERS.items():
        if importlib.util.find_spec(module) is None:
            tell(f"world: {name}: not installed")
            continue
        try:
            rates[module] = measure()
        except Exception as error:  # another project's code: whatever it raises, we go on
            tell(f"world: {name}: did not run ({error})")
    return rates
