"""Lights for towns of CARLA's whose OpenDRIVE files have lost them.

CARLA's Town03 has lights at its large junctions, but not every release wrote them into its
OpenDRIVE file, and without them traffic blocks its junctions for good. Where a file of such a
town has no signal at all, each road that leads into a junction of three or more gets one, and
each has its own turn, as at most junctions of CARLA's towns. The clients are sent the file with
the lights in it, so that landmarks, stop lines and actors agree.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections import defaultdict
from typing import NamedTuple

LIT = frozenset({"Town03"})  # towns that have lights in CARLA, whatever their file says
FEWEST_ROADS = 3  # that lead into a junction with lights; a roundabout's have two
SETBACK = 5.0  # [m] from the junction to the light: its post is out of the way of who turns
ASIDE = 0.8  # [m] from the outermost lane to the light's post
_FIRST_SIGNAL, _FIRST_CONTROLLER = 20_000, 30_000


class _Approach(NamedTuple):
    """One end of a road at a junction."""

    road: ET.Element
    at_end: bool  # of the road: its right lanes lead in; else its left lanes
    lanes: tuple[int, ...]  # that lead in, by their ids
    aside: float  # [m] t of the light


def has_lost_lights(town: str, xodr: str) -> bool:
    """Whether a town should have lights, and its file has no signal."""
    return town in LIT and "<signal " not in xodr


def with_lights(xodr: str) -> str:
    """Return the text of an OpenDRIVE file with lights at its larger junctions."""
    root = ET.fromstring(xodr.encode())
    junctions = {junction.get("id", ""): junction for junction in root.iter("junction")}
    approaches: dict[str, list[_Approach]] = defaultdict(list)
    for road in root.iter("road"):
        if road.get("junction", "-1") == "-1":
            for at_end, tag in ((False, "predecessor"), (True, "successor")):
                link = road.find(f"link/{tag}")
                if link is not None and link.get("elementType") == "junction":
                    approach = _approach(road, at_end)
                    if approach.lanes:
                        approaches[link.get("elementId", "")].append(approach)
    signal = _FIRST_SIGNAL
    controllers: list[ET.Element] = []
    for number, found in approaches.items():
        if len(found) < FEWEST_ROADS or number not in junctions:
            continue
        for turn, approach in enumerate(found):
            _put_up(approach, signal)
            controller = str(_FIRST_CONTROLLER + len(controllers))
            made = ET.Element("controller", name=f"ctrl{controller}", id=controller)
            ET.SubElement(made, "control", signalId=str(signal), type="")
            controllers.append(made)
            ET.SubElement(
                junctions[number], "controller", id=controller, type="0", sequence=str(turn)
            )
            signal += 1
    first = next(k for k, element in enumerate(root) if element.tag == "junction")
    for element in reversed(controllers):
        root.insert(first, element)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _approach(road: ET.Element, at_end: bool) -> _Approach:
    """What leads into the junction at one end of a road."""
    sections = road.findall("lanes/laneSection")
    section = sections[-1 if at_end else 0]
    s = float(road.get("length", "0")) if at_end else 0.0
    side = section.find("right" if at_end else "left")
    lanes = [] if side is None else side.findall("lane")
    lanes.sort(key=lambda lane: abs(int(lane.get("id", "0"))))
    driving = [int(lane.get("id", "0")) for lane in lanes if lane.get("type") == "driving"]
    centre = _value(road.findall("lanes/laneOffset"), "s", s)
    reach, widths = 0.0, 0.0
    begin = float(section.get("s", "0"))
    for lane in lanes:
        widths += _value(lane.findall("width"), "sOffset", s - begin)
        if lane.get("type") in ("driving", "shoulder", "parking", "stop", "biking"):
            reach = widths
    aside = reach + ASIDE
    return _Approach(road, at_end, tuple(driving), centre + (-aside if at_end else aside))


def _value(records: list[ET.Element], start: str, s: float) -> float:
    """A piecewise cubic of OpenDRIVE at s [m]; 0 where it has no piece."""
    value = 0.0
    for record in records:
        begin = float(record.get(start, "0"))
        if begin <= s + 1e-6:
            d = s - begin
            a, b, c, e = (float(record.get(name, "0")) for name in "abcd")
            value = a + d * (b + d * (c + d * e))
    return value


def _put_up(approach: _Approach, number: int) -> None:
    """Put a light beside the lanes that lead in."""
    road, at_end = approach.road, approach.at_end
    signals = road.find("signals")
    if signals is None:
        signals = ET.SubElement(road, "signals")
    length = float(road.get("length", "0"))
    signal = ET.SubElement(
        signals, "signal", name="Signal_3Light_Post01", id=str(number),
        s=f"{length - SETBACK if at_end else SETBACK:.6f}", t=f"{approach.aside:.6f}",
        zOffset="0", hOffset="0" if at_end else f"{math.pi:.8f}", roll="0", pitch="0",
        orientation="+" if at_end else "-", dynamic="yes", country="OpenDRIVE", type="1000001",
        subtype="-1", value="-1", text="", height="1", width="0.5",
    )  # fmt: skip
    ET.SubElement(
        signal, "validity", fromLane=str(min(approach.lanes)), toLane=str(max(approach.lanes))
    )
