"""Scenario files: YAML in which users say what is driven; docs/scenarios.md explains them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from roadworthy.sim.errors import EventError, MapError, RoadworthyError, SettingsError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.route_files import read_routes, select_route
from roadworthy.sim.road.routing import plan_route, random_routes
from roadworthy.sim.road.towns import canonical_name
from roadworthy.sim.scenario.compile import build_route
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.scenario import NONE, STANDARD, Scenario, kinds_of
from roadworthy.sim.scenario.spec import Air, Happening, RandomRoutes, Spec, checked
from roadworthy.sim.scenario.yaml_lines import Lined, Place, read_yaml
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.settings import WorldSettings

NetworkOf = Callable[[str], RoadNetwork]


@dataclass(frozen=True, slots=True)
class Entry:
    """One scenario of a file, with where it stands there."""

    spec: Spec
    place: Place
    lined: Lined

    def at(self, key: str) -> Place:
        """Where one of its keys stands: with it, or with the defaults."""
        own = (*self.place, key)
        return own if own in self.lined.lines or not self.place else ("defaults", key)

    @property
    def id(self) -> str:
        """Its id; where it has none, its town's name."""
        return self.spec.id or self.spec.town or "scenario"

    @property
    def ids(self) -> list[str]:
        """Ids of the scenarios that it makes: `ID_0`, `ID_1`, ... where it draws several."""
        drawn = self.spec.route.random if self.spec.route is not None else None
        if drawn is None or drawn.count is None:
            return [self.id]
        return [f"{self.id}_{k}" for k in range(drawn.count)]


def read_scenarios(
    path: str | os.PathLike[str], network_of: NetworkOf, wanted: str | None = None
) -> list[Scenario]:
    """Read the scenarios of a file and plan their routes.

    Args:
        path: a .yaml file.
        network_of: loads the roads of a town by its name.
        wanted: id of the only one to read.

    Raises:
        InputError: the file is not understood; the message names file, line and key.
        MapError: a town is unknown.
    """
    entries = read_entries(path)
    known = [id for entry in entries for id in entry.ids]
    if wanted is not None and wanted not in known:
        shown = ", ".join(known[:30]) + (", ..." if len(known) > 30 else "")
        raise entries[0].lined.error((), f"no scenario has the id {wanted!r}; there are {shown}")
    networks: dict[str, RoadNetwork] = {}

    def cached(name: str) -> RoadNetwork:
        if name not in networks:
            networks[name] = network_of(name)
        return networks[name]

    made: list[Scenario] = []
    for entry in entries:
        if wanted is None or wanted in entry.ids:
            made += [s for s in _scenarios(entry, cached) if wanted in (None, s.id)]
    return made


def read_entries(path: str | os.PathLike[str]) -> list[Entry]:
    """Read a file without planning anything.

    Raises:
        InputError: it is not understood; the message names file, line and key.
    """
    lined = read_yaml(path)
    top = lined.value
    if not isinstance(top, dict):
        raise lined.error((), "a scenario file is a map; begin with 'town:' or 'scenarios:'")
    if "scenarios" not in top:
        return [_complete(Entry(checked(Spec, lined, top, ()), (), lined))]
    for key in top:
        if key not in ("scenarios", "defaults", "about"):
            raise lined.error(
                (key,),
                "beside 'scenarios' stand 'defaults' and 'about' only; move it to 'defaults'",
            )
    if not isinstance(top["scenarios"], list) or not top["scenarios"]:
        raise lined.error(("scenarios",), "must be a list of at least one scenario")
    defaults = checked(Spec, lined, top.get("defaults") or {}, ("defaults",))
    entries = []
    for k, value in enumerate(top["scenarios"]):
        own = checked(Spec, lined, value, ("scenarios", k))
        entries.append(_complete(Entry(own.over(defaults), ("scenarios", k), lined)))
    seen: dict[str, Place] = {}
    for entry in entries:
        for id in entry.ids:
            if id in seen:
                raise lined.error(
                    entry.place,
                    f"the id {id!r} is that of the scenario on line {lined.line(seen[id])} too; "
                    "give each its own 'id'",
                )
            seen[id] = entry.place
    return entries


