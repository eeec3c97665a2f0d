"""Benchmarks: how fast worlds, sensors, training and the loop are on this machine.

Figures are measured in one process with the load that the targets name; read differences under a
fifth as noise. They are run by `roadworthy bench`, never as tests.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numba
import numpy as np

from roadworthy.sim.errors import SettingsError

if TYPE_CHECKING:
    from roadworthy.sim.road.route import Route, RouteSet
    from roadworthy.sim.town import Town

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number."""

    key: str  # in the JSON file, unit included
    text: str
    value: float
    target: float | None  # None where only the whole has one
    least: bool = True  # the target is the least that is wanted; else the most

    @property
    def share(self) -> float | None:
        """How much of the target is reached; 1 and above is good."""
        if self.target is None:
            return None
        if not self.least:
            return self.target / self.value if self.value > 0.0 else 0.0
        return self.value / self.target


def run(which: str, tell: Tell, seed: int = 0) -> list[Figure]:
    """Measure one group of figures, or `all`: all that can be measured with what is installed.

    Raises:
        SettingsError: there is no such group.
    """
    if which != "all" and which not in GROUPS:
        raise SettingsError(f"unknown benchmark {which!r}; choose {', '.join(GROUPS)} or all")
    figures: list[Figure] = []
    for name, measure in GROUPS.items():
        if which == "all" and name == "wire" and importlib.util.find_spec("carla") is None:
            tell("wire: left out, the package carla (CARLA's own client) is not installed")
        elif which in (name, "all"):
            figures += measure(tell, seed)
    return figures


def place(seed: int, routes: int) -> tuple[Town, RouteSet]:
    """Load a shipped town with some routes."""
    from roadworthy.sim.road.route import RouteSet
    from roadworthy.sim.road.routing import random_routes
    from roadworthy.sim.road.towns import BENCH_TOWN, load_town

    town = load_town(BENCH_TOWN)
    return town, RouteSet.of(random_routes(town.network, routes, seed))


def rate(step: Callable[[], object], seconds: float, warm_up: int = 3) -> float:
    """Calls a second in the best of five equal spells: others on the machine only ever slow it."""
    for _ in range(warm_up):
        step()
    rates = []
    for _ in range(5):
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < seconds / 5:
            step()
            count += 1
        rates.append(count / spent)
    return max(rates)


def measure_world(tell: Tell, seed: int) -> list[Figure]:
    """World, true Scene, observation and reward, on one core; and one world alone."""
    from roadworthy.planning.action import ACTION_SIZES
    from roadworthy.planning.env import PlannerVecEnv
    from roadworthy.sim.world.batch import BatchWorld
    from roadworthy.sim.world.settings import WorldSettings

    tell("world: 256 worlds, 30 vehicles and 10 walkers each, one core")
    town, routes = place(seed, 32)
    settings = WorldSettings(vehicles=30, walkers=10)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        batch = BatchWorld(town, routes, 256, seed=seed, settings=settings, threads=1)
        env = PlannerVecEnv([batch], seed=seed)
        env.reset()
        # Actions are drawn before: half of them accelerate, so that the egos get about.
        generator = np.random.default_rng(seed)
        actions = generator.integers(0, ACTION_SIZES, (64, 256, 2))
        actions[..., 0] = np.maximum(actions[..., 0], 3)
        actions[..., 1] = ACTION_SIZES[1] // 2
        turn = iter(range(1 << 60))
        many = 256 * rate(lambda: env.advance(actions[next(turn) % 64]), 4.0)
        tell("world: one world, one decision of two ticks")
        single = BatchWorld(town, routes, 1, seed=seed, settings=settings, threads=1)
        accel, curvature = np.full(1, 0.5, np.float32), np.zeros(1, np.float32)
        one = rate(lambda: single.step_plan(accel, curvature), 1.0)
    finally:
        numba.set_num_threads(before)
    return [
        Figure("world_env_steps_per_s", "env steps/s, 256 worlds, one core", many, 100_000.0),
        Figure("world_one_step_us", "one world, one step [µs]", 1e6 / one, 50.0, least=False),
        *_scaling(town, routes, tell, seed),
        *_others(many, tell),
    ]


def _scaling(town: Town, routes: RouteSet, tell: Tell, seed: int) -> list[Figure]:
    """Cost over worlds and over actors, one core."""
    from roadworthy.agents.world_scaling import WORLDS, actor_costs, env_rates, state_size

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        tell("world: 1 to 4,096 worlds, 8 to 256 actors, one core")
        rates = env_rates(town, routes, seed)
        costs = actor_costs(seed)
    finally:
        numba.set_num_threads(before)
    most, size = WORLDS[-1], state_size(town, routes)
    return (
        [
            Figure(f"world_env_steps_per_s_{n}_worlds", f"  {n:,} worlds, env steps/s", rate, None)
            for n, rate in rates.items()
        ]
        + [
            Figure(f"world_us_per_step_{n}_actors", f"  {n} actors, one step [µs]", cost, None)
            for n, cost in costs.items()
        ]
        + [Figure(f"world_mib_{most}_worlds", f"  {most:,} worlds, state [MiB]", size, None)]
    )


def _others(own: float, tell: Tell) -> list[Figure]:
    """How many times as fast as other simulators that are installed here, in the same run."""
    from roadworthy.agents.world_scaling import OTHERS, other_rates

    figures = []
    for module, rate in other_rates(tell).items():
        name = OTHERS[module][0]
        target = 300.0 if module == "metadrive" else None
        figures += [
            Figure(f"{module}_env_steps_per_s", f"  {name}, env steps/s", rate, None),
            Figure(f"world_times_{module}", f"times as fast as {name}", own / rate, target),
        ]
    return figures


