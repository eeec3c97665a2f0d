from __future__ import annotations

import pytest

from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town


@pytest.fixture(scope="session")
def rivertown() -> Town:
    """A shipped town: needs neither data nor a carla wheel."""
    return load_town("Rivertown")


@pytest.fixture(scope="session")
def river_routes(rivertown: Town) -> RouteSet:
    return RouteSet.of(random_routes(rivertown.network, 24, 5))