def about(path: str | os.PathLike[str]) -> str:
    """What a file says of itself under 'about'.

    Raises:
        InputError: it is not understood.
    """
    value = read_yaml(path).value
    return str(value.get("about") or "") if isinstance(value, dict) else ""


def _complete(entry: Entry) -> Entry:
    """Check what a scenario needs beside what each key needs."""
    spec, error = entry.spec, entry.lined.error
    choice = spec.route
    if choice is None:
        raise error(entry.place, "has no 'route'; give it waypoints, random or file")
    given = [n for n in ("waypoints", "random", "file") if getattr(choice, n) is not None]
    if len(given) != 1:
        raise error(
            entry.at("route"),
            f"has {' and '.join(given) or 'nothing'}; give one of waypoints, random and file",
        )
    if spec.town is None and choice.file is None:
        raise error(entry.place, "has no 'town'; name the town that it is in")
    if spec.seed is not None and spec.seeds is not None:
        raise error(entry.at("seeds"), "give either 'seed' or 'seeds'")
    for k, point in enumerate(choice.waypoints or ()):
        if len(point) not in (2, 3):
            raise error(
                (*entry.at("route"), "waypoints", k), "a waypoint is [x, y] or [x, y, z] in m"
            )
    return entry


def _scenarios(entry: Entry, network_of: NetworkOf) -> list[Scenario]:
    """Make the scenarios of one entry."""
    spec = entry.spec
    settings = replace(
        WorldSettings(),
        **{
            name: value
            for group in (spec.traffic, spec.lights, spec.limits)
            for name, value in group
            if value is not None
        },
    )
    try:
        settings.validate()
    except RoadworthyError as error:
        raise entry.lined.error(_named(entry, str(error)), str(error)) from None
    weathers = _weathers(entry)
    if len(weathers) == 1:
        settings, weathers = replace(settings, weather=weathers[0][1]), []
    events, drawn = _events(entry)
    seeds = tuple(spec.seeds or ()) if spec.seed is None else (spec.seed,)
    made = []
    for route, network in _routes(entry, network_of):
        scenario = Scenario(
            route,
            settings,
            events=events,
            drawn=drawn,
            weathers=tuple(weathers),
            seeds=seeds,
            source=entry.lined.file,
        )
        try:
            scenario.validate()
            build_route(network, route, events)
        except EventError as error:
            raise entry.lined.error(entry.at("events"), str(error)) from None
        except RoadworthyError as error:
            raise entry.lined.error(entry.place, str(error)) from None
        made.append(scenario)
    return made


def _named(entry: Entry, sentence: str) -> Place:
    """The key of the settings that a sentence names."""
    for key in ("traffic", "lights", "limits"):
        for name, value in getattr(entry.spec, key):
            if value is not None and sentence.startswith(name):
                place = (*entry.at(key), name)
                return place if place in entry.lined.lines else ("defaults", key, name)
    return entry.place


def _routes(entry: Entry, network_of: NetworkOf) -> list[tuple[Route, RoadNetwork]]:
    choice, town = entry.spec.route, entry.spec.town
    assert choice is not None
    place = entry.at("route")
    if choice.file is not None:
        return [_from_file(entry, choice.file, network_of)]
    assert town is not None
    network = _network(entry, town, network_of)
    try:
        if choice.random is not None:
            return [(route, network) for route in _drawn(entry, choice.random, network)]
        return [(plan_route(network, _tall(choice.waypoints or ()), id=entry.id), network)]
    except RoadworthyError as error:
        raise entry.lined.error(place, str(error)) from None


def _network(entry: Entry, town: str, network_of: NetworkOf) -> RoadNetwork:
    try:
        return network_of(town)
    except MapError as error:
        raise MapError(str(entry.lined.error(entry.at("town"), str(error)))) from None


