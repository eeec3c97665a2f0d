"""Who goes first where two lanes of a junction meet: turns, controls and right of way.

The rules are those of right-hand traffic (Vienna Convention on Road Traffic, articles 16 and 18;
roundabouts as in nearly all countries): what the file says, then the ring of a roundabout, then
signs, then who turns, then who comes from the right. Axes are CARLA's: yaw grows to the right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roadworthy.sim.road.conflicts import Links, Zone
from roadworthy.sim.road.network import Control, LaneType, Point, SignalKind, Turn
from roadworthy.sim.road.ring import ring_lanes
from roadworthy.sim.road.sample import Key, Lane
from roadworthy.sim.road.signals import Signal

STRAIGHT = math.radians(35)  # a path that turns by less goes straight on
U_TURN = math.radians(150)
ONCOMING = math.radians(135)  # approaches whose headings differ by more face each other
ALONGSIDE = math.radians(45)  # and by less lie beside each other
REACH = 15.0  # [m] before a junction within which a stop line belongs to it


_CONTROL = {
    SignalKind.LIGHT: Control.LIGHT,
    SignalKind.STOP: Control.STOP,
    SignalKind.YIELD: Control.YIELD,
}


@dataclass(frozen=True, slots=True)
class Movement:
    """One lane's path through its junction; chains of lanes of one road share it."""

    road: int  # OpenDRIVE id
    incoming: frozenset[int]  # OpenDRIVE ids of the roads it comes from
    turn: Turn
    x: float  # where it enters the junction
    y: float
    heading: float  # [rad] there
    control: Control
    phase: tuple[int, int] | None  # group and phase of its light
    speed: float  # [m/s] limit of the approach
    breadth: int  # driving lanes of the approach in this direction
    goals: frozenset[int]  # lanes it leads to
    ring: bool  # it comes from the ring of a roundabout, or is part of it


def read_movements(
    lanes: Sequence[Lane],
    predecessors: Links,
    successors: Links,
    signals: Sequence[Signal],
    limits: Sequence[float],
    chains: Sequence[tuple[int, ...]],
) -> dict[int, Movement]:
    """Return the movement of each driving lane in a junction."""
    stops: dict[int, list[tuple[float, Signal]]] = {}
    for signal in signals:
        for lane, s in signal.stops.items():
            stops.setdefault(lane, []).append((s, signal))
    ring = ring_lanes(lanes, successors)
    breadth = Counter(_side(lane.key) for lane in lanes if lane.type == LaneType.DRIVING)
    found: dict[int, Movement] = {}
    for chain in chains:
        first, last = chain[0], chain[-1]
        bend = float(sum(lanes[i].points[[0, -1], Point.YAW] @ (-1.0, 1.0) for i in chain))
        x, y, heading = (float(lanes[first].points[0, c]) for c in (Point.X, Point.Y, Point.YAW))
        control, phase = _control(first, lanes, predecessors, stops)
        outside = [p for p in predecessors[first] if lanes[p].type == LaneType.DRIVING]
        movement = Movement(
            road=lanes[first].key[0],
            incoming=frozenset(lanes[p].key[0] for p in outside),
            turn=turn_of(bend),
            x=x,
            y=y,
            heading=heading,
            control=control,
            phase=phase,
            speed=max((float(limits[p]) for p in outside), default=0.0),
            breadth=max((breadth[_side(lanes[p].key)] for p in outside), default=0),
            goals=frozenset(successors[last]),
            ring=any(lane in ring for lane in (*chain, *predecessors[first])),
        )
        found.update(dict.fromkeys(chain, movement))
    return found


def turn_of(bend: float) -> Turn:
    """Return the turn of a path that bends by so much [rad], positive to the right."""
    if abs(bend) < STRAIGHT:
        return Turn.STRAIGHT
    if abs(bend) > U_TURN:
        return Turn.BACK
    return Turn.RIGHT if bend > 0 else Turn.LEFT


def rank_zones(
    zones: Sequence[Sequence[Zone]],
    movements: Mapping[int, Movement],
    given: frozenset[tuple[int, int]],
) -> list[list[int]]:
    """Return for each zone 1 where this lane goes first, -1 where it gives way, 0 where neither.

    Args:
        zones: of each lane, from `find_conflicts`.
        movements: of the lanes in junctions.
        given: pairs of road ids (high, low) from the file's <priority> elements.
    """
    return [
        [who_goes_first(movements[index], movements[zone[0]], given) for zone in found]
        for index, found in enumerate(zones)
    ]


