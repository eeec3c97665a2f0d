"""Lay out a town from a seed: junctions, the roads between them, what rules each junction.

Everything here is in OpenDRIVE's axes (x east, y north, angles to the left), as `generate` writes
it. A town is a bent grid of blocks with some streets left out; where only two streets meet, they
join in a curve and are one road.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise

import numpy as np

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.clothoid import Piece, fillet, join
from roadworthy.sim.road.street_graph import Edge, thin_out

LANE_WIDTH = 3.5  # [m]
SIDEWALK_WIDTH = 2.0  # [m]
JUNCTION_RADIUS = 13.0  # [m] from a junction's centre to where its roads begin
MIN_CURVE_RADIUS = 14.0  # [m] of a road's reference line
MIN_ROAD_LENGTH = 35.0  # [m]
MAX_GRADE = 0.08  # [m/m] steepest climb
MIN_SPACING = 18.0  # [m] between roads that do not meet
_ATTEMPTS = 200


class Rule(Enum):
    """What rules a junction."""

    LIGHTS = "lights"
    STOP = "stop"  # the minor approaches have stop signs
    YIELD = "yield"


@dataclass(frozen=True, slots=True)
class Arm:
    """One road's end at a junction."""

    road: int  # index into TownPlan.roads
    at_end: bool  # the road ends here (it begins here otherwise)
    heading: float  # [rad] away from the junction
    minor: bool  # has to stop or to yield where there are no lights
    phase: int  # in which its light is green


@dataclass(eq=False)
class Junction:
    """A place where three or four roads meet."""

    x: float
    y: float
    z: float
    rule: Rule
    arms: list[Arm] = field(default_factory=list)  # by rising heading


@dataclass(eq=False)
class Road:
    """A road between two junctions."""

    begin: int  # index into TownPlan.junctions
    end: int
    pieces: list[Piece]
    heights: list[tuple[float, float, float, float]]  # s, length, height before, height after [m]
    speed: int  # [km/h]

    @property
    def length(self) -> float:
        """Length [m]."""
        return sum(piece.length for piece in self.pieces)


@dataclass(eq=False)
class TownPlan:
    """A town, before it is written."""

    junctions: list[Junction]
    roads: list[Road]


def plan_town(seed: int) -> TownPlan:
    """Lay out a town.

    Args:
        seed: the same seed gives the same town.

    Raises:
        MapError: no sound layout was found for this seed.
    """
    for attempt in range(_ATTEMPTS):
        plan = _attempt(np.random.default_rng([seed, attempt]))
        if plan is not None:
            return plan
    raise MapError(f"no town could be laid out from seed {seed}; take another seed")


def _attempt(rng: np.random.Generator) -> TownPlan | None:
    nodes, edges = _streets(rng)
    degree = np.bincount(np.array(edges).ravel(), minlength=len(nodes))
    tilt = rng.uniform(0.0, 5.0) if rng.random() < 0.5 else 0.0  # [m] height of the hills
    phases = rng.uniform(0, 2 * math.pi, 2)
    heights = tilt * (np.sin(nodes[:, 0] / 70 + phases[0]) + np.sin(nodes[:, 1] / 80 + phases[1]))
    directions = _directions(nodes, edges, degree, rng)
    numbers = {int(node): i for i, node in enumerate(np.nonzero(degree > 2)[0])}
    if len(numbers) < 4:
        return None
    junctions = [
        Junction(
            float(nodes[node, 0]),
            float(nodes[node, 1]),
            float(heights[node]),
            _rule(int(degree[node]), rng),
        )
        for node in numbers
    ]
    roads = []
    for chain in _chains(edges, degree):
        road = _road(chain, nodes, heights, directions, degree, numbers, rng)
        if road is None:
            return None
        roads.append(road)
    plan = TownPlan(junctions, roads)
    _add_arms(plan)
    return plan if _is_sound(plan) else None


