"""Read the structure of an OpenDRIVE file: roads, lane sections, signals, controllers, junctions.

Geometry is not read here: CARLA's own parser does that (see `sample`). This module finds out what
there is to sample, refuses files on which that parser is known to give up, and reads what the
parser keeps to itself (speed limits of roads, controllers, the geographic reference).
"""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from roadworthy.sim.errors import MapError

MAX_FILE_BYTES = 400_000_000  # ten times the largest CARLA town (Town12)
MAX_LANE_METRES = 20_000_000.0  # keeps the sampled points below about 1 GB
_TO_MPS = {"m/s": 1.0, "km/h": 1.0 / 3.6, "mph": 0.44704}


@dataclass(frozen=True, slots=True)
class LaneSpec:
    """One lane of one lane section."""

    id: int
    type: str  # as written in the file, lower case
    speed: float  # [m/s], nan where the file gives none


@dataclass(frozen=True, slots=True)
class SectionSpec:
    """One lane section, from `begin` to `end` along its road [m]."""

    index: int
    begin: float
    end: float
    lanes: tuple[LaneSpec, ...]


@dataclass(frozen=True, slots=True)
class RoadSpec:
    """One road."""

    id: int
    length: float  # [m]
    junction: int  # OpenDRIVE id, -1 outside of junctions
    sections: tuple[SectionSpec, ...]
    urban: bool  # its type is "town"
    speeds: tuple[tuple[float, float], ...]  # from s [m] on, limit [m/s] (nan: not given)

    def speed_at(self, s: float) -> float:
        """Return the speed limit at s [m/s]; nan where the file gives none."""
        limit = math.nan
        for begin, value in self.speeds:
            if begin <= s + 1e-6:
                limit = value
        return limit


@dataclass(frozen=True, slots=True)
class Stencil:
    """The word STOP painted on a road."""

    id: str
    road: int
    s: float  # [m] along the road
    t: float  # [m] to the left of its reference line


@dataclass(frozen=True, slots=True)
class MapSpec:
    """What one OpenDRIVE file says, short of its geometry."""

    roads: tuple[RoadSpec, ...]
    junctions: tuple[int, ...]  # OpenDRIVE ids, in the file's order
    controller_of: dict[str, str]  # signal id -> controller id
    junction_of_controller: dict[str, int]  # where the file says so
    vendor: str  # of the editor that wrote it
    geo_reference: tuple[float, float]  # latitude, longitude [degrees]
    priorities: frozenset[tuple[int, int]]  # ids of roads: the first goes before the second
    stop_stencils: tuple[Stencil, ...]


def _number(element: ET.Element, name: str, path: Path, default: float | None = None) -> float:
    text = element.get(name)
    where = f"{path}: <{element.tag} id={element.get('id')!r}>"
    if text is None:
        if default is not None:
            return default
        raise MapError(f"{where} has no attribute {name!r}; export the map again")
    try:
        value = float(text)
    except ValueError:
        raise MapError(f"{where}: {name}={text!r} is not a number; correct it") from None
    if not math.isfinite(value):
        raise MapError(f"{where}: {name}={text!r} is not a finite number; correct it")
    return value


def _integer(element: ET.Element, name: str, path: Path) -> int:
    value = _number(element, name, path)
    if value != int(value) or abs(value) > 2**31 - 1:
        raise MapError(
            f"{path}: <{element.tag}> has {name}={element.get(name)!r}; CARLA's parser takes "
            "whole numbers below 2^31 only; renumber it"
        )
    return int(value)


