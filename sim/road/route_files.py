"""Read route files of the CARLA leaderboard, 1.0 (`<waypoint>`) and 2.x (`<position>`)."""

from __future__ import annotations

import math
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import RouteError
from roadworthy.sim.road.towns import canonical_name

_FARTHEST = 1e6  # [m] no map is as wide, and squares of what is far beyond leave the floats
_DEEPEST = 20  # elements within each other; the leaderboard's files have 3
_LARGEST = 64_000_000  # bytes of a file
Settings = tuple[tuple[str, str], ...]  # attributes of an element, as they are written


@dataclass(frozen=True, slots=True)
class Element:
    """An element that is kept as it is written: a weather, or a scenario with its parts."""

    tag: str
    attributes: Settings
    parts: tuple[Element, ...] = ()


@dataclass(frozen=True, eq=False)
class RouteSpec:
    """One route as a file gives it, before it is planned."""

    id: str
    town: str  # without CARLA's suffix "_Opt"
    waypoints: NDArray[np.float64]  # [n, 3] x, y, z [m]
    yaws: NDArray[np.float64]  # [n] [rad], nan where the file gives none
    weathers: tuple[Element, ...] = ()
    scenarios: tuple[Element, ...] = ()


def read_routes(
    path: str | os.PathLike[str], town_of: Callable[[str], str] = canonical_name
) -> list[RouteSpec]:
    """Read all routes of a file.

    Args:
        path: an .xml file.
        town_of: turns the file's name of a town into ours.

    Raises:
        RouteError: the file cannot be read; the message names the file and the element.
    """
    source = Path(path)
    try:
        with source.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise RouteError(f"{source} has over {_LARGEST:,} bytes; split it")
        root = ET.fromstring(data)
    except OSError as error:
        raise RouteError(
            f"cannot read the route file {source}: {error.strerror or error}"
        ) from None
    except (ET.ParseError, ValueError, LookupError) as error:
        raise RouteError(f"{source} is not well-formed XML ({error}); correct it") from None
    routes = [root] if root.tag == "route" else root.findall(".//route")
    if not routes:
        raise RouteError(f"{source} holds no <route>; its root is <{root.tag}>")
    specs = [_route(element, source, town_of) for element in routes]
    seen: set[str] = set()
    for spec in specs:
        if spec.id in seen:
            raise RouteError(f"{source} holds more than one route with the id {spec.id!r}")
        seen.add(spec.id)
    return specs


def select_route(specs: Sequence[RouteSpec], id: str | None) -> RouteSpec:
    """Return the route with an id; the first one for None.

    Raises:
        RouteError: there is none; the message lists those that exist.
    """
    if not specs:
        raise RouteError("there is no route to choose from")
    if id is None:
        return specs[0]
    for spec in specs:
        if spec.id == str(id):
            return spec
    known = ", ".join(spec.id for spec in specs[:30]) + (", ..." if len(specs) > 30 else "")
    raise RouteError(f"no route has the id {id!r}; there are {known}")


def _route(element: ET.Element, path: Path, town_of: Callable[[str], str]) -> RouteSpec:
    route_id = element.get("id")
    if route_id is None:
        raise RouteError(f"{path}: a <route> has no attribute 'id'; give it one")
    where = f"{path}: <route id='{route_id}'>"
    town = element.get("town") or element.get("map")
    if not town:
        raise RouteError(f"{where} has no attribute 'town'; name the town that it is in")
    points = element.findall("waypoint") or element.findall("waypoints/*")
    if len(points) < 2:
        raise RouteError(f"{where} has {len(points)} waypoints; a route needs at least 2")
    rows, yaws = [], []
    for number, point in enumerate(points):
        at = f"{where}, <{point.tag}> number {number}"
        rows.append([_number(point, name, at) for name in ("x", "y", "z")])
        yaws.append(math.radians(_number(point, "yaw", at)) if point.get("yaw") else math.nan)
    return RouteSpec(
        route_id,
        town_of(town),
        np.array(rows),
        np.array(yaws),
        tuple(_keep(e, where) for e in element.iter("weather")),
        tuple(_keep(e, where) for e in element.iter("scenario")),
    )


def _number(element: ET.Element, name: str, where: str) -> float:
    text = element.get(name)
    if text is None:
        if name == "z":  # older files leave the height out
            return 0.0
        raise RouteError(f"{where} has no attribute {name!r}")
    try:
        value = float(text)
    except ValueError:
        raise RouteError(f"{where}: {name}={text!r} is not a number") from None
    if not math.isfinite(value):
        raise RouteError(f"{where}: {name}={text!r} is not a finite number")
    if abs(value) > _FARTHEST:
        raise RouteError(f"{where}: {name}={text!r} is beyond every map; correct it")
    return value


def _keep(element: ET.Element, where: str, depth: int = 0) -> Element:
    if depth > _DEEPEST:
        raise RouteError(f"{where}: <{element.tag}> is nested over {_DEEPEST} deep; flatten it")
    attributes: Any = tuple(sorted(element.attrib.items()))
    parts = tuple(_keep(child, where, depth + 1) for child in element)
    return Element(element.tag, attributes, parts)
