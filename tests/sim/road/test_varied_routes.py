from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import Control, RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.routing import plan_route, random_routes, varied_routes
from roadworthy.sim.road.towns import load_network_of
from roadworthy.sim.road.varied_routes import BANDS, ROUNDABOUT, passages_of

Towns = Callable[[str], RoadNetwork]
MARLOW = load_network_of("Marlow")


def passed(network: RoadNetwork, routes: list[Route]) -> Counter[tuple[int, int]]:
    return Counter(p for row in passages_of(network, routes) for p in row)


def test_varied_routes_pass_every_kind_of_junction_in_every_direction() -> None:
    routes = varied_routes(MARLOW, 40, 3)
    seen = passed(MARLOW, routes)
    inside = MARLOW.lane_junction >= 0
    there = {
        (int(turn), int(control))
        for turn, control, junction, kind in zip(
            MARLOW.lane_turn, MARLOW.lane_control, inside, MARLOW.lane_type, strict=True
        )
        if junction and kind == 0
    }
    assert set(seen) == there
    assert max(seen.values()) < 3 * min(seen.values())
    at_random = passed(MARLOW, random_routes(MARLOW, 40, 3))
    assert min(at_random[kind] for kind in there) < min(seen.values()) / 2


def test_varied_routes_cover_the_lengths_evenly() -> None:
    lengths = [route.length for route in varied_routes(MARLOW, 40, 1)]
    counts, _ = np.histogram(lengths, BANDS, (150, 600))
    assert counts.min() >= 6


def test_varied_routes_keep_their_seed_and_their_beginning() -> None:
    routes = varied_routes(MARLOW, 12, 5, min_length=100, max_length=300)
    again = varied_routes(MARLOW, 7, 5, min_length=100, max_length=300)
    for old, new in zip(routes, again, strict=False):
        assert np.array_equal(old.points, new.points)
    other = varied_routes(MARLOW, 7, 6, min_length=100, max_length=300)
    assert not np.array_equal(other[0].points, again[0].points)


@pytest.mark.parametrize("town", ["Town03", "Town04"])
def test_varied_routes_of_carlas_towns_reach_what_random_ones_miss(
    town: str, real_town: Towns
) -> None:
    network = real_town(town)
    seen = passed(network, varied_routes(network, 24, 3))
    rare = (0, ROUNDABOUT) if town == "Town03" else (-1, Control.STOP)
    assert seen[rare] >= 8
    assert passed(network, random_routes(network, 24, 3))[rare] < 4


def test_a_length_that_a_town_does_not_have_is_refused() -> None:
    with pytest.raises(RouteError, match="make no sense"):
        varied_routes(MARLOW, 1, 0, min_length=300, max_length=200)


def linked(*chains: tuple[int, ...]) -> RoadNetwork:
    """Return Rivertown with these links between its lanes and no others."""
    network = load_network_of("Rivertown")
    links: list[list[int]] = [[] for _ in range(network.n_lanes)]
    for chain in chains:
        for before, after in pairwise(chain):
            links[before].append(after)
    return dataclasses.replace(
        network,
        successor_start=np.cumsum([0, *map(len, links)]).astype(np.int32),
        successors=np.array([lane for row in links for lane in row], np.int32),
    )


def test_a_route_that_is_not_drivable_is_refused_with_the_reason() -> None:
    network = load_network_of("Rivertown")
    driving = (network.lane_type == 0) & (network.lane_junction < 0) & (network.lane_length > 60)
    a, b, c, d = np.flatnonzero(driving)[[0, 4, 8, 12]].tolist()
    middle = {lane: network.lane_points(lane)[30, :3] for lane in (a, b, c, d)}

    def refused(town: RoadNetwork, *lanes: int, match: str) -> None:
        with pytest.raises(RouteError, match=match):
            plan_route(town, np.stack([middle[lane] for lane in lanes]), id="r")

    two = linked((a, b), (c, d))
    assert plan_route(two, np.stack([middle[a], middle[b]])).length > 30
    refused(two, a, c, match=r"route r: .* waypoint 0 .*waypoint 1 .*no lanes connect the two")
    refused(two, a, b, d, match=r"waypoint 1 .*waypoint 2 .*leads nowhere; end the route there")
    refused(linked((a, b, c)), b, a, match=r"waypoint 0 .*against the direction of its lanes")
