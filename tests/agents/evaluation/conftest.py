"""A drive on a straight road, step by step and by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from roadworthy.agents.evaluation.course import Course, Step
from roadworthy.agents.evaluation.sight import Sight
from roadworthy.agents.evaluation.tally import Tally
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.scenario.script import Progress
from roadworthy.sim.world.columns import Actor, Ego, Event, Hit

Begin = Callable[..., Tally]
Go = Callable[..., None]


def straight(length: int = 200, limit: float = 10.0) -> Route:
    points = np.zeros((length + 1, len(RoutePoint)), np.float32)
    points[:, RoutePoint.X] = points[:, RoutePoint.S] = np.arange(length + 1)
    points[:, RoutePoint.SPEED_LIMIT] = limit
    return Route("7", "Nowhere", points)


@pytest.fixture
def begin() -> Begin:
    """Begin a drive of a straight route of so many metres; the rest is that of a Course."""

    def make(length: int = 200, limit: float = 10.0, **course: Any) -> Tally:
        return Tally(Course(straight(length, limit), **course))

    return make


@pytest.fixture
def tally(begin: Begin) -> Tally:
    return begin()


@pytest.fixture
def go() -> Go:
    """Take one step to `progress` metres; what happens by the names of Event."""

    def step(
        tally: Tally,
        progress: float,
        *,
        time: float | None = None,
        outside: float = 0.0,
        speed: float = 0.0,
        traffic: float = math.nan,
        lateral: float = 0.0,
        sight: dict[Sight, float] | None = None,
        others: Sequence[dict[Actor, float]] = (),
        hits: Sequence[dict[Hit, float]] = (),
        stages: Sequence[tuple[float, float]] = (),
        **events: int,
    ) -> None:
        counts, ego = np.zeros(len(Event), np.int32), np.zeros(len(Ego), np.float32)
        for name, count in events.items():
            counts[Event[name]] = count
        ego[Ego.PROGRESS] = ego[Ego.ROUTE_S] = progress
        ego[Ego.OFFROAD_DISTANCE], ego[Ego.ROUTE_LATERAL] = outside, lateral
        actors = np.zeros((1 + len(others), len(Actor)), np.float32)
        me = {Actor.X: progress, Actor.Y: lateral, Actor.SPEED: speed}
        for row, columns in zip(actors, [me, *others], strict=True):
            row[Actor.LENGTH], row[Actor.WIDTH], row[Actor.ALIVE] = 4.0, 2.0, 1.0
            for column, value in columns.items():
                row[column] = value
        seen = np.zeros(len(Sight), np.float32)
        seen[Sight.TRAFFIC], seen[Sight.ON_ROAD], seen[Sight.LIMIT] = traffic, 1.0, 10.0
        states = np.zeros((len(stages), len(Progress)), np.float32)
        for row, (state, clock) in zip(states, stages, strict=True):
            row[Progress.STATE], row[Progress.CLOCK] = state, clock
            seen[Sight.STAGE_CLOCK] = max(seen[Sight.STAGE_CLOCK], clock)
        for seen_column, value in (sight or {}).items():
            seen[seen_column] = value
        touches = np.zeros((len(hits), len(Hit)), np.float32)
        for row, hit in zip(touches, hits, strict=True):
            for hit_column, value in hit.items():
                row[hit_column] = value
        now = progress / 10.0 if time is None else time
        tally.note(Step(now, counts, ego, actors, seen, touches, states))

    return step
