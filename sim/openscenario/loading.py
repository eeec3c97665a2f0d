"""Load OpenSCENARIO files as scenarios: everything is checked before anything is driven."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from roadworthy.sim.errors import MapError
from roadworthy.sim.openscenario.acting import doings
from roadworthy.sim.openscenario.cast import Driver, Role, controller_of, driver_of, ego_of, roles
from roadworthy.sim.openscenario.conditions import check_of
from roadworthy.sim.openscenario.criteria import criteria_of
from roadworthy.sim.openscenario.document import Document, document_of, read_document
from roadworthy.sim.openscenario.elements import word
from roadworthy.sim.openscenario.opening import Opening
from roadworthy.sim.openscenario.play import ROADS, OscStory
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import Pose, RoadFrame
from roadworthy.sim.openscenario.signals import signal_named
from roadworthy.sim.openscenario.spans import spans_of_file, spans_of_table
from roadworthy.sim.openscenario.surroundings import SetEnvironment
from roadworthy.sim.openscenario.triggers import CRITERIA
from roadworthy.sim.openscenario.way import moves_ego, route_of
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.towns import find_map, load_network_of
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.settings import WorldSettings

_MODEL = "vehicle.lincoln.mkz"  # what the tested agent drives here, as `carla_mkz`
_AGENTS = ("LongitudinalAction", "LateralAction", "SynchronizeAction")


def validate(path: str | os.PathLike[str]) -> Document:
    """Check a scenario file without its town: elements, attributes, references, catalogs.

    Raises:
        OpenScenarioError: something is unknown, unsupported or wrong; the message names file,
            line and element.
    """
    document = read_document(path)
    _check_actions(document)
    return document


def load(path: str | os.PathLike[str], map_dir: str | Path | None = None) -> Scenario:
    """Load a scenario file.

    Args:
        path: an .xosc file of OpenSCENARIO 1.x.
        map_dir: folder with TOWN.xodr files; None takes $ROADWORTHY_MAPS.

    Returns:
        A scenario with the ego's route, the weather at the beginning and the story. Its traffic
        and walkers are those of the file alone.

    Raises:
        OpenScenarioError: the file is wrong, or asks for what this world or town lacks; the
            message names file, line and element.
        MapError: the town's file cannot be compiled.
    """
    return _scenario(validate(path), map_dir, os.fspath(path))


def story_of(texts: Mapping[str, str], network: RoadNetwork) -> OscStory:
    """Make a story again of what `OscStory.source` gave, in its town.

    Raises:
        OpenScenarioError: as `load`.
    """
    document = document_of(texts)
    _check_actions(document)
    roads = RoadFrame(network, lambda: spans_of_table(texts.get(ROADS, "")))
    cast = roles(document)
    return _story(document, roads, cast, ego_of(document, cast))


def _scenario(document: Document, map_dir: str | Path | None, source: str) -> Scenario:
    network, roads = _roads(document, map_dir)
    cast = roles(document)
    ego = ego_of(document, cast)
    opening = Opening.of(document)
    poses = opening.poses(roads)
    _check_places(document, roads, network)
    route = route_of(document, roads, ego, poses)
    settings = WorldSettings(vehicles=0, walkers=0, guests=len(cast) - 1)
    for doing in opening.others:
        if isinstance(doing, SetEnvironment):
            base, place = settings.weather, network.geo_reference
            settings = replace(settings, weather=doing.environment.weather_at(base, 0.0, place))
    story = _story(document, roads, cast, ego)
    missing = _missing(document, cast[ego], story.played)
    return Scenario(route, settings, missing=tuple(missing), story=story, source=source).validate()


def _story(document: Document, roads: RoadFrame, cast: Mapping[str, Role], ego: str) -> OscStory:
    driver, _ = controller_of(document, ego)
    played = driver is not Driver.EXTERNAL and (driver is not None or moves_ego(document, ego))
    return OscStory(document, roads, cast, ego, played)


def _roads(document: Document, map_dir: str | Path | None) -> tuple[RoadNetwork, RoadFrame]:
    node = document.root.child("RoadNetwork").child("LogicFile")
    try:
        path = find_map(document.town, map_dir)
    except MapError as error:
        raise node.fault(str(error)) from None
    network = load_network_of(document.town, map_dir)
    source = path.with_suffix(".xodr")
    found = source if source.is_file() else None
    return network, RoadFrame(network, lambda: spans_of_file(found, network.name))


def _check_actions(document: Document) -> None:
    """Make all actions, conditions and criteria once, so that what cannot be made is told."""
    Opening.of(document)
    cast = roles(document)
    ego_of(document, cast)
    for name in cast:
        controller_of(document, name)
    criteria_of(document.storyboard)
    for node in document.storyboard.walk():
        if node.tag == "Controller":
            driver_of(node)
        elif node.tag == "Condition" and not word(node, "name").startswith(CRITERIA):
            check_of(node, document.left_handed)
        elif node.tag == "ManeuverGroup":
            actors = [word(entry, "entityRef") for entry in node.child("Actors").all("EntityRef")]
            for action in (n for n in node.walk() if n.tag == "Action"):
                doings(action, actors or [""], document.left_handed)


def _check_places(document: Document, roads: RoadFrame, network: RoadNetwork) -> None:
    """Find all places and lights that the town must have."""

    def nobody(name: str, node: Node) -> Pose:
        raise AssertionError(name)

    for node in document.storyboard.walk():
        if node.tag in ("Position", "TargetPosition", "TargetPositionMaster"):
            where = Where.of(node, document.left_handed)
            if where.reference is None:
                where.pose(roads, nobody)
        elif node.tag in ("TrafficSignalStateAction", "TrafficSignalCondition"):
            signal_named(network, node, document.left_handed)


def _missing(document: Document, ego: Role, played: bool) -> Sequence[str]:
    """What the file asks for and does not get, in words."""
    found = []
    if not ego.model.startswith(_MODEL):
        found.append(
            f"{ego.name} is {ego.model} in the file; here the world's own vehicle is driven"
        )
    if played:
        found.append(f"the file drives {ego.name} itself; the agent's controls are not followed")
        return found
    init = document.storyboard.child("Init").child("Actions")
    for private in init.all("Private"):
        if word(private, "entityRef") == ego.name:
            for node in (part for action in private.children for part in action.children):
                if node.tag in _AGENTS and node.children and node.children[0].tag != "SpeedAction":
                    found.append(
                        f"{node.children[0].tag} of {ego.name} (line {node.line}): the agent that "
                        "is tested drives it"
                    )
    return found
