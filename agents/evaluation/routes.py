"""Routes by what the user says: a route file, one route of it, a town, or a suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_files import read_routes, select_route
from roadworthy.sim.road.routing import plan_route, random_routes
from roadworthy.sim.road.towns import HELD_OUT_TOWN, TRAINING_TOWNS, load_network_of

HELD_OUT = HELD_OUT_TOWN
SHIPPED_TOWNS = ("Rivertown", "Hillcrest", "Marlow", "Ringford", "Carriden")
CARLA_TOWNS = ("Town01", "Town02", "Town03", "Town04", "Town10HD")
# Suites: how many routes of which town.
SUITES: dict[str, dict[str, int]] = {
    "quick": {HELD_OUT_TOWN: 4},
    "held-out": {HELD_OUT_TOWN: 20},
    "standard": dict.fromkeys((HELD_OUT_TOWN, *TRAINING_TOWNS), 10),
    "towns": dict.fromkeys(SHIPPED_TOWNS, 20),
    "carla": dict.fromkeys(CARLA_TOWNS, 20),  # their maps must be given
}
_SUITE_SEED = 9_000_001  # training draws its routes from small seeds
_LENGTHS = (180.0, 450.0)  # [m]
_LONGER = {"towns": (300.0, 800.0), "carla": (300.0, 800.0)}  # [m] of suites that differ


def load_routes(which: str, map_dir: str | Path | None = None) -> list[Route]:
    """Load routes from `FILE` (all of them) or `FILE#ID` (one), or of a suite.

    Raises:
        RouteError: the file or the id does not exist, or a route cannot be driven.
        MapError: a route's town is unknown.
    """
    if which in SUITES:
        return suite_routes(which, map_dir)
    file, _, wanted = which.partition("#")
    path = Path(file).expanduser()
    if not path.is_file():
        raise RouteError(
            f"there is no route file {file!r} and no suite of that name; "
            f"suites are {', '.join(SUITES)}"
        )
    specs = read_routes(path)
    if wanted:
        specs = [select_route(specs, wanted)]
    routes = []
    networks: dict[str, RoadNetwork] = {}
    for spec in specs:
        if spec.town not in networks:
            networks = {spec.town: load_network_of(spec.town, map_dir)}
        routes.append(plan_route(networks[spec.town], spec.waypoints, id=spec.id, yaws=spec.yaws))
    return routes


def random_route(town: str, seed: int, map_dir: str | Path | None = None) -> Route:
    """Draw one route of a town.

    Raises:
        MapError: the town is unknown.
        RouteError: the town has no road long enough.
    """
    network = load_network_of(town, map_dir)
    try:
        return random_routes(network, 1, seed, min_length=_LENGTHS[0], max_length=_LENGTHS[1])[0]
    except RouteError:  # a very small map
        return random_routes(network, 1, seed, min_length=30.0, max_length=_LENGTHS[0])[0]


def suite_routes(name: str, map_dir: str | Path | None = None) -> list[Route]:
    """Draw the routes of a suite: the same ones every time.

    Raises:
        MapError: a town of the suite is neither shipped nor in `map_dir`.
    """
    routes: list[Route] = []
    low, high = _LONGER.get(name, _LENGTHS)
    for town, count in SUITES[name].items():
        network = load_network_of(town, map_dir)
        drawn = random_routes(network, count, _SUITE_SEED, min_length=low, max_length=high)
        routes += [replace(route, id=f"{town}_{i}") for i, route in enumerate(drawn)]
    return routes
