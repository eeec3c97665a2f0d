"""Roundabouts of generated towns: a junction of three or four arms is opened into a ring.

At each arm the ring passes a small junction of its own, with a way in, a way out and a way round;
between those lie short one-way roads. Axes are OpenDRIVE's: traffic goes round to the left.
"""

from __future__ import annotations

import dataclasses
import math

from roadworthy.sim.road.clothoid import Piece
from roadworthy.sim.road.town_parts import Arm, Junction, Road, Rule, TownPlan, gate

RADIUS = 18.0  # [m] of the ring's inner border
REACH = 34.0  # [m] from the middle to where the arms begin
RING_WIDTH = 4.5  # [m] of its lane
SPEED = 30  # [km/h]
_SPREAD = math.radians(33)  # from an arm's axis to where its ways join and leave the ring


def open_roundabout(plan: TownPlan, number: int) -> None:
    """Replace a junction by a roundabout; its arms must begin REACH away from its middle."""
    middle = plan.junctions[number]
    arms = middle.arms
    count = len(arms)
    members = [number, *range(len(plan.junctions), len(plan.junctions) + count - 1)]
    plan.junctions += [
        Junction(middle.x, middle.y, middle.z, Rule.YIELD, REACH) for _ in members[1:]
    ]
    first_ring = len(plan.roads)
    for k, arm in enumerate(arms):
        after = arms[(k + 1) % count]
        plan.roads.append(_ring_road(middle, arm, after, members[k], members[(k + 1) % count]))
        road = plan.roads[arm.road]
        if arm.at_end:
            road.end = members[k]
        else:
            road.begin = members[k]
    for k, arm in enumerate(arms):
        here = plan.junctions[members[k]]
        here.rule, here.radius = Rule.YIELD, REACH
        # In the order of their headings, from the arm's own to the left.
        here.arms = [
            dataclasses.replace(arm, minor=True, phase=0),
            _ring_arm(middle, arm.heading + _SPREAD, first_ring + k, False),
            _ring_arm(middle, arm.heading - _SPREAD, first_ring + (k - 1) % count, True),
        ]


def _ring_road(middle: Junction, arm: Arm, after: Arm, begin: int, end: int) -> Road:
    start = arm.heading + _SPREAD
    angle = (after.heading - _SPREAD - start) % (2 * math.pi)
    x, y, _ = gate(middle.x, middle.y, start, RADIUS)
    length = angle * RADIUS
    piece = Piece(x, y, start + math.pi / 2, length, 1 / RADIUS, 1 / RADIUS)
    heights = [(0.0, length, middle.z, middle.z)]
    return Road(
        begin, end, [piece], heights, SPEED, 1, 0, width=RING_WIDTH, middle_width=RING_WIDTH
    )


def _ring_arm(middle: Junction, angle: float, road: int, at_end: bool) -> Arm:
    x, y, _ = gate(middle.x, middle.y, angle, RADIUS)
    heading = angle + (-math.pi / 2 if at_end else math.pi / 2)
    return Arm(road, at_end, heading % (2 * math.pi), False, 0, x, y)
