"""Write the roads of a generated town as OpenDRIVE elements."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

from roadworthy.sim.road.clothoid import Piece
from roadworthy.sim.road.town_parts import SHOULDER_WIDTH, SIDEWALK_WIDTH, Road, TownPlan, Way

_EASE = 30.0  # [m] over which lanes change their width, at most
_SHARP = 1 / 60  # [1/m] bends from which nobody may overtake
_FAST = 80  # [km/h] roads from this limit on are motorways

Widths = Sequence[tuple[float, float, float, float, float]]  # offset and a, b, c, d


def add(parent: ET.Element, tag: str, **attributes: object) -> ET.Element:
    """Add an element; numbers are written with nine digits."""
    texts = {
        key: f"{value:.9g}" if isinstance(value, float) else str(value)
        for key, value in attributes.items()
    }
    return ET.SubElement(parent, tag, texts)


def write_road(
    root: ET.Element, road_id: int, plan: Road, junctions: tuple[int, int]
) -> ET.Element:
    """Write a road between two junctions (OpenDRIVE ids)."""
    ends = tuple({"elementType": "junction", "elementId": end} for end in junctions)
    road = _new_road(root, road_id, -1, plan.pieces, ends)
    kind = add(road, "type", s=0.0, type="motorway" if plan.speed >= _FAST else "town")
    add(kind, "speed", max=plan.speed, unit="km/h")
    _plan_view(road, plan.pieces)
    profile = add(road, "elevationProfile")
    for s, length, before, after in plan.heights:
        # A cubic with level ends, then level over the corner that may follow.
        rise = after - before
        _cubic(profile, "elevation", s, before, 0.0, 3 * rise / length**2, -2 * rise / length**3)
        if s + length < plan.length - 1e-6:
            _cubic(profile, "elevation", s + length, after)
    add(road, "lateralProfile")
    section = _section(road)
    widths = _widths(plan)
    if plan.backward:
        _left_side(add(section, "left"), plan, widths)
    elif plan.median:
        _lane(add(section, "left"), 1, "median", _constant(plan.median))
    _centre_line(add(section, "center"), plan)
    _right_side(add(section, "right"), plan, widths)
    add(road, "objects")
    add(road, "signals")
    return road


def _centre_line(centre: ET.Element, plan: Road) -> None:
    bent = max(abs(p.curvature_begin + p.curvature_end) / 2 for p in plan.pieces) > _SHARP
    if plan.backward == 0:
        mark, color = "solid", "yellow" if plan.median else "white"
    elif plan.forward > 1:
        mark, color = "solid solid", "yellow"
    else:
        mark, color = "solid" if bent else "broken", "yellow"
    _lane(centre, 0, "none", (), mark, color)


def _left_side(side: ET.Element, plan: Road, widths: Widths) -> None:
    if plan.sidewalks:
        _lane(side, plan.backward + 1, "sidewalk", _constant(SIDEWALK_WIDTH))
    for k in range(plan.backward, 0, -1):
        _driving_lane(side, k, k == plan.backward, widths)


def _right_side(side: ET.Element, plan: Road, widths: Widths) -> None:
    for k in range(1, plan.forward + 1):
        _driving_lane(side, -k, k == plan.forward, widths)
    if plan.sidewalks:
        _lane(side, -plan.forward - 1, "sidewalk", _constant(SIDEWALK_WIDTH))
    elif plan.shoulder:
        _lane(side, -plan.forward - 1, "shoulder", _constant(SHOULDER_WIDTH))


def _driving_lane(side: ET.Element, lane_id: int, outer: bool, widths: Widths) -> ET.Element:
    if outer:
        return _lane(side, lane_id, "driving", widths, "solid", "white")
    return _lane(side, lane_id, "driving", widths, "broken", "white", change="both")


def _constant(width: float) -> Widths:
    return ((0.0, width, 0.0, 0.0, 0.0),)


def _ease(offset: float, length: float, before: float, after: float) -> Widths:
    rise = after - before
    return ((offset, before, 0.0, 3 * rise / length**2, -2 * rise / length**3),)


def _widths(plan: Road) -> Widths:
    if plan.middle_width == plan.width:
        return _constant(plan.width)
    ease = min(_EASE, plan.length / 4)
    return (
        *_ease(0.0, ease, plan.width, plan.middle_width),
        (ease, plan.middle_width, 0.0, 0.0, 0.0),
        *_ease(plan.length - ease, ease, plan.middle_width, plan.width),
    )


def write_connecting_road(
    root: ET.Element, road_id: int, junction: int, z: float, way: Way, plan: TownPlan
) -> None:
    """Write one way through a junction (OpenDRIVE ids)."""
    ends = tuple(
        {
            "elementType": "road",
            "elementId": arm.road,
            "contactPoint": "end" if arm.at_end else "start",
        }
        for arm in (way.source, way.target)
    )
    pieces = list(way.pieces)
    road = _new_road(root, road_id, junction, pieces, ends)
    _plan_view(road, pieces)
    _cubic(add(road, "elevationProfile"), "elevation", 0.0, z)
    add(road, "lateralProfile")
    section = _section(road)
    _lane(add(section, "center"), 0, "none", ())
    source, target = plan.roads[way.source.road], plan.roads[way.target.road]
    into, out = (-1 if way.source.at_end else 1), (1 if way.target.at_end else -1)
    same = source.width == target.width
    length = sum(piece.length for piece in pieces)
    widths = _constant(source.width) if same else _ease(0.0, length, source.width, target.width)
    right = add(section, "right")
    for k, (lane_in, lane_out) in enumerate(way.lanes, start=1):
        between = k < len(way.lanes)
        link = (
            _lane(right, -k, "driving", widths, "broken", "white", change="both")
            if between
            else _lane(right, -k, "driving", widths)
        )
        add(link, "predecessor", id=into * lane_in)
        add(link, "successor", id=out * lane_out)
    if way.sidewalk:
        link = _lane(right, -len(way.lanes) - 1, "sidewalk", _constant(SIDEWALK_WIDTH))
        add(link, "predecessor", id=into * (source.lanes_in(way.source.at_end) + 1))
        add(link, "successor", id=out * (target.lanes_out(way.target.at_end) + 1))


def _new_road(
    root: ET.Element,
    road_id: int,
    junction: int,
    pieces: Sequence[Piece],
    ends: tuple[Mapping[str, object], ...],
) -> ET.Element:
    length = sum(piece.length for piece in pieces)
    road = add(root, "road", name=f"Road {road_id}", length=length, id=road_id, junction=junction)
    link = add(road, "link")
    add(link, "predecessor", **ends[0])
    add(link, "successor", **ends[1])
    return road


def _plan_view(road: ET.Element, pieces: Sequence[Piece]) -> None:
    view = add(road, "planView")
    s = 0.0
    for piece in pieces:
        geometry = add(
            view, "geometry", s=s, x=piece.x, y=piece.y, hdg=piece.heading, length=piece.length
        )
        begin, end = piece.curvature_begin, piece.curvature_end
        if abs(begin) < 1e-7 and abs(end) < 1e-7:
            add(geometry, "line")
        elif abs(begin - end) < 1e-9:
            add(geometry, "arc", curvature=begin)
        else:
            add(geometry, "spiral", curvStart=begin, curvEnd=end)
        s += piece.length


def _cubic(parent: ET.Element, tag: str, s: float, *values: float) -> None:
    padded = [*values, *[0.0] * (4 - len(values))]
    add(parent, tag, s=s, **dict(zip("abcd", padded, strict=True)))


def _section(road: ET.Element) -> ET.Element:
    lanes = add(road, "lanes")
    _cubic(lanes, "laneOffset", 0.0)
    return add(lanes, "laneSection", s=0.0)


def _lane(
    side: ET.Element,
    lane_id: int,
    kind: str,
    widths: Widths,
    mark: str = "none",
    color: str = "standard",
    change: str = "none",
) -> ET.Element:
    """Write a lane; return its <link>."""
    lane = add(side, "lane", id=lane_id, type=kind, level="false")
    link = add(lane, "link")
    for offset, *values in widths:
        # The order of the attributes is that of the first towns, whose files stay as they are.
        add(lane, "width", **dict(zip("abcd", values, strict=True)), sOffset=offset)
    add(
        lane, "roadMark", sOffset=0.0, type=mark, weight="standard", color=color, width=0.15,
        material="standard", laneChange=change,
    )  # fmt: skip
    return link