def read_text(path: Path) -> str:
    """Read an OpenDRIVE file.

    Raises:
        MapError: it is missing, no file, empty, huge, or not text.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise MapError(f"{path} is not a file; give the path of an OpenDRIVE file (.xodr)")
        if size > MAX_FILE_BYTES:
            raise MapError(
                f"{path} has {size / 1e6:.0f} MB; maps above {MAX_FILE_BYTES / 1e6:.0f} MB "
                "are not read; cut it into smaller towns"
            )
        data = path.read_bytes()
    except OSError as error:
        raise MapError(f"cannot read the map {path}: {error.strerror or error}") from None
    if not data.strip():
        raise MapError(f"{path} is empty; it should be an OpenDRIVE file (.xodr)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse(text: str, path: Path) -> MapSpec:
    """Read the structure of an OpenDRIVE text; `path` is named in errors.

    Raises:
        MapError: it is no OpenDRIVE, holds no driving lane, or numbers in it are broken.
    """
    try:
        root = ET.fromstring(text.encode("utf-8") if "encoding=" in text[:200] else text)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise MapError(
            f"{path} is not well-formed XML ({error}); export or download the map again"
        ) from None
    for element in root.iter():  # some exporters put OpenDRIVE into a namespace
        if isinstance(element.tag, str) and "}" in element.tag:
            element.tag = element.tag.split("}", 1)[1]
    if root.tag != "OpenDRIVE":
        raise MapError(
            f"{path} has the root element <{root.tag}>, not <OpenDRIVE>; it is another kind of file"
        )
    roads = tuple(_road(element, path) for element in root.findall("road"))
    lanes = [lane for r in roads for s in r.sections for lane in s.lanes if lane.type == "driving"]
    if not lanes:
        raise MapError(f"{path} has no lane of type 'driving'; there is nothing to drive on")
    total = sum((s.end - s.begin) * len(s.lanes) for r in roads for s in r.sections)
    if total > MAX_LANE_METRES:
        raise MapError(f"{path} has {total / 1000:.0f} km of lanes; cut it into smaller towns")
    controller_of: dict[str, str] = {}
    for controller in root.findall("controller"):
        for control in controller.findall("control"):
            controller_of.setdefault(control.get("signalId", ""), controller.get("id", ""))
    junctions = root.findall("junction")
    ids = tuple(_integer(junction, "id", path) for junction in junctions)
    owner = {
        controller.get("id", ""): number
        for junction, number in zip(junctions, ids, strict=True)
        for controller in junction.findall("controller")
    }
    priorities = frozenset(
        (_integer(entry, "high", path), _integer(entry, "low", path))
        for junction in junctions
        for entry in junction.findall("priority")
        if entry.get("high") and entry.get("low")
    )
    header = root.find("header")
    vendor = header.get("vendor", "") if header is not None else ""
    return MapSpec(
        roads,
        ids,
        controller_of,
        owner,
        vendor,
        _geo_reference(root),
        priorities,
        _stencils(root, path),
    )


def _road(element: ET.Element, path: Path) -> RoadSpec:
    number, length = _integer(element, "id", path), _number(element, "length", path)
    if length < 0:
        raise MapError(f"{path}: <road id='{number}'> has the negative length {length}")
    if element.find("planView/geometry") is None:
        raise MapError(f"{path}: <road id='{number}'> has no <geometry>; export the map again")
    sections = element.findall("lanes/laneSection")
    if not sections:
        raise MapError(f"{path}: <road id='{number}'> has no <laneSection>; export the map again")
    begins = [_number(section, "s", path) for section in sections]
    if any(b > a for b, a in pairwise(begins)) or begins[0] < 0:
        raise MapError(f"{path}: the lane sections of <road id='{number}'> are out of order")
    ends = [*begins[1:], length]
    specs = []
    for index, (section, begin, end) in enumerate(zip(sections, begins, ends, strict=True)):
        lanes = [
            LaneSpec(
                _integer(lane, "id", path), lane.get("type", "none").lower(), _lane_speed(lane)
            )
            for lane in section.iter("lane")
        ]
        specs.append(SectionSpec(index, begin, end, tuple(x for x in lanes if x.id != 0)))
    speeds = tuple(
        (_number(kind, "s", path, 0.0), _speed(kind.find("speed")))
        for kind in element.findall("type")
    )
    urban = any(kind.get("type") == "town" for kind in element.findall("type"))
    junction = _integer(element, "junction", path) if element.get("junction") else -1
    return RoadSpec(number, length, junction, tuple(specs), urban, speeds)


def _stencils(root: ET.Element, path: Path) -> tuple[Stencil, ...]:
    return tuple(
        Stencil(
            thing.get("id", ""),
            _integer(road, "id", path),
            _number(thing, "s", path),
            _number(thing, "t", path),
        )
        for road in root.findall("road")
        for thing in road.findall("objects/object")
        if thing.get("name", "").startswith("Stencil_STOP")
    )


def _speed(element: ET.Element | None) -> float:
    if element is None:
        return math.nan
    try:
        value = float(element.get("max", "nan"))
    except ValueError:  # the standard also allows "no limit" and "undefined"
        return math.nan
    limit = value * _TO_MPS.get(element.get("unit") or "m/s", 1.0)
    return limit if limit > 0 else math.nan


def _lane_speed(lane: ET.Element) -> float:
    return _speed(lane.find("speed"))


def _geo_reference(root: ET.Element) -> tuple[float, float]:
    text = root.findtext("header/geoReference") or ""
    values = []
    for name in ("lat_0", "lon_0"):
        match = re.search(rf"\+{name}=([-+0-9.eE]+)", text)
        try:
            values.append(float(match.group(1)) if match else 0.0)
        except ValueError:
            values.append(0.0)
    return values[0], values[1]
