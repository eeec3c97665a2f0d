"""Write a town of our own as OpenDRIVE 1.4.

Two-lane roads with sidewalks, curves and hills; junctions of three and four arms with lights (and
crosswalks), stop or yield signs. Needs no package: scenariogeneration was tried and left out, as
it knows no controllers and keeps the ids of signals in a class variable, so that the second town
of a process came out with other ids than the first.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Mapping

from roadworthy.sim.road.clothoid import Piece
from roadworthy.sim.road.town_plan import (
    LANE_WIDTH,
    SIDEWALK_WIDTH,
    Arm,
    Junction,
    Road,
    Rule,
    TownPlan,
    plan_town,
    turn_piece,
)

_GEO_REFERENCE = "+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
# Ids are unique across all kinds of elements, as CARLA's parser keeps some of them in one table.
_CONNECTING_ID = 1_000
_JUNCTION_ID = 10_000
_SIGNAL_ID = 20_000
_CONTROLLER_ID = 30_000
_CROSSWALK_ID = 40_000
CROSSWALK_WIDTH = 3.0  # [m] along the road
CROSSWALK_SETBACK = 1.0  # [m] between junction and crosswalk
SIGNAL_SETBACK = 0.3  # [m] between junction and signal; it is seen from the stop line
SIGNAL_OFFSET = LANE_WIDTH + 0.8  # [m] to the right of the road's middle
_SIGNALS = {
    Rule.LIGHTS: ("1000001", "Signal_3Light_Post01", "yes"),
    Rule.STOP: ("206", "Sign_Stop", "no"),
    Rule.YIELD: ("205", "Sign_Yield", "no"),
}


def generate_town(seed: int, name: str) -> str:
    """Make a town.

    Args:
        seed: the same seed gives the same town.
        name: goes into the header.

    Returns:
        An OpenDRIVE text.

    Raises:
        MapError: the seed gives no sound town.
    """
    return _Writer(plan_town(seed)).write(name)


def _add(parent: ET.Element, tag: str, **attributes: object) -> ET.Element:
    texts = {
        key: f"{value:.9g}" if isinstance(value, float) else str(value)
        for key, value in attributes.items()
    }
    return ET.SubElement(parent, tag, texts)


def _cubic(parent: ET.Element, tag: str, s: float, *values: float) -> None:
    padded = [*values, *[0.0] * (4 - len(values))]
    _add(parent, tag, s=s, **dict(zip("abcd", padded, strict=True)))


class _Writer:
    """Turns a plan into OpenDRIVE."""

    def __init__(self, plan: TownPlan) -> None:
        self.plan = plan
        self.root = ET.Element("OpenDRIVE")
        self.connecting = 0
        self.signals = 0
        self.controllers: list[list[int]] = []
        self.crosswalks = 0

    def write(self, name: str) -> str:
        header = _add(
            self.root, "header", revMajor=1, revMinor=4, name=name, version=1,
            date="2026-01-01T00:00:00", vendor="Roadworthy",
        )  # fmt: skip
        _add(header, "geoReference").text = _GEO_REFERENCE
        roads = [self._road(i, road) for i, road in enumerate(self.plan.roads)]
        owned = [self._signals_of(junction, roads) for junction in self.plan.junctions]
        junctions = [self._junction(i, junction) for i, junction in enumerate(self.plan.junctions)]
        for number, signals in enumerate(self.controllers):
            controller = _add(
                self.root, "controller", name=f"ctrl{number}", id=_CONTROLLER_ID + number
            )
            for signal in signals:
                _add(controller, "control", signalId=signal, type="")
        for junction, controllers in zip(junctions, owned, strict=True):
            for sequence, number in enumerate(controllers):
                _add(junction, "controller", id=number, type="", sequence=sequence)
            self.root.append(junction)
        ET.indent(self.root, " ")
        text = ET.tostring(self.root, "unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'

    def _new_road(
        self,
        road_id: int,
        junction: int,
        pieces: list[Piece],
        ends: tuple[Mapping[str, object], ...],
    ) -> ET.Element:
        length = sum(piece.length for piece in pieces)
        road = _add(
            self.root, "road", name=f"Road {road_id}", length=length, id=road_id, junction=junction
        )
        link = _add(road, "link")
        _add(link, "predecessor", **ends[0])
        _add(link, "successor", **ends[1])
        return road

    def _plan_view(self, road: ET.Element, pieces: list[Piece]) -> None:
        view = _add(road, "planView")
        s = 0.0
        for piece in pieces:
            geometry = _add(
                view, "geometry", s=s, x=piece.x, y=piece.y, hdg=piece.heading, length=piece.length
            )
            begin, end = piece.curvature_begin, piece.curvature_end
            if abs(begin) < 1e-7 and abs(end) < 1e-7:
                _add(geometry, "line")
            elif abs(begin - end) < 1e-9:
                _add(geometry, "arc", curvature=begin)
            else:
                _add(geometry, "spiral", curvStart=begin, curvEnd=end)
            s += piece.length

    def _lane(
        self, side: ET.Element, lane_id: int, kind: str, width: float, mark: str, color: str
    ) -> ET.Element:
        lane = _add(side, "lane", id=lane_id, type=kind, level="false")
        link = _add(lane, "link")
        if lane_id != 0:
            _cubic(lane, "width", 0.0, width)
            lane[-1].set("sOffset", lane[-1].attrib.pop("s"))
        _add(
            lane, "roadMark", sOffset=0.0, type=mark, weight="standard", color=color, width=0.15,
            material="standard", laneChange="none",
        )  # fmt: skip
        return link

    def _road(self, index: int, plan: Road) -> ET.Element:
        ends = tuple(
            {"elementType": "junction", "elementId": _JUNCTION_ID + end}
            for end in (plan.begin, plan.end)
        )
        road = self._new_road(index, -1, plan.pieces, ends)
        kind = _add(road, "type", s=0.0, type="town")
        _add(kind, "speed", max=plan.speed, unit="km/h")
        self._plan_view(road, plan.pieces)
        profile = _add(road, "elevationProfile")
        for s, length, before, after in plan.heights:
            # A cubic with level ends, then level over the corner that may follow.
            rise = after - before
            _cubic(
                profile, "elevation", s, before, 0.0, 3 * rise / length**2, -2 * rise / length**3
            )
            if s + length < plan.length - 1e-6:
                _cubic(profile, "elevation", s + length, after)
        _add(road, "lateralProfile")
        section = self._section(road)
        left, centre, right = (_add(section, side) for side in ("left", "center", "right"))
        bent = max(abs(p.curvature_begin + p.curvature_end) / 2 for p in plan.pieces) > 1 / 60
        self._lane(left, 2, "sidewalk", SIDEWALK_WIDTH, "none", "standard")
        self._lane(left, 1, "driving", LANE_WIDTH, "solid", "white")
        self._lane(centre, 0, "none", 0.0, "solid" if bent else "broken", "yellow")
        self._lane(right, -1, "driving", LANE_WIDTH, "solid", "white")
        self._lane(right, -2, "sidewalk", SIDEWALK_WIDTH, "none", "standard")
        _add(road, "objects")
        _add(road, "signals")
        return road

    def _section(self, road: ET.Element) -> ET.Element:
        lanes = _add(road, "lanes")
        _cubic(lanes, "laneOffset", 0.0)
        return _add(lanes, "laneSection", s=0.0)

    def _junction(self, number: int, junction: Junction) -> ET.Element:
        element = ET.Element("junction", name=f"Junction {number}", id=str(_JUNCTION_ID + number))
        count = len(junction.arms)
        connections = 0
        for i, source in enumerate(junction.arms):
            for k in range(1, count):
                # Arms go round to the left, so the next one is to the right of who arrives here;
                # the sidewalk goes round that corner.
                road_id = self._connecting_road(
                    number, source, junction.arms[(i + k) % count], k == 1
                )
                connection = _add(
                    element, "connection", id=connections, incomingRoad=source.road,
                    connectingRoad=road_id, contactPoint="start",
                )  # fmt: skip
                connections += 1
                sign = -1 if source.at_end else 1
                _add(connection, "laneLink", **{"from": sign, "to": -1})
                if k == 1:
                    _add(connection, "laneLink", **{"from": 2 * sign, "to": -2})
        return element

    def _connecting_road(self, number: int, source: Arm, target: Arm, sidewalk: bool) -> int:
        junction = self.plan.junctions[number]
        piece = turn_piece(junction, source, target)
        road_id = _CONNECTING_ID + self.connecting
        self.connecting += 1
        ends = tuple(
            {
                "elementType": "road",
                "elementId": arm.road,
                "contactPoint": "end" if arm.at_end else "start",
            }
            for arm in (source, target)
        )
        road = self._new_road(road_id, _JUNCTION_ID + number, [piece], ends)
        self._plan_view(road, [piece])
        _cubic(_add(road, "elevationProfile"), "elevation", 0.0, junction.z)
        _add(road, "lateralProfile")
        section = self._section(road)
        self._lane(_add(section, "center"), 0, "none", 0.0, "none", "standard")
        right = _add(section, "right")
        kinds = [("driving", LANE_WIDTH), ("sidewalk", SIDEWALK_WIDTH)][: 2 if sidewalk else 1]
        for lane_id, (kind, width) in enumerate(kinds, start=1):
            link = self._lane(right, -lane_id, kind, width, "none", "standard")
            _add(link, "predecessor", id=-lane_id if source.at_end else lane_id)
            _add(link, "successor", id=lane_id if target.at_end else -lane_id)
        return road_id

    def _signals_of(self, junction: Junction, roads: list[ET.Element]) -> list[int]:
        """Put up the signals of one junction; return the ids of its controllers."""
        phases: dict[int, list[int]] = {}
        for arm in junction.arms:
            if junction.rule != Rule.LIGHTS and not arm.minor:
                continue
            signal_id = self._signal(roads[arm.road], junction.rule, arm)
            if junction.rule == Rule.LIGHTS:
                phases.setdefault(arm.phase, []).append(signal_id)
                self._crosswalk(roads[arm.road], arm)
        owned = []
        for phase in sorted(phases):
            owned.append(_CONTROLLER_ID + len(self.controllers))
            self.controllers.append(phases[phase])
        return owned

    def _signal(self, road: ET.Element, rule: Rule, arm: Arm) -> int:
        signal_id = _SIGNAL_ID + self.signals
        self.signals += 1
        length = self.plan.roads[arm.road].length
        code, name, dynamic = _SIGNALS[rule]
        signals = road.find("signals")
        assert signals is not None
        signal = _add(
            signals, "signal", name=name, id=signal_id,
            s=length - SIGNAL_SETBACK if arm.at_end else SIGNAL_SETBACK,
            t=-SIGNAL_OFFSET if arm.at_end else SIGNAL_OFFSET,
            zOffset=0.0, hOffset=0.0 if arm.at_end else math.pi, roll=0.0, pitch=0.0,
            orientation="+" if arm.at_end else "-", dynamic=dynamic, country="OpenDRIVE",
            type=code, subtype="-1", value=-1, text="", height=1.0, width=0.5,
        )  # fmt: skip
        lane = -1 if arm.at_end else 1
        _add(signal, "validity", fromLane=lane, toLane=lane)
        return signal_id

    def _crosswalk(self, road: ET.Element, arm: Arm) -> None:
        length = self.plan.roads[arm.road].length
        setback = CROSSWALK_SETBACK + CROSSWALK_WIDTH / 2
        reach, half = LANE_WIDTH + SIDEWALK_WIDTH / 2, CROSSWALK_WIDTH / 2
        objects = road.find("objects")
        assert objects is not None
        crosswalk = _add(
            objects, "object", id=_CROSSWALK_ID + self.crosswalks, name="Crosswalk",
            s=length - setback if arm.at_end else setback, t=0.0, zOffset=0.0, hdg=math.pi / 2,
            roll=0.0, pitch=0.0, orientation="+", type="crosswalk", width=CROSSWALK_WIDTH,
            length=2 * reach,
        )  # fmt: skip
        self.crosswalks += 1
        outline = _add(crosswalk, "outline")
        corners = [(-reach, -half), (reach, -half), (reach, half), (-reach, half), (-reach, -half)]
        for u, v in corners:  # CARLA tells polygons apart by their repeated first corner
            _add(outline, "cornerLocal", u=u, v=v, z=0.0)