@functools.cache
def _sensor_rates() -> dict[str, float]:
    from roadworthy.sim.sensors.bench import measure

    return measure()


def measure_sensors(which: str, tell: Tell, seed: int) -> list[Figure]:
    """Camera or lidar on one core."""
    tell(f"{which}: one core")
    found = _sensor_rates()
    if which == "camera":
        text = "camera 320x160 RGB + depth + semantic, frames/s"
        return [Figure("camera_frames_per_s", text, found["camera_frames_per_s"], 500.0)]
    text = "lidar 32 x 360, sweeps/s"
    return [Figure("lidar_sweeps_per_s", text, found["lidar_sweeps_per_s"], 3000.0)]


def measure_loop(tell: Tell, seed: int) -> list[Figure]:
    """Frame to Control of the shipped agent, ONNX on one thread."""
    from roadworthy.agents.evaluation.drive import drive
    from roadworthy.agents.learned import RoadworthyAgent
    from roadworthy.agents.registry import make_agent
    from roadworthy.sim.scenario.scenario import Scenario

    agent = make_agent("roadworthy", device="cpu", threads=1)
    if not isinstance(agent, RoadworthyAgent):
        raise TypeError("the shipped agent is no RoadworthyAgent")
    town, routes = place(seed, 1)
    route: Route = routes.routes[0]
    tell("loop: kernels and models warm up")
    drive(agent, town, Scenario(route), seed=seed, time_limit=2.0)
    agent.loop.clock.clear()
    tell("loop: 40 s of driving")
    drive(agent, town, Scenario(route), seed=seed, time_limit=40.0)
    rows = {row.stage: row for row in agent.loop.clock.table()}
    figures = [
        Figure("loop_p50_ms", "Frame to Control, p50 [ms]", rows["loop"].p50, 15.0, least=False),
        Figure("loop_p99_ms", "Frame to Control, p99 [ms]", rows["loop"].p99, 15.0, least=False),
    ]
    for stage in ("perception", "planning", "control"):
        row = rows[stage]
        text = f"  of which {stage}, p99 [ms]"
        figures.append(Figure(f"loop_{stage}_p99_ms", text, row.p99, None, least=False))
    return figures


def measure_train(tell: Tell, seed: int) -> list[Figure]:
    """PPO end to end, on all cores."""
    from roadworthy.planning.env import PlannerVecEnv
    from roadworthy.planning.run_files import RunFolder
    from roadworthy.planning.train import Courses, Trainer, preset
    from roadworthy.sim.world.batch import BatchWorld
    from roadworthy.sim.world.settings import WorldSettings

    tell(f"train: PPO from scratch, 256 worlds, {os.cpu_count()} cores")
    town, routes = place(seed, 32)
    settings = WorldSettings(vehicles=20, walkers=8)
    env = PlannerVecEnv([BatchWorld(town, routes, 256, seed=seed, settings=settings)], seed=seed)
    env.reset()
    for _ in range(3):  # kernels compile here, not in the first iteration
        env.advance(np.zeros((env.num_envs, 2), np.int64))
    rates: list[float] = []

    def note(phase: str, figures: dict[str, float]) -> None:
        if phase == "ppo":
            rates.append(figures["steps_per_s"])
            tell(f"train: {figures['steps_per_s']:,.0f} steps/s")

    with tempfile.TemporaryDirectory() as folder:
        chosen = preset("standard", minutes=0.6, seed=seed, from_scratch=True)
        Trainer(Courses(env, (), ()), chosen, RunFolder(Path(folder)), note).run()
    # The first iteration warms torch up.
    steady = rates[1:] or rates
    text = "PPO end to end, env steps/s"
    return [Figure("train_steps_per_s", text, float(np.median(steady)), 20_000.0)]


def measure_evaluate(tell: Tell, seed: int) -> list[Figure]:
    """Simulated seconds a second of one core, on the suite ci."""
    from roadworthy.agents.evaluation.speed import simulated_rate
    from roadworthy.agents.registry import make_agent

    figures = []
    for name, key, target in (
        ("expert", "evaluate_simulated_s_per_s", 500.0),
        ("oracle", "evaluate_oracle_simulated_s_per_s", 500.0),
        ("roadworthy", "evaluate_roadworthy_simulated_s_per_s", None),
    ):
        tell(f"evaluate: the suite ci, driven by {name} on one core")
        agent = make_agent(name, device="cpu", threads=1)
        bounded = 10.0 if name == "roadworthy" else None  # cameras and network are what counts
        rate = simulated_rate(agent, seeds=1 if bounded else 3, seed=seed, time_limit=bounded)
        figures.append(Figure(key, f"{name}, suite ci, simulated s/s, one core", rate, target))
    return figures


def _measure_wire(tell: Tell, seed: int) -> list[Figure]:
    from roadworthy.agents.benchmark_wire import measure_wire

    return measure_wire(tell, seed)


GROUPS: dict[str, Callable[[Tell, int], list[Figure]]] = {
    "world": measure_world,
    "camera": lambda tell, seed: measure_sensors("camera", tell, seed),
    "lidar": lambda tell, seed: measure_sensors("lidar", tell, seed),
    "train": measure_train,
    "loop": measure_loop,
    "evaluate": measure_evaluate,
    "wire": _measure_wire,
}
