"""What a generated town is made of: roads, junctions, and the ways through them.

Everything here is in OpenDRIVE's axes (x east, y north, angles to the left), as `generate` writes
it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

from roadworthy.sim.road.clothoid import Piece, bend, fillet

LANE_WIDTH = 3.5  # [m]
SIDEWALK_WIDTH = 2.0  # [m]
SHOULDER_WIDTH = 2.0  # [m] of a carriageway
JUNCTION_RADIUS = 13.0  # [m] from a junction's centre to where its roads begin
WIDE_RADIUS = 19.0  # [m] the same where roads of four lanes meet
_TURN = math.radians(35)  # a way that turns by less goes straight on


class Rule(Enum):
    """What rules a junction."""

    LIGHTS = "lights"
    STOP = "stop"  # the minor approaches have stop signs
    YIELD = "yield"
    ALL_STOP = "all stop"  # every approach has a stop sign
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Arm:
    """One road's end at a junction."""

    road: int  # index into TownPlan.roads
    at_end: bool  # the road ends here (it begins here otherwise)
    heading: float  # [rad] away from the junction
    minor: bool  # has to stop or to yield where there are no lights
    phase: int  # in which its light is green
    x: float = 0.0  # [m] where its reference line ends
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Way:
    """A connecting road: from lanes of one arm to as many of another."""

    source: Arm
    target: Arm
    lanes: tuple[tuple[int, int], ...]  # from, to; counted from the middle of the road, 1 on
    pieces: tuple[Piece, ...]  # of the left border of the first lane
    sidewalk: bool


@dataclass(eq=False)
class Junction:
    """A place where roads meet."""

    x: float
    y: float
    z: float
    rule: Rule
    radius: float = JUNCTION_RADIUS
    arms: list[Arm] = field(default_factory=list)  # by rising heading
    ramps: bool = False  # a carriageway goes on, and a ramp leaves or joins it


@dataclass(eq=False)
class Road:
    """A road between two junctions."""

    begin: int  # index into TownPlan.junctions
    end: int
    pieces: list[Piece]
    heights: list[tuple[float, float, float, float]]  # s, length, height before, height after [m]
    speed: int  # [km/h]
    forward: int = 1  # driving lanes
    backward: int = 1  # 0: one way, and the reference line is its left border
    width: float = LANE_WIDTH  # [m] of a lane at both ends
    middle_width: float = LANE_WIDTH  # [m] of a lane between them
    sidewalks: bool = True
    shoulder: bool = False
    median: float = 0.0  # [m] to the left of a one-way road

    @property
    def length(self) -> float:
        """Length [m]."""
        return sum(piece.length for piece in self.pieces)

    def lanes_in(self, at_end: bool) -> int:
        """Number of lanes that lead into the junction at this end."""
        return self.forward if at_end else self.backward

    def lanes_out(self, at_end: bool) -> int:
        """Number of lanes that lead out of the junction at this end."""
        return self.backward if at_end else self.forward


@dataclass(eq=False)
class TownPlan:
    """A town, before it is written."""

    junctions: list[Junction]
    roads: list[Road]


def gate(x: float, y: float, heading: float, reach: float) -> tuple[float, float, float]:
    """Return the pose `reach` metres away from a point, looking away from it."""
    return x + reach * math.cos(heading), y + reach * math.sin(heading), heading


def ways_through(plan: TownPlan, junction: Junction) -> list[Way]:
    """Return the connecting roads of a junction: every turn but the one back."""
    ways: list[Way] = []
    count = len(junction.arms)
    for i, source in enumerate(junction.arms):
        for k in range(1, count):
            target = junction.arms[(i + k) % count]
            turn = math.remainder(target.heading - source.heading - math.pi, 2 * math.pi)
            lanes_in = plan.roads[source.road].lanes_in(source.at_end)
            lanes_out = plan.roads[target.road].lanes_out(target.at_end)
            # Two carriageways of one road lie side by side: no way from one to the other.
            back = abs(math.remainder(target.heading - source.heading, 2 * math.pi)) < _TURN
            if back or lanes_in == 0 or lanes_out == 0:
                continue
            paved = plan.roads[source.road].sidewalks and plan.roads[target.road].sidewalks
            groups = _lanes_of_turn(turn, lanes_in, lanes_out)
            if junction.ramps:
                groups = [_lanes_at_ramp(lanes_in, lanes_out)]
            for number, lanes in enumerate(groups):
                # Arms go round to the left, so the next one is to the right of who arrives here;
                # the sidewalk goes round that corner.
                sidewalk = k == 1 and paved and number == len(groups) - 1
                pieces = _line_of(plan, junction, source, target, lanes[0])
                ways.append(Way(source, target, lanes, pieces, sidewalk))
    return ways


def _lanes_of_turn(turn: float, lanes_in: int, lanes_out: int) -> list[tuple[tuple[int, int], ...]]:
    """Return which lanes lead to which: one tuple for each connecting road."""
    if turn > _TURN:
        return [((1, 1),)]
    if turn < -_TURN:
        return [((lanes_in, lanes_out),)]
    both = min(lanes_in, lanes_out)
    straight = tuple((k, k + lanes_out - both) for k in range(1, both + 1))
    # What is left over fans out to the inner lanes, or joins the outer one.
    fan = [((1, k),) for k in range(1, lanes_out - both + 1)]
    return [*fan, straight, *[((k, lanes_out),) for k in range(both + 1, lanes_in + 1)]]


def _lanes_at_ramp(lanes_in: int, lanes_out: int) -> tuple[tuple[int, int], ...]:
    """Return which lanes lead to which where a ramp leaves or joins on the right."""
    both = min(lanes_in, lanes_out)
    return tuple((lanes_in - k, lanes_out - k) for k in reversed(range(both)))


def _line_of(
    plan: TownPlan, junction: Junction, source: Arm, target: Arm, lanes: tuple[int, int]
) -> tuple[Piece, ...]:
    into = source.heading + math.pi
    begin = (lanes[0] - 1) * plan.roads[source.road].width
    end = (lanes[1] - 1) * plan.roads[target.road].width
    if begin == end == 0.0 and _is_plain(junction, source) and _is_plain(junction, target):
        turn = math.remainder(target.heading - into, 2 * math.pi)
        return (fillet(source.x, source.y, into, turn, junction.radius),)
    return bend(
        source.x + begin * math.sin(into),
        source.y - begin * math.cos(into),
        into,
        target.x + end * math.sin(target.heading),
        target.y - end * math.cos(target.heading),
        target.heading,
    )


def _is_plain(junction: Junction, arm: Arm) -> bool:
    """Whether an arm points away from the middle of its junction."""
    x, y, _ = gate(junction.x, junction.y, arm.heading, junction.radius)
    return math.hypot(x - arm.x, y - arm.y) < 1e-9
