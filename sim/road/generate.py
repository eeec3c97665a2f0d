"""Write a town of our own as OpenDRIVE 1.4.

Needs no package: scenariogeneration was tried and left out, as it knows no controllers and keeps
the ids of signals in a class variable, so that the second town of a process came out with other
ids than the first.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from roadworthy.sim.road.road_writer import add, write_connecting_road, write_road
from roadworthy.sim.road.sign_writer import SignWriter
from roadworthy.sim.road.town_parts import Junction, TownPlan, Way, ways_through
from roadworthy.sim.road.town_plan import plan_town
from roadworthy.sim.road.town_style import KINDS

__all__ = ["KINDS", "generate_town"]

_GEO_REFERENCE = "+proj=tmerc +lat_0=0 +lon_0=0 +k=1 +x_0=0 +y_0=0 +datum=WGS84 +units=m +no_defs"
# Ids are unique across all kinds of elements, as CARLA's parser keeps some of them in one table.
_CONNECTING_ID = 1_000
_JUNCTION_ID = 10_000


def generate_town(seed: int, name: str, kind: str = "grid") -> str:
    """Make a town.

    Args:
        seed: the same seed gives the same town.
        name: goes into the header.
        kind: "grid" (streets of two lanes with lights, stop and yield signs), "irregular" (crooked
            blocks, lanes of changing width, all-way stops, no signs), "roundabouts", "highway" (a
            dual carriageway with ramps through a town) or "mixed" (with avenues of four lanes).

    Returns:
        An OpenDRIVE text.

    Raises:
        MapError: there is no such kind, or the seed gives no sound town.
    """
    return _Writer(plan_town(seed, kind)).write(name)


class _Writer:
    """Turns a plan into OpenDRIVE."""

    def __init__(self, plan: TownPlan) -> None:
        self.plan = plan
        self.root = ET.Element("OpenDRIVE")
        self.connecting = 0

    def write(self, name: str) -> str:
        header = add(
            self.root, "header", revMajor=1, revMinor=4, name=name, version=1,
            date="2026-01-01T00:00:00", vendor="Roadworthy",
        )  # fmt: skip
        add(header, "geoReference").text = _GEO_REFERENCE
        roads = [
            write_road(self.root, i, road, (_JUNCTION_ID + road.begin, _JUNCTION_ID + road.end))
            for i, road in enumerate(self.plan.roads)
        ]
        signs = SignWriter(self.plan, roads)
        owned = [signs.put_up(junction) for junction in self.plan.junctions]
        junctions = [self._junction(i, junction) for i, junction in enumerate(self.plan.junctions)]
        signs.write_controllers(self.root)
        for junction, controllers in zip(junctions, owned, strict=True):
            for sequence, number in enumerate(controllers):
                add(junction, "controller", id=number, type="", sequence=sequence)
            self.root.append(junction)
        ET.indent(self.root, " ")
        text = ET.tostring(self.root, "unicode")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'

    def _junction(self, number: int, junction: Junction) -> ET.Element:
        element = ET.Element("junction", name=f"Junction {number}", id=str(_JUNCTION_ID + number))
        for index, way in enumerate(ways_through(self.plan, junction)):
            road_id = _CONNECTING_ID + self.connecting
            self.connecting += 1
            write_connecting_road(
                self.root, road_id, _JUNCTION_ID + number, junction.z, way, self.plan
            )
            connection = add(
                element, "connection", id=index, incomingRoad=way.source.road,
                connectingRoad=road_id, contactPoint="start",
            )  # fmt: skip
            self._link_lanes(connection, way)
        return element

    def _link_lanes(self, connection: ET.Element, way: Way) -> None:
        sign = -1 if way.source.at_end else 1
        for k, (lane, _) in enumerate(way.lanes, start=1):
            add(connection, "laneLink", **{"from": sign * lane, "to": -k})
        if way.sidewalk:
            outer = self.plan.roads[way.source.road].lanes_in(way.source.at_end) + 1
            add(connection, "laneLink", **{"from": sign * outer, "to": -len(way.lanes) - 1})
