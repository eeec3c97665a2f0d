"""Scenarios by what the user says: a file, one scenario of it, a suite, or a town."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from roadworthy.sim.errors import MapError, RouteError, SettingsError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_files import RouteSpec, read_routes, select_route
from roadworthy.sim.road.routing import plan_route, random_routes
from roadworthy.sim.road.towns import HELD_OUT_TOWN, load_network_of
from roadworthy.sim.scenario.scenario import NONE, Scenario
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.settings import WorldSettings

HELD_OUT = HELD_OUT_TOWN
SUITE_FOLDER = Path(__file__).parents[1] / "suites"
YAML, XML, OPENSCENARIO = (".yaml", ".yml"), (".xml",), (".xosc",)
_LENGTHS = (180.0, 450.0)  # [m]


def suite_names() -> list[str]:
    """Names of the shipped suites, the small ones first."""
    first = ["ci", "quick", "held-out", "standard", "towns"]
    names = sorted(path.stem for path in SUITE_FOLDER.glob("*.yaml"))
    return sorted(names, key=lambda name: first.index(name) if name in first else len(first))


def suite_file(name: str) -> Path:
    """The file of a shipped suite.

    Raises:
        SettingsError: there is no such suite.
    """
    if name not in suite_names():
        raise SettingsError(f"there is no suite {name!r}; there are {', '.join(suite_names())}")
    return SUITE_FOLDER / f"{name}.yaml"


def load_scenarios(which: str, map_dir: str | Path | None = None) -> list[Scenario]:
    """Load the scenarios of a suite or a file, all (`FILE`) or one (`FILE#ID`).

    Args:
        which: a suite's name; a scenario file (.yaml), a route file of the leaderboard (.xml) or
            an OpenSCENARIO file (.xosc).
        map_dir: folder with further TOWN.xodr files; None takes $ROADWORTHY_MAPS.

    Raises:
        InputError: the file is not understood.
        MapError: a town is unknown.
        RouteError: the file or the id does not exist, or a route cannot be driven.
    """
    name, _, wanted = which.partition("#")
    if name in suite_names():
        path, source = suite_file(name), name
    else:
        path, source = Path(name).expanduser(), name
        if not path.is_file():
            raise RouteError(
                f"there is no route file {name!r} and no suite of that name; "
                f"suites are {', '.join(suite_names())}"
            )
    suffix = path.suffix.lower()
    if suffix in YAML:
        from roadworthy.sim.scenario.files import read_scenarios

        found = read_scenarios(path, lambda town: load_network_of(town, map_dir), wanted or None)
        return [replace(scenario, source=source) for scenario in found]
    if suffix in OPENSCENARIO:
        return _openscenario(path, map_dir)
    return _route_file(path, wanted, map_dir)


def load_routes(which: str, map_dir: str | Path | None = None) -> list[Route]:
    """The routes alone of what `load_scenarios` loads."""
    return [scenario.route for scenario in load_scenarios(which, map_dir)]


def suite_routes(name: str, map_dir: str | Path | None = None) -> list[Route]:
    """The routes of a suite: the same ones every time.

    Raises:
        MapError: a town of the suite is neither shipped nor in `map_dir`.
        SettingsError: there is no such suite.
    """
    suite_file(name)
    return load_routes(name, map_dir)


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


def overridden(
    scenario: Scenario,
    *,
    vehicles: int | None = None,
    walkers: int | None = None,
    weather: Weather | None = None,
    events: str | None = None,
) -> Scenario:
    """A scenario with what a user says besides; None leaves what the scenario says.

    Args:
        scenario: as its file has it.
        vehicles: in the traffic.
        walkers: around the ego.
        weather: for the whole way.
        events: drawn ones (see `Scenario.drawn`) instead of all that the scenario has.

    Raises:
        SettingsError: a number makes no world, or there is no such event.
    """
    settings = scenario.settings
    if vehicles is not None:
        settings = replace(settings, vehicles=vehicles)
    if walkers is not None:
        settings = replace(settings, walkers=walkers)
    if weather is not None:
        settings, scenario = replace(settings, weather=weather), replace(scenario, weathers=())
    if events is not None:
        scenario = replace(scenario, events=(), drawn=events or NONE)
    return replace(scenario, settings=settings).validate()


def _route_file(path: Path, wanted: str, map_dir: str | Path | None) -> list[Scenario]:
    """Scenarios of a route file of the leaderboard."""
    from roadworthy.sim.scenario.leaderboard import scenario_of

    specs = read_routes(path)
    if wanted:
        specs = [select_route(specs, wanted)]
    networks = _networks(path, specs, map_dir)
    found = []
    for spec in specs:
        network = networks[spec.town]
        route = plan_route(network, spec.waypoints, id=spec.id, yaws=spec.yaws)
        found.append(scenario_of(spec, route, network, WorldSettings(), str(path)))
    return found


def _networks(
    path: Path, specs: Sequence[RouteSpec], map_dir: str | Path | None
) -> dict[str, RoadNetwork]:
    """The roads of all towns of a file; a town that is missing is told with its routes."""
    networks: dict[str, RoadNetwork] = {}
    for town in dict.fromkeys(spec.town for spec in specs):
        try:
            networks[town] = load_network_of(town, map_dir)
        except MapError as error:
            ids = [spec.id for spec in specs if spec.town == town]
            shown = ", ".join(ids[:8]) + (", ..." if len(ids) > 8 else "")
            raise MapError(
                f"{path}: {'routes' if len(ids) > 1 else 'route'} {shown}: {error}"
            ) from None
    return networks


def _openscenario(path: Path, map_dir: str | Path | None) -> list[Scenario]:
    from roadworthy.sim.openscenario import load

    return [load(path, map_dir)]