def _streets(rng: np.random.Generator) -> tuple[np.ndarray, list[Edge]]:
    columns, rows = (int(n) for n in rng.integers(3, 5, 2))
    xs = np.concatenate([[0.0], np.cumsum(rng.uniform(80.0, 140.0, columns - 1))])
    ys = np.concatenate([[0.0], np.cumsum(rng.uniform(80.0, 140.0, rows - 1))])
    grid = np.stack(np.meshgrid(xs - xs.mean(), ys - ys.mean()), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(-14.0, 14.0, grid.shape)
    angle = rng.uniform(-0.3, 0.3)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    edges = [
        (r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)
    ]
    edges += [
        (r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)
    ]
    return grid @ turn.T, thin_out(
        edges, columns * rows, int(len(edges) * rng.uniform(0.08, 0.25)), rng
    )


def _directions(
    nodes: np.ndarray, edges: list[Edge], degree: np.ndarray, rng: np.random.Generator
) -> dict[tuple[int, int], float]:
    """Return the heading in which the street to each neighbour leaves a node."""
    result: dict[tuple[int, int], float] = {}
    for node in range(len(nodes)):
        others = [b if a == node else a for a, b in edges if node in (a, b)]
        straight = [math.atan2(*(nodes[o] - nodes[node])[::-1]) for o in others]
        if degree[node] <= 2:
            result.update({(node, o): h for o, h in zip(others, straight, strict=True)})
            continue
        # Turn a cross of right angles as the neighbours lie, then loosen it a little.
        spin = (
            math.atan2(
                sum(math.sin(4 * h) for h in straight), sum(math.cos(4 * h) for h in straight)
            )
            / 4
        )
        for other, heading in zip(others, straight, strict=True):
            square = spin + round((heading - spin) / (math.pi / 2)) * math.pi / 2
            result[node, other] = square + rng.uniform(-0.12, 0.12)
    return result


def _chains(edges: list[Edge], degree: np.ndarray) -> list[list[int]]:
    """Return the ways from junction to junction, through nodes where only two streets meet."""
    neighbours: dict[int, list[int]] = {}
    for a, b in edges:
        neighbours.setdefault(a, []).append(b)
        neighbours.setdefault(b, []).append(a)
    chains, used = [], set()
    for start in sorted(neighbours):
        if degree[start] <= 2:
            continue
        for first in sorted(neighbours[start]):
            if (start, first) in used:
                continue
            chain = [start, first]
            while degree[chain[-1]] == 2:
                chain.append(next(n for n in neighbours[chain[-1]] if n != chain[-2]))
            used |= set(pairwise(chain)) | set(pairwise(chain[::-1]))
            chains.append(chain)
    return chains


def _road(
    chain: list[int],
    nodes: np.ndarray,
    heights: np.ndarray,
    directions: dict[tuple[int, int], float],
    degree: np.ndarray,
    numbers: dict[int, int],
    rng: np.random.Generator,
) -> Road | None:
    if chain[0] == chain[-1]:
        return None
    pieces: list[Piece] = []
    profile: list[tuple[float, float, float, float]] = []
    leave = _gate(nodes[chain[0]], directions[chain[0], chain[1]], JUNCTION_RADIUS)
    for k in range(1, len(chain)):
        before, node = chain[k - 1], chain[k]
        into = directions[node, before] + math.pi
        turn = 0.0
        if degree[node] == 2:
            turn = math.remainder(directions[node, chain[k + 1]] - into, 2 * math.pi)
            radius = rng.uniform(18.0, 40.0)
            reach = max(radius * math.tan(abs(turn) / 2), 10.0)
        else:
            reach = JUNCTION_RADIUS
        arrive = _gate(nodes[node], into + math.pi, reach)
        street = join(leave[0], leave[1], leave[2], arrive[0], arrive[1], into)
        if street is None or street.length < 0.6 * MIN_ROAD_LENGTH:
            return None
        begin = sum(piece.length for piece in pieces)
        profile.append((begin, street.length, float(heights[before]), float(heights[node])))
        pieces.append(street)
        if degree[node] == 2:
            pieces.append(fillet(arrive[0], arrive[1], into, turn, reach))
            leave = _gate(nodes[node], directions[node, chain[k + 1]], reach)
    road = Road(numbers[chain[0]], numbers[chain[-1]], pieces, profile, 50)
    road.speed = int(rng.choice([30, 40, 50], p=[0.25, 0.25, 0.5]))
    if any(1.5 * abs(after - before) > MAX_GRADE * length for _, length, before, after in profile):
        return None
    sharpest = max(max(abs(p.curvature_begin), abs(p.curvature_end)) for p in pieces)
    return road if road.length >= MIN_ROAD_LENGTH and sharpest < 1 / MIN_CURVE_RADIUS else None


def _gate(node: np.ndarray, heading: float, reach: float) -> tuple[float, float, float]:
    return (
        float(node[0]) + reach * math.cos(heading),
        float(node[1]) + reach * math.sin(heading),
        heading,
    )


def turn_piece(junction: Junction, source: Arm, target: Arm) -> Piece:
    """Return the reference line of the connecting road from one arm of a junction to another."""
    x, y, _ = _gate(np.array([junction.x, junction.y]), source.heading, JUNCTION_RADIUS)
    into = source.heading + math.pi
    turn = math.remainder(target.heading - into, 2 * math.pi)
    return fillet(x, y, into, turn, JUNCTION_RADIUS)


def _rule(degree: int, rng: np.random.Generator) -> Rule:
    if rng.random() < (0.75 if degree == 4 else 0.4):
        return Rule.LIGHTS
    return Rule.STOP if rng.random() < 0.5 else Rule.YIELD


def _add_arms(plan: TownPlan) -> None:
    for index, road in enumerate(plan.roads):
        last = road.pieces[-1]
        ends = (
            (road.begin, False, road.pieces[0].heading),
            (road.end, True, last.at(last.length)[2] + math.pi),
        )
        for number, at_end, heading in ends:
            plan.junctions[number].arms.append(
                Arm(index, at_end, heading % (2 * math.pi), False, 0)
            )
    for junction in plan.junctions:
        arms = sorted(junction.arms, key=lambda arm: arm.heading)
        if len(arms) == 4:
            minor = [False, True, False, True]
        else:
            # The stem of a T is the arm that is left over by the straightest pair.
            bends = [
                abs(
                    abs(math.remainder(arms[i - 1].heading - arms[i - 2].heading, 2 * math.pi))
                    - math.pi
                )
                for i in range(3)
            ]
            minor = [i == int(np.argmin(bends)) for i in range(3)]
        junction.arms = [
            Arm(arm.road, arm.at_end, arm.heading, m, int(m))
            for arm, m in zip(arms, minor, strict=True)
        ]


def _is_sound(plan: TownPlan) -> bool:
    rules = [junction.rule for junction in plan.junctions]
    if rules.count(Rule.LIGHTS) < 3 or len(set(rules)) < 2:
        return False
    for junction in plan.junctions:
        headings = [arm.heading for arm in junction.arms]
        gaps = np.diff([*headings, headings[0] + 2 * math.pi])
        if gaps.min() < math.radians(68):
            return False
    lines = [
        np.array(
            [piece.at(s)[:2] for piece in road.pieces for s in np.arange(0, piece.length, 6.0)]
        )
        for road in plan.roads
    ]
    for i, first in enumerate(lines):
        for second in lines[i + 1 :]:
            near = np.linalg.norm(first[:, None] - second[None], axis=2) < MIN_SPACING
            # Roads of one junction are near each other at their ends, and nowhere else.
            inner = near[4:-4, 4:-4] if len(first) > 8 and len(second) > 8 else near[:0]
            if inner.any():
                return False
    return True
