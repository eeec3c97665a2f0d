"""Plan routes: through given waypoints, or at random."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.nearest import nearest_point
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_geometry import CHANGE_LENGTH, Run, build_route
from roadworthy.sim.road.route_search import LaneGraph, Place

__all__ = ["nearest_point", "plan_route", "random_routes"]

REACH = 12.0  # [m] that a waypoint may lie beside the nearest driving lane
_SLACKS = (0.8, 4.5)  # [m] lanes that a waypoint may mean: first overlapping, then adjacent ones
_MISS_COST = 8.0  # [m] of detour that a metre between waypoint and lane is worth
_END_MARGIN = 10.0  # [m] between the end of a random route and the ends of its last lane
_CHANGE_CHANCE = 0.25  # of a lane change on a stretch of a random route that is long enough


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
        f"({_text(points[reached])}) to waypoint {reached + 1} ({_text(points[reached + 1])}); "
        "one of them may lie on a lane of the other direction"
    )


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


def random_routes(
    network: RoadNetwork,
    count: int,
    seed: int,
    *,
    min_length: float = 150.0,
    max_length: float = 600.0,
) -> list[Route]:
    """Draw routes: random starts, random turns, lane changes where there is room.

    Args:
        network: the town's roads.
        count: how many.
        seed: the same seed gives the same routes; the first n of more are the same, too.
        min_length: [m].
        max_length: [m].

    Raises:
        RouteError: the town has no way of that length.
    """
    if not 5.0 <= min_length <= max_length:
        raise RouteError(f"routes from {min_length} to {max_length} m make no sense")
    graph = LaneGraph(network)
    outside = np.nonzero(
        (network.lane_type == LaneType.DRIVING)
        & (network.lane_junction < 0)
        & (network.lane_length > 12.0)
    )[0]
    if len(outside) == 0:
        raise RouteError(f"{network.name} has no lane outside of junctions to begin a route on")
    weights = network.lane_length[outside] / network.lane_length[outside].sum()
    turns = _turns(network)
    routes = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        for _ in range(200):
            start = int(rng.choice(outside, p=weights))
            runs = _wander(graph, turns, start, float(rng.uniform(min_length, max_length)), rng)
            if runs is not None:
                route = build_route(network, runs, f"{network.name}-{seed}-{number}")
                if min_length <= route.length <= max_length:
                    routes.append(route)
                    break
        else:
            raise RouteError(
                f"{network.name} has no route of {min_length:.0f} to {max_length:.0f} m "
                "(200 tries); ask for shorter ones"
            )
    return routes


def _turns(network: RoadNetwork) -> NDArray[np.int64]:
    """Return of each lane whether it goes straight on (0), left (-1) or right (1)."""
    first, last = network.lane_start[:-1], network.lane_start[1:] - 1
    change = network.points[last, Point.YAW] - network.points[first, Point.YAW]
    return (np.sign(change) * (np.abs(change) > math.radians(35))).astype(np.int64)


def _wander(
    graph: LaneGraph,
    turns: NDArray[np.int64],
    lane: int,
    length: float,
    rng: np.random.Generator,
) -> list[Run] | None:
    """Drive at random until the length is reached; None where the way ends before."""
    runs: list[Run] = []
    begin = float(rng.uniform(0.0, 1.0 - 6.0 / graph.lengths[lane]))
    while True:
        lanes = [lane]
        room = (1.0 - begin) * graph.lengths[lane]
        others = graph.neighbours(lane, against_marks=False)
        if others and room > 2 * CHANGE_LENGTH and rng.random() < _CHANGE_CHANCE:
            lane = others[int(rng.integers(len(others)))]
            lanes.append(lane)
        if length <= room and graph.network.lane_junction[lane] < 0 and room > 2 * _END_MARGIN:
            # End clear of the junctions, their crosswalks and their stop lines.
            ahead = min(max(length, _END_MARGIN), room - _END_MARGIN)
            lanes = lanes[:1] if ahead < CHANGE_LENGTH else lanes
            runs.append(Run.along(tuple(lanes), begin, begin + ahead / graph.lengths[lanes[0]]))
            return runs
        runs.append(Run.along(tuple(lanes), begin, 1.0))
        length, begin = length - room, 0.0
        following = graph.successors[lane]
        if not following:
            return None
        # Every kind of turn is as likely as the others, however many lanes take it.
        kinds = sorted({int(turns[f]) for f in following})
        kind = kinds[int(rng.integers(len(kinds)))]
        choices = [f for f in following if turns[f] == kind]
        lane = choices[int(rng.integers(len(choices)))]
