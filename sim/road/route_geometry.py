"""Turn a sequence of lanes into a drivable line: even points, smooth lane changes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import Point, RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.road.slope import slope

SPACING = 1.0  # [m] between route points, about
CHANGE_LENGTH = 25.0  # [m] of a lane change, where there is room
_WINDOW = 5  # points over which the curvature is fitted
# Columns of the raw line, before it is resampled.
_X, _Y, _Z, _WIDTH, _LIMIT, _LANE, _LANE_S = range(7)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch along one lane section, changing from lane to lane on the way."""

    lanes: tuple[int, ...]  # neighbours, in the order in which they are driven
    begin: float  # fraction of the lanes' length
    end: float
    changes: tuple[float, ...] = ()  # fractions at which the changes begin

    @classmethod
    def along(cls, lanes: tuple[int, ...], begin: float, end: float) -> Run:
        """Give every change its share of the stretch, and begin it at the beginning of that."""
        count = len(lanes) - 1
        return cls(
            lanes, begin, end, tuple(begin + (end - begin) * k / count for k in range(count))
        )


def merge_runs(runs: Sequence[Run]) -> list[Run]:
    """Join runs that go on in the same lane where the one before ended."""
    merged: list[Run] = []
    for run in runs:
        last = merged[-1] if merged else None
        if last is not None and last.lanes[-1] == run.lanes[0] and run.begin > 0.0:
            merged[-1] = Run(
                last.lanes + run.lanes[1:],
                last.begin,
                max(run.end, last.end),
                last.changes + run.changes,
            )
        else:
            merged.append(run)
    return merged


def build_route(network: RoadNetwork, runs: Sequence[Run], route_id: str) -> Route:
    """Lay the line of a route along its runs.

    Raises:
        RouteError: the route is shorter than a metre.
    """
    raw = np.concatenate([_run_line(network, run) for run in merge_runs(runs)])
    steps = np.linalg.norm(np.diff(raw[:, :2], axis=0), axis=1)
    raw = raw[np.concatenate([[True], steps > 0.05])]
    s = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(raw[:, :2], axis=0), axis=1))])
    if s[-1] < 1.0:
        raise RouteError(
            f"route {route_id}: its waypoints lie within {s[-1]:.1f} m; a route needs two "
            "waypoints that are some metres apart"
        )
    even = np.linspace(0.0, s[-1], max(2, math.ceil(s[-1] / SPACING) + 1))
    points = np.zeros((len(even), len(RoutePoint)))
    columns = (
        (RoutePoint.X, _X),
        (RoutePoint.Y, _Y),
        (RoutePoint.Z, _Z),
        (RoutePoint.WIDTH, _WIDTH),
    )
    for column, source in columns:
        points[:, column] = np.interp(even, s, raw[:, source])
    before = np.clip(np.searchsorted(s, even, side="right") - 1, 0, len(s) - 1)
    points[:, RoutePoint.LANE] = raw[before, _LANE]
    points[:, RoutePoint.SPEED_LIMIT] = raw[before, _LIMIT]
    lane_end = network.lane_length[raw[before, _LANE].astype(int)]
    points[:, RoutePoint.LANE_S] = np.minimum(raw[before, _LANE_S] + even - s[before], lane_end)
    points[:, RoutePoint.S] = even
    step = float(even[1])
    dx, dy = _derivative(points[:, RoutePoint.X], step), _derivative(points[:, RoutePoint.Y], step)
    points[:, RoutePoint.YAW] = np.unwrap(np.arctan2(dy, dx))
    points[:, RoutePoint.CURVATURE] = slope(even, points[:, RoutePoint.YAW], _WINDOW)
    return Route(route_id, network.name, points.astype(np.float32))


def _derivative(values: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    if len(values) < 3:
        return np.full(len(values), (values[-1] - values[0]) / step)
    return np.asarray(np.gradient(values, step, edge_order=2))


def _lane_line(
    network: RoadNetwork, lane: int, fractions: NDArray[np.float64]
) -> NDArray[np.float64]:
    points = network.lane_points(lane).astype(np.float64)
    at = fractions * points[-1, Point.S]
    line = np.empty((len(at), 7))
    for column, source in ((_X, Point.X), (_Y, Point.Y), (_Z, Point.Z), (_WIDTH, Point.WIDTH)):
        line[:, column] = np.interp(at, points[:, Point.S], points[:, source])
    line[:, _LIMIT] = network.lane_speed_limit[lane]
    line[:, _LANE], line[:, _LANE_S] = lane, at
    return line


def _run_line(network: RoadNetwork, run: Run) -> NDArray[np.float64]:
    length = float(np.mean([network.lane_length[lane] for lane in run.lanes]))
    inner = np.arange(math.floor(run.begin * length) + 1, math.ceil(run.end * length)) / length
    fractions = np.unique(np.concatenate([[run.begin], inner, [run.end]]))
    line = _lane_line(network, run.lanes[0], fractions)
    limits = [*run.changes[1:], run.end][: len(run.changes)]
    for lane, begin, limit in zip(run.lanes[1:], run.changes, limits, strict=True):
        span = max(min(CHANGE_LENGTH / length, limit - begin), 1e-9)
        t = np.clip((fractions - begin) / span, 0.0, 1.0)
        # Smootherstep: lateral speed and acceleration vanish at both ends.
        weight = t**3 * (10.0 - 15.0 * t + 6.0 * t * t)
        target = _lane_line(network, lane, fractions)
        line[:, :4] += weight[:, None] * (target[:, :4] - line[:, :4])
        changed = weight >= 0.5
        line[changed, 4:] = target[changed, 4:]
    return line