def _tall(waypoints: Sequence[Sequence[float]]) -> list[list[float]]:
    """Waypoints with a height: those of two numbers lie on the ground."""
    return [[*point, 0.0][:3] for point in waypoints]


def _drawn(entry: Entry, wanted: RandomRoutes, network: RoadNetwork) -> list[Route]:
    low, high = wanted.length
    count = wanted.count or 1
    drawn = random_routes(network, count, wanted.seed, min_length=low, max_length=high)
    return [replace(route, id=id) for route, id in zip(drawn, entry.ids, strict=True)]


def _from_file(entry: Entry, text: str, network_of: NetworkOf) -> tuple[Route, RoadNetwork]:
    """The route of a route file: its way alone, without its weather and events."""
    name, _, wanted = text.partition("#")
    path = Path(entry.lined.file).parent / Path(name).expanduser()
    try:
        spec = select_route(read_routes(path), wanted or None)
    except RoadworthyError as error:
        raise entry.lined.error((*entry.at("route"), "file"), str(error)) from None
    if entry.spec.town is not None and canonical_name(entry.spec.town) != spec.town:
        raise entry.lined.error(
            entry.at("town"), f"is {entry.spec.town}, but the route is in {spec.town}"
        )
    network = _network(entry, spec.town, network_of)
    try:
        id = entry.spec.id or spec.id
        return plan_route(network, spec.waypoints, id=id, yaws=spec.yaws), network
    except RoadworthyError as error:
        raise entry.lined.error((*entry.at("route"), "file"), str(error)) from None


def _weathers(entry: Entry) -> list[tuple[float, Weather]]:
    """Weathers along the route; one for all of it."""
    given, place = entry.spec.weather, entry.at("weather")
    if given is None:
        return [(0.0, Weather())]
    alone = not isinstance(given, list)
    if not isinstance(given, list):
        given = [Air(preset=given) if isinstance(given, str) else given]
    elif not given:
        raise entry.lined.error(place, "is an empty list; leave it out for ClearNoon")
    found: list[tuple[float, Weather]] = []
    for k, air in enumerate(given):
        at = place if alone else (*place, k)
        if air.preset is not None and air.preset not in PRESETS:
            raise entry.lined.error(
                at, f"there is no weather {air.preset!r}; choose one of {', '.join(PRESETS)}"
            )
        if air.route_percentage is None and len(given) > 1:
            raise entry.lined.error(
                at, "has no 'route_percentage'; say where it is reached, 0..100"
            )
        share = (air.route_percentage or 0.0) / 100.0
        if found and share < found[-1][0]:
            raise entry.lined.error(at, "route_percentage must rise from one weather to the next")
        try:
            found.append((share, air.weather()))
        except RoadworthyError as error:
            raise entry.lined.error(at, str(error).removeprefix("weather: ")) from None
    return found


def _events(entry: Entry) -> tuple[tuple[ScenarioEvent, ...], str]:
    """Events at set places, and what is drawn besides."""
    given, place = entry.spec.events, entry.at("events")
    items: list[str | Happening] = [given] if isinstance(given, str) else list(given or ())
    events: list[ScenarioEvent] = []
    names: list[str] = []
    for k, item in enumerate(items):
        at = place if isinstance(given, str) else (*place, k)
        try:
            if isinstance(item, str):
                for kind in kinds_of(item):
                    ScenarioEvent(kind, 0.0).validate()  # is it supported?
                names += [] if item == NONE else [item]
                continue
            kinds = kinds_of(item.kind)
            if len(kinds) != 1:
                raise entry.lined.error(at, f"kind is {item.kind!r}; name one kind of event")
            events.append(ScenarioEvent(kinds[0], item.s, item.params).validate())
        except (EventError, SettingsError) as error:
            raise entry.lined.error(at, str(error)) from None
    if STANDARD in names and len(names) > 1:
        raise entry.lined.error(place, f"'{STANDARD}' draws kinds itself; name no others beside it")
    return tuple(sorted(events, key=lambda event: event.s)), ",".join(names) or NONE
