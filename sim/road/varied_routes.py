"""Routes for examinations: turns, kinds of junctions and lengths as evenly as the town allows.

Routes drawn at random meet what a town is full of; a rare thing, such as a left turn from a stop
sign, hardly ever. Here each route is the best of some candidates: the one that passes most of
what its predecessors passed least, on lanes that they drove least. Half of the candidates are led
through the rarest of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import LaneType, RoadNetwork
from roadworthy.sim.road.random_routes import check_lengths, starts_of, turns_of, wander
from roadworthy.sim.road.ring import ring_lanes_of
from roadworthy.sim.road.route import Route, RoutePoint
from roadworthy.sim.road.route_geometry import Run, build_route
from roadworthy.sim.road.route_search import LaneGraph

BANDS = 4  # the lengths are drawn from so many bands in turn
ROUNDABOUT = 4  # beside the values of Control
_CANDIDATES = 12  # for each route
_TRIES = 60  # to find so many
_NEW_LANE = 0.2  # worth of a route on lanes that none drove before, in passages of a new kind
_APPROACH = 15.0  # [m] of road that a route needs before the junction it is led through

Passage = tuple[int, int]  # Turn, and Control or ROUNDABOUT


def varied_routes(
    network: RoadNetwork,
    count: int,
    seed: int,
    *,
    min_length: float = 150.0,
    max_length: float = 600.0,
) -> list[Route]:
    """Draw routes that cover turns, kinds of junctions and lengths evenly.

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
    sampler = _Sampler(network)
    seen: Counter[Passage] = Counter()
    driven: Counter[int] = Counter()  # lanes
    routes = []
    for number in range(count):
        rng = np.random.default_rng([seed, number, 1])
        band = number % BANDS
        width = (max_length - min_length) / BANDS
        low = min_length + band * width
        candidates = sampler.candidates(rng, low, low + width, seen, driven)
        ranked = sorted(candidates, key=lambda runs: -sampler.worth(runs, seen, driven))
        for runs in ranked:
            route = build_route(network, runs, f"{network.name}-varied-{seed}-{number}")
            if min_length <= route.length <= max_length:
                routes.append(route)
                seen.update(sampler.passages(runs))
                driven.update(lane for run in runs for lane in run.lanes)
                break
        else:
            raise RouteError(
                f"{network.name} has no route of {low:.0f} to {low + width:.0f} m "
                f"({_TRIES} tries); ask for shorter ones"
            )
    return routes


def passages_of(network: RoadNetwork, routes: Sequence[Route]) -> list[list[Passage]]:
    """Return of each route the junctions that it passes: the turn, and what controls it."""
    sampler = _Sampler(network)
    lanes = [route.points[:, RoutePoint.LANE].astype(int).tolist() for route in routes]
    return [sampler.along(list(dict.fromkeys(driven))) for driven in lanes]


class _Sampler:
    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.graph = LaneGraph(network)
        self.turns = turns_of(network)
        self.ring = ring_lanes_of(network)
        driving = network.lane_type == LaneType.DRIVING
        self.inside = (driving & (network.lane_junction >= 0)).tolist()
        self.starts, self.weights = starts_of(network)
        self.entries: dict[Passage, list[tuple[int, int]]] = {}  # approach and junction lane
        for lane in self.starts.tolist():
            for entry in self.graph.successors[lane]:
                far = network.lane_length[lane] > _APPROACH and lane not in self.ring
                if self.inside[entry] and far:
                    self.entries.setdefault(self._kind(entry), []).append((lane, entry))

    def _kind(self, lane: int) -> Passage:
        if lane in self.ring or any(f in self.ring for f in self.graph.successors[lane]):
            return 0, ROUNDABOUT
        return int(self.network.lane_turn[lane]), int(self.network.lane_control[lane])

    def along(self, lanes: Sequence[int]) -> list[Passage]:
        """Return the junctions passed along lanes; one way through a junction counts once."""
        found: list[Passage] = []
        before = -1
        for lane in lanes:
            enters = self.inside[lane] and not (before >= 0 and self.inside[before])
            if enters and before not in self.ring:  # a roundabout counts where it is entered
                found.append(self._kind(lane))
            before = lane
        return found

    def passages(self, runs: Sequence[Run]) -> list[Passage]:
        return self.along([lane for run in runs for lane in run.lanes])

    def worth(self, runs: Sequence[Run], seen: Counter[Passage], driven: Counter[int]) -> float:
        """Return how much a route adds: whatever was met or driven before counts less."""
        total, known = 0.0, Counter(seen)
        for passage in self.passages(runs):
            known[passage] += 1
            total += 1.0 / known[passage]
        lanes = [lane for run in runs for lane in run.lanes]
        return total + _NEW_LANE * sum(1.0 / (1 + driven[lane]) for lane in lanes) / len(lanes)

    def candidates(
        self,
        rng: np.random.Generator,
        low: float,
        high: float,
        seen: Counter[Passage],
        driven: Counter[int],
    ) -> list[list[Run]]:
        found: list[list[Run]] = []
        rare = sorted(self.entries, key=lambda kind: (seen[kind], kind))
        for attempt in range(_TRIES):
            length = float(rng.uniform(low, high))
            via: Sequence[int] = ()
            if rare and attempt % 2 == 0:
                choices = self.entries[rare[0] if attempt % 4 == 0 else rare[attempt % len(rare)]]
                least = min(driven[entry] for _, entry in choices)
                choices = [choice for choice in choices if driven[choice[1]] == least]
                start, entry = choices[int(rng.integers(len(choices)))]
                via = (entry,)
            else:
                start = int(rng.choice(self.starts, p=self.weights))
            runs = wander(self.graph, self.turns, start, length, rng, via)
            if runs is not None:
                found.append(runs)
            if len(found) == _CANDIDATES:
                break
        return found
