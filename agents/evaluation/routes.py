"""Routes by what the user says: a route file, one route of it, a town, or a suite."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from roadworthy.sim.road.route_files import read_routes
from roadworthy.sim.road.routing import plan_route, random_routes

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_network_of, town_names

# Suites: routes a town, drawn from seeds that training never uses.
SUITES = {"quick": 2, "standard": 10}
_SUITE_SEED = 9_000_001
_LENGTHS = (180.0, 450.0)  # [m]


def load_routes(which: str, map_dir: str | Path | None = None) -> list[Route]:
    """Load routes from `FILE` (all of them) or `FILE#ID` (one), or of a suite.

    Raises:
        RouteError: the file or the id does not exist, or a route cannot be driven.
        MapError: a route's town is unknown.
    """
    if which in SUITES:
        return suite_routes(which)
    file, _, wanted = which.partition("#")
    path = Path(file).expanduser()
    if not path.is_file():
        raise RouteError(
            f"there is no route file {file!r} and no suite of that name; "
            f"suites are {', '.join(SUITES)}"
        )
    specs = read_routes(path)
    if wanted:
        ids = [spec.id for spec in specs]
        specs = [spec for spec in specs if spec.id == wanted]
        if not specs:
            raise RouteError(f"route file {file}: there is no route {wanted!r}; it has {ids}")
    routes = []
    networks = {}
    for spec in specs:
        if spec.town not in networks:
            networks = {spec.town: load_network_of(spec.town, map_dir)}
        routes.append(plan_route(networks[spec.town], spec.waypoints, id=spec.id))
    return routes


def random_route(town: str, seed: int, map_dir: str | Path | None = None) -> Route:
    """Draw one route of a town.

    Raises:
        MapError: the town is unknown.
        RouteError: the town has no road long enough.
    """
    network = load_network_of(town, map_dir)
    return random_routes(network, 1, seed, min_length=_LENGTHS[0], max_length=_LENGTHS[1])[0]


def suite_routes(name: str) -> list[Route]:
    """Draw the routes of a suite: the same ones every time."""
    routes: list[Route] = []
    for town in town_names():
        network = load_network_of(town)
        drawn = random_routes(
            network, SUITES[name], _SUITE_SEED, min_length=_LENGTHS[0], max_length=_LENGTHS[1]
        )
        routes += [replace(route, id=f"{town}_{i}") for i, route in enumerate(drawn)]
    return routes
