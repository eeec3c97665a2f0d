"""Many drives at once, for drivers that decide for a whole batch of worlds.

No sensors and no pedals are involved: the driver's acceleration and curvature go straight to the
vehicle's own inverse (`BatchWorld.step_plan`). The scores are those of the same tally as a single
drive's; the drives differ from single ones in their random numbers and by the controller.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadworthy.agents.evaluation.drive import DriveResult
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.witness import Witness
from roadworthy.perception.oracle import Oracle
from roadworthy.perception.scene import Scene
from roadworthy.sim.road.route import Route, RouteSet
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.settings import WorldSettings

TICKS = 2  # per decision
TOGETHER = 64  # worlds that are driven at once


class BatchDriver(Protocol):
    """Decides for a batch of worlds."""

    far: bool  # whether it needs Scenes with an Outlook

    def begin(self, worlds: int) -> None:
        """Forget all drives; so many begin now."""
        ...

    def act(self, scene: Scene) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Acceleration [m/s^2] and curvature [1/m], [W] each."""
        ...


@dataclass(frozen=True, slots=True)
class BatchMoment:
    """What an observer gets after each step of a batch."""

    worlds: BatchWorld
    scene: Scene  # before the step
    tallies: Sequence[Tally]
    driving: NDArray[np.bool_]


def drive_together(
    name: str,
    driver: BatchDriver,
    town: Town,
    routes: Sequence[Route],
    *,
    seed: int = 0,
    settings: WorldSettings | None = None,
    events: Sequence[Sequence[ScenarioEvent]] | None = None,
    threads: int | None = None,
    watch: Callable[[BatchMoment], None] | None = None,
) -> list[DriveResult]:
    """Drive every route once, each in a world of its own, TOGETHER at a time.

    World i of the seed drives route i, whatever runs beside it.

    Args:
        name: of the agent.
        driver: decides for all of them.
        town: of all routes.
        routes: what to drive.
        seed: of the traffic; world i draws its numbers from (seed, i).
        settings: of the worlds.
        events: that happen on each route.
        threads: that share the work.
        watch: called after every step.

    Returns:
        How it went, one for each route.
    """
    results: list[DriveResult] = []
    for first in range(0, len(routes), TOGETHER):
        chunk = list(routes[first : first + TOGETHER])
        happening = None if events is None else list(events[first : first + TOGETHER])
        worlds = BatchWorld(
            town,
            RouteSet.of(chunk),
            len(chunk),
            seed=seed,
            settings=settings,
            events=happening,
            first_index=first,
            threads=threads,
        )
        results += _drive_chunk(name, driver, worlds, chunk, happening, watch)
    return results


def _drive_chunk(
    name: str,
    driver: BatchDriver,
    worlds: BatchWorld,
    routes: list[Route],
    events: list[Sequence[ScenarioEvent]] | None,
    watch: Callable[[BatchMoment], None] | None,
) -> list[DriveResult]:
    """Drive until the last of the worlds has ended."""
    begin, n = time.perf_counter(), len(routes)
    worlds.reset(routes=np.arange(n))
    oracle = Oracle(worlds, far=driver.far)
    driver.begin(n)
    witness = Witness(worlds)
    tallies = [witness.tally(w) for w in range(n)]
    driving, ended = np.ones(n, np.bool_), np.zeros(n)
    while driving.any():
        scene = oracle.scene(driving)
        accel, curvature = driver.act(scene)
        worlds.step_plan(accel, curvature, TICKS)
        witness.look(driving)
        for w in np.flatnonzero(driving).tolist():
            tally = tallies[w]
            tally.note(witness.step(w))
            if tally.over:
                tally.close()
                driving[w], ended[w] = False, worlds.time[w]
        if watch is not None:
            watch(BatchMoment(worlds, scene, tallies, driving))
    spent = (time.perf_counter() - begin) / n
    town, seed = worlds.town.name, worlds.seed
    return [
        DriveResult.of(name, town, route, seed, tally, float(end), spent, happened)
        for route, tally, end, happened in zip(
            routes, tallies, ended, events or [()] * n, strict=True
        )
    ]
