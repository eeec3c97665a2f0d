"""Standard events: different ones, apart from each other, the same ones for the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from roadworthy.sim.road.route import Route
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.place import SPACING
from roadworthy.sim.scenario.standard import standard_events
from roadworthy.sim.town import Town


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


@pytest.fixture(scope="module")
def route(town: Town) -> Route:
    return random_routes(town.network, 1, 5, min_length=600.0, max_length=900.0)[0]


def test_a_long_route_has_several_kinds_that_keep_apart(town: Town, route: Route) -> None:
    events = standard_events(town.network, route, 3)
    assert 2 <= len(events) <= route.length / 150.0
    assert len({event.kind for event in events}) == len(events)
    assert all(b.s - a.s >= SPACING for a, b in pairwise(events))
    for event in events:
        event.validate(route.length)


def test_the_seed_draws_the_events(town: Town, route: Route) -> None:
    first = standard_events(town.network, route, 3)
    assert standard_events(town.network, route, 3) == first
    assert any(standard_events(town.network, route, seed) != first for seed in range(4, 8))
