"""A dual carriageway with ramps, and the streets of the town around it.

The carriageways run from a junction in the west (A) to one in the east (B). In the middle, each has
a way off and a way on again, to the end of a street on its side. Axes are OpenDRIVE's.
"""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.clothoid import Piece, join
from roadworthy.sim.road.town_parts import (
    LANE_WIDTH,
    WIDE_RADIUS,
    Junction,
    Road,
    Rule,
    TownPlan,
)
from roadworthy.sim.road.town_streets import Streets

MEDIAN = 6.0  # [m] between the carriageways
SPEED, RAMP_SPEED = 90, 50  # [km/h]
LANES = 2  # each way
_A, _B, _SOUTH, _NORTH = range(4)  # nodes: both ends, and the ends of the streets to the ramps
_RAMP_STREET = 70.0  # [m] from the carriageways to the ends of those streets
_FORK, _LEAVE = 210.0, 150.0  # [m] before the middle: where a ramp begins to part, and has parted
_RAMP_ANGLE = math.radians(10)  # at which it leaves
_RAMP_GAP = 2.5  # [m] between carriageway and ramp there

Pose = tuple[float, float, float]


def highway_streets(rng: np.random.Generator) -> Streets:
    """Draw the streets on both sides of the carriageways."""
    half = rng.uniform(335.0, 375.0)
    shift, middle = rng.uniform(-12.0, 12.0), rng.uniform(-8.0, 8.0, 2)
    near, far, north = shift - rng.uniform(145.0, 165.0), rng.uniform(95.0, 125.0), 0.0
    far, north = near - far, shift + rng.uniform(140.0, 160.0)
    west, east = -rng.uniform(140.0, 185.0), rng.uniform(140.0, 185.0)
    nodes = np.array(
        [
            (-half, 0.0), (half, 0.0), (middle[0], shift - _RAMP_STREET),
            (middle[1], shift + _RAMP_STREET), (middle[1], north),
            (west, near), (middle[0], near), (east, near),
            (west, far), (middle[0], far), (east, far),
            (-half, near), (half, near), (-half, north), (half, north),
        ]
    )  # fmt: skip
    nodes[4:] += rng.uniform(-6.0, 6.0, nodes[4:].shape)
    edges = [
        (_A, 11), (5, 11), (5, 6), (6, 7), (7, 12), (_B, 12), (5, 8), (6, 9), (7, 10), (8, 9),
        (9, 10), (_SOUTH, 6), (_A, 13), (4, 13), (4, 14), (_B, 14), (_NORTH, 4),
    ]  # fmt: skip
    streets = Streets.of(nodes, edges)
    streets.degree[[_A, _B]] += 1
    streets.degree[[_SOUTH, _NORTH]] += 2
    streets.reach[_A] = streets.reach[_B] = WIDE_RADIUS
    return streets


def add_highway(plan: TownPlan, streets: Streets, numbers: dict[int, int]) -> None:
    """Add the carriageways and their ramps to the streets of `highway_streets`."""
    nodes = streets.nodes
    half = float(nodes[_B, 0]) - WIDE_RADIUS
    shift = float(nodes[_SOUTH, 1]) + _RAMP_STREET
    for junction in (plan.junctions[numbers[_A]], plan.junctions[numbers[_B]]):
        junction.rule = Rule.LIGHTS
    for junction in (plan.junctions[numbers[_SOUTH]], plan.junctions[numbers[_NORTH]]):
        if junction.rule in (Rule.LIGHTS, Rule.ALL_STOP):
            junction.rule = Rule.STOP
    # The eastern carriageway as it lies; the western one turned by half a circle around the middle.
    for ends, street, turned in (((_A, _B), _SOUTH, False), ((_B, _A), _NORTH, True)):
        _Carriageway(plan, half, shift, turned).build(
            numbers[ends[0]],
            numbers[ends[1]],
            numbers[street],
            float(nodes[street, 0]) * (-1 if turned else 1),
        )


class _Carriageway:
    """One direction, in a frame in which it runs along x, with its ramps to the right."""

    def __init__(self, plan: TownPlan, half: float, shift: float, turned: bool) -> None:
        self.plan = plan
        self.half = half
        self.shift = shift
        self.turned = turned

    def build(self, begin: int, end: int, terminal: int, street: float) -> None:
        left = self.shift - MEDIAN / 2  # y of the reference line beside the ramps
        outer = -MEDIAN / 2 + (2 * self.shift if self.turned else 0.0)  # and at the ends
        aside = left - LANES * LANE_WIDTH - _RAMP_GAP
        gate = self.shift - _RAMP_STREET
        reach = self.plan.junctions[terminal].radius
        fork = self._junction(-_FORK, Rule.NONE)
        merge = self._junction(_FORK, Rule.YIELD)
        self._road(begin, fork, (-self.half, outer, 0.0), (-_FORK, left, 0.0))
        self._road(fork, merge, (-_LEAVE, left, 0.0), (_LEAVE, left, 0.0))
        self._road(merge, end, (_FORK, left, 0.0), (self.half, outer, 0.0))
        self._ramp(fork, terminal, (-_LEAVE, aside, -_RAMP_ANGLE), (street - reach, gate, 0.0))
        self._ramp(terminal, merge, (street + reach, gate, 0.0), (_LEAVE, aside, _RAMP_ANGLE))

    def _place(self, pose: Pose) -> Pose:
        x, y, heading = pose
        return (-x, 2 * self.shift - y, heading + math.pi) if self.turned else pose

    def _junction(self, x: float, rule: Rule) -> int:
        place = self._place((x, self.shift, 0.0))
        self.plan.junctions.append(Junction(place[0], place[1], 0.0, rule, ramps=True))
        return len(self.plan.junctions) - 1

    def _line(self, begin: Pose, end: Pose) -> Piece:
        piece = join(*self._place(begin), *self._place(end))
        if piece is None:
            raise MapError("a carriageway cannot be bent so sharply; take another seed")
        return piece

    def _road(self, begin: int, end: int, first: Pose, last: Pose) -> None:
        piece = self._line(first, last)
        self.plan.roads.append(
            Road(
                begin,
                end,
                [piece],
                [(0.0, piece.length, 0.0, 0.0)],
                SPEED,
                LANES,
                0,
                sidewalks=False,
                shoulder=True,
                median=MEDIAN / 2,
            )
        )

    def _ramp(self, begin: int, end: int, first: Pose, last: Pose) -> None:
        piece = self._line(first, last)
        self.plan.roads.append(
            Road(
                begin,
                end,
                [piece],
                [(0.0, piece.length, 0.0, 0.0)],
                RAMP_SPEED,
                1,
                0,
                sidewalks=False,
                shoulder=True,
            )
        )
