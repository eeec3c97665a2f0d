"""Course: what is known of a drive before it begins, and Step: what is seen of it as it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint


class Step(NamedTuple):
    """What one world shows after a step. The arrays are views: copy what must last."""

    time: float  # [s] of the world
    events: NDArray[np.int32]  # [Event] what happened in this step
    ego: NDArray[np.float32]  # [Ego]
    actors: NDArray[np.float32]  # [A, Actor]; row 0 is the ego
    sight: NDArray[np.float32]  # [Sight]
    hits: NDArray[np.float32]  # [n, Hit] touches in this step
    stages: NDArray[np.float32]  # [E, Progress] the events of the route


@dataclass(frozen=True, slots=True)
class Emergency:
    """An emergency vehicle that a route's events send."""

    event: int  # row of Step.stages
    actor: int  # row of Step.actors
    wanted: float  # [m/s] its speed where nobody is in its way


@dataclass(frozen=True, slots=True)
class Line:
    """A stop line on a route."""

    s: float  # [m] along the route
    signal: int  # index of its light or stop sign in the town
    light: bool


@dataclass(frozen=True, eq=False)
class Course:
    """What is known of a drive before it begins."""

    route: Route
    timeout_base: float = 300.0  # [s] as in WorldSettings
    timeout_share: float = 0.1  # of the speed limit; 0: no limit
    stages: tuple[str, ...] = ()  # kinds of the route's events, by their row in Step.stages
    emergencies: tuple[Emergency, ...] = ()
    lines: tuple[Line, ...] = ()
    first_junction: float | None = None  # [m] along the route where its first junction ends
    step: float = 0.1  # [s] between two notes

    def signal_near(self, s: float, light: bool) -> int | None:
        """The light, or the stop sign, whose line is nearest to `s` [m]; None for none."""
        lines = [line for line in self.lines if line.light == light]
        return min(lines, key=lambda line: abs(line.s - s)).signal if lines else None


def first_junction_end(route: Route, network: RoadNetwork) -> float | None:
    """Where along the route the first junction that it enters ends [m]; None for none."""
    lanes = route.points[:, RoutePoint.LANE].astype(int)
    within = (lanes >= 0) & (network.lane_junction[lanes] >= 0)
    begins = np.flatnonzero(within[1:] & ~within[:-1]) + 1  # not one that it begins in
    if len(begins) == 0:
        return None
    after = np.flatnonzero(~within[begins[0] :])
    last = begins[0] + int(after[0]) if len(after) else len(lanes) - 1
    return float(route.points[last, RoutePoint.S])