def who_goes_first(a: Movement, b: Movement, given: frozenset[tuple[int, int]]) -> int:
    """Return 1 where `a` goes before `b`, -1 where it gives way, 0 where neither is said.

    Swapping the two always turns the sign.
    """
    if a.phase is not None and b.phase is not None and a.phase[0] == b.phase[0]:
        if a.phase != b.phase:
            return 0  # the lights keep them apart
        return _by_turn(a, b)
    return (
        _by_file(a, b, given)
        or _less(not a.ring, not b.ring)
        or _less(_must_give_way(a), _must_give_way(b))
        or _by_turn(a, b)
    )


def _less(a: float, b: float) -> int:
    """Return 1 where `a` is less, -1 where it is more, else 0."""
    return int(a < b) - int(a > b)


def _must_give_way(movement: Movement) -> bool:
    return movement.control in (Control.STOP, Control.YIELD)


def _by_file(a: Movement, b: Movement, given: frozenset[tuple[int, int]]) -> int:
    # OpenDRIVE 1.4 names connecting roads, exporters often the incoming ones.
    high = {a.road, *a.incoming}
    low = {b.road, *b.incoming}
    over = any((h, w) in given for h in high for w in low)
    under = any((w, h) in given for h in high for w in low)
    return int(over) - int(under)


def _by_turn(a: Movement, b: Movement) -> int:
    apart = math.remainder(b.heading - a.heading, 2 * math.pi)
    if abs(apart) > ONCOMING:
        return _less(_leftness(a), _leftness(b))
    straight = _less(a.turn != Turn.STRAIGHT, b.turn != Turn.STRAIGHT)
    if abs(apart) < ALONGSIDE:
        # A ramp that joins: the faster and the broader road goes on, then the one on the left.
        return (
            straight
            or _less(-a.speed, -b.speed)
            or _less(-a.breadth, -b.breadth)
            or _less(_lateral(b, a), _lateral(a, b))
        )
    if a.goals & b.goals and straight:
        return straight
    if Turn.BACK in (a.turn, b.turn) and a.turn != b.turn:
        return _less(a.turn == Turn.BACK, b.turn == Turn.BACK)
    return 1 if apart > 0 else -1  # who comes from the right heads to the left of the other


def _leftness(movement: Movement) -> int:
    return {Turn.LEFT: 1, Turn.BACK: 2}.get(movement.turn, 0)


def _lateral(a: Movement, b: Movement) -> float:
    """Return how far to the right of `a` the other one enters [m]."""
    return -math.sin(a.heading) * (b.x - a.x) + math.cos(a.heading) * (b.y - a.y)


def _control(
    first: int,
    lanes: Sequence[Lane],
    predecessors: Links,
    stops: Mapping[int, Sequence[tuple[float, Signal]]],
) -> tuple[Control, tuple[int, int] | None]:
    """Return what stops the traffic before a junction lane, and the phase of its light."""
    frontier, seen = [(p, 0.0) for p in predecessors[first]], {first}
    found: list[Signal] = []
    while frontier:
        lane, behind = frontier.pop()
        if lane in seen:
            continue
        seen.add(lane)
        inside = lanes[lane].junction >= 0
        here = [
            signal
            for s, signal in stops.get(lane, [])
            if inside or behind + lanes[lane].length - s < REACH
        ]
        found += here
        behind += 0.0 if inside else lanes[lane].length
        if not here and behind < REACH and lanes[lane].junction in (-1, lanes[first].junction):
            frontier += [(p, behind) for p in predecessors[lane]]
    order = [SignalKind.LIGHT, SignalKind.STOP, SignalKind.YIELD]
    for kind in order:
        for signal in sorted((s for s in found if s.kind == kind), key=lambda s: s.id):
            lit = kind == SignalKind.LIGHT
            return _CONTROL[kind], (signal.group, signal.phase) if lit else None
    return Control.NONE, None


def _side(key: Key) -> tuple[int, int, bool]:
    return key[0], key[1], key[2] > 0
