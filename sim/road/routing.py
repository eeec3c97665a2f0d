"""Plan routes: through given waypoints, or at random."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.nearest import nearest_point
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.random_routes import random_routes
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_geometry import Run, build_route
from roadworthy.sim.road.route_search import LaneGraph, Place
from roadworthy.sim.road.varied_routes import varied_routes

__all__ = ["nearest_point", "plan_route", "random_routes", "varied_routes"]

REACH = 12.0  # [m] that a waypoint may lie beside the nearest driving lane
_SLACKS = (0.8, 4.5)  # [m] lanes that a waypoint may mean: first overlapping, then adjacent ones
_MISS_COST = 8.0  # [m] of detour that a metre between waypoint and lane is worth


def plan_route(
    network: RoadNetwork,
    waypoints: ArrayLike,
    *,
    id: str = "route",
    yaws: ArrayLike | None = None,
) -> Route:
    """Plan the cheapest route through waypoints.

    Args:
        network: the town's roads.
        waypoints: [n, 2] or [n, 3] x, y, z [m]; they may lie beside the lanes or in junctions.
        id: the route's id, named in errors.
        yaws: [n] headings at the waypoints [rad], nan where unknown; they pick the lane where
            several lie on top of each other.

    Raises:
        RouteError: a waypoint is off the map, or cannot be reached from the one before.
    """
    points = np.asarray(waypoints, np.float64)
    if points.ndim != 2 or points.shape[1] not in (2, 3) or len(points) < 2:
        raise RouteError(f"route {id}: waypoints must be [n, 2 or 3], n >= 2; got {points.shape}")
    if points.shape[1] == 2:
        points = np.column_stack([points, np.zeros(len(points))])
    headings = np.full(len(points), np.nan) if yaws is None else np.asarray(yaws, np.float64)
    if not np.isfinite(points).all() or len(headings) != len(points):
        raise RouteError(f"route {id}: a waypoint is not finite, or the headings do not match")
    graph = LaneGraph(network)
    for k, point in enumerate(points):
        _check_on_map(graph, point, k, id)
    for against_marks in (False, True):
        for slack in _SLACKS:
            places = [
                graph.places(point, float(yaw), slack)
                for point, yaw in zip(points, headings, strict=True)
            ]
            runs, reached = _through(graph, places, against_marks)
            if runs is not None:
                return build_route(network, runs, id)
    raise RouteError(
        f"route {id}: there is no way in {network.name} from waypoint {reached} "
        f"({_text(points[reached])}) to waypoint {reached + 1} ({_text(points[reached + 1])}): "
        + _why_not(graph, places[reached], places[reached + 1])
    )


def _why_not(graph: LaneGraph, starts: list[Place], goals: list[Place]) -> str:
    """Say why no way leads from one waypoint to the next."""
    if all(not graph.successors[place.lane] for place in starts):
        return "the lane of the first one leads nowhere; end the route there"
    if any(path is not None for goal in goals for path in graph.paths(goal, starts, True)):
        return (
            "it would be driven against the direction of its lanes (the other way round there is "
            "one); swap the two, or move them to the lanes of the other direction"
        )
    return "no lanes connect the two; put them on roads that do"


def _text(point: NDArray[np.float64]) -> str:
    x, y = (f"{v:.1f}" if abs(v) < 1e9 else f"{v:g}" for v in point[:2].tolist())
    return f"x={x}, y={y}"


def _check_on_map(graph: LaneGraph, point: NDArray[np.float64], number: int, route: str) -> None:
    # Where squares leave the floats, no lane is the nearest.
    nearest = graph.places(point, math.nan, 0.0, 1)
    distance = nearest[0].distance if nearest else math.inf
    if distance > REACH + 1.0:
        raise RouteError(
            f"route {route}: waypoint {number} ({_text(point)}) is {distance:.0f} m "
            f"from the nearest lane of {graph.network.name}; is the route for another town?"
        )


def _through(
    graph: LaneGraph, places: list[list[Place]], against_marks: bool
) -> tuple[list[Run] | None, int]:
    """Choose one place for each waypoint so that the whole way is the cheapest (Viterbi).

    Returns:
        The runs, or None and the number of the waypoint from which there is no way on.
    """
    best: list[tuple[float, list[Run]] | None] = [
        (place.distance * _MISS_COST, []) for place in places[0]
    ]
    for k in range(1, len(places)):
        reached: list[tuple[float, list[Run]] | None] = [None] * len(places[k])
        for place, so_far in zip(places[k - 1], best, strict=True):
            if so_far is None:
                continue
            for j, path in enumerate(graph.paths(place, places[k], against_marks)):
                if path is None:
                    continue
                cost = so_far[0] + path[0] + places[k][j].distance * _MISS_COST
                known = reached[j]
                if known is None or cost < known[0]:
                    reached[j] = (cost, so_far[1] + path[1])
        if all(entry is None for entry in reached):
            return None, k - 1
        best = reached
    finished = [entry for entry in best if entry is not None]
    return min(finished, key=lambda entry: entry[0])[1], len(places) - 1
