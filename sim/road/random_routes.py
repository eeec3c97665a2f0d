"""Routes at random: the turns of each are drawn as it goes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_geometry import CHANGE_LENGTH, Run, build_route
from roadworthy.sim.road.route_search import LaneGraph

LONGEST = 100_000.0  # [m] of a random route
_END_MARGIN = 10.0  # [m] between the end of a random route and the ends of its last lane
_SHORTEST_START = 12.0  # [m] of a lane that a route begins on
_CHANGE_CHANCE = 0.25  # of a lane change on a stretch of a random route that is long enough


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
    check_lengths(min_length, max_length)
    graph, turns = LaneGraph(network), turns_of(network)
    outside, weights = starts_of(network)
    routes = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        for _ in range(200):
            start = int(rng.choice(outside, p=weights))
            runs = wander(graph, turns, start, float(rng.uniform(min_length, max_length)), rng)
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


def check_lengths(shortest: float, longest: float) -> None:
    """Refuse lengths [m] that no route has.

    Raises:
        RouteError: they are not in order, too short to be driven, or too long to be drawn.
    """
    if not 5.0 <= shortest <= longest <= LONGEST:
        raise RouteError(
            f"routes from {shortest:g} to {longest:g} m make no sense; they may have from 5 m to "
            f"{LONGEST / 1000.0:.0f} km"
        )


def starts_of(network: RoadNetwork) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the lanes that a route may begin on, and how likely each is: as it is long.

    Raises:
        RouteError: there is none.
    """
    outside = np.flatnonzero(
        (network.lane_type == LaneType.DRIVING)
        & (network.lane_junction < 0)
        & (network.lane_length > _SHORTEST_START)
    )
    if len(outside) == 0:
        raise RouteError(f"{network.name} has no lane outside of junctions to begin a route on")
    return outside, network.lane_length[outside] / network.lane_length[outside].sum()


def turns_of(network: RoadNetwork) -> NDArray[np.int64]:
    """Return of each lane whether it goes straight on (0), left (-1) or right (1)."""
    first, last = network.lane_start[:-1], network.lane_start[1:] - 1
    change = network.points[last, Point.YAW] - network.points[first, Point.YAW]
    return (np.sign(change) * (np.abs(change) > math.radians(35))).astype(np.int64)


def wander(
    graph: LaneGraph,
    turns: NDArray[np.int64],
    lane: int,
    length: float,
    rng: np.random.Generator,
    via: Sequence[int] = (),
) -> list[Run] | None:
    """Drive at random until the length is reached; None where the way ends before.

    Args:
        graph: the town's lanes.
        turns: of each lane, see `turns_of`.
        lane: where to begin.
        length: [m] to drive.
        rng: what is drawn from.
        via: lanes to follow first, one after the other.
    """
    runs: list[Run] = []
    ordered = list(via)
    begin = float(rng.uniform(0.0, 1.0 - 6.0 / graph.lengths[lane]))
    while True:
        lanes = [lane]
        room = (1.0 - begin) * graph.lengths[lane]
        others = graph.neighbours(lane, against_marks=False)
        if not ordered and others and room > 2 * CHANGE_LENGTH and rng.random() < _CHANGE_CHANCE:
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
        if ordered:
            lane = ordered.pop(0)
            continue
        following = graph.successors[lane]
        if not following:
            return None
        # Every kind of turn is as likely as the others, however many lanes take it.
        kinds = sorted({int(turns[f]) for f in following})
        kind = kinds[int(rng.integers(len(kinds)))]
        choices = [f for f in following if turns[f] == kind]
        lane = choices[int(rng.integers(len(choices)))]
