"""The streets of a generated town: a bent grid of nodes, and the roads that join them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from roadworthy.sim.road.clothoid import Piece, fillet, join
from roadworthy.sim.road.street_graph import Edge, thin_out
from roadworthy.sim.road.town_parts import JUNCTION_RADIUS, Road, gate
from roadworthy.sim.road.town_style import Style

MIN_CURVE_RADIUS = 14.0  # [m] of a road's reference line
MIN_ROAD_LENGTH = 35.0  # [m]
MAX_GRADE = 0.08  # [m/m] steepest climb


@dataclass(eq=False)
class Streets:
    """Nodes and the streets between them, before they become roads."""

    nodes: np.ndarray  # [n, 2] x, y [m]
    edges: list[Edge]
    degree: np.ndarray  # [n] arms of each node; where it is 2, a road bends
    heights: np.ndarray  # [n] z [m]
    reach: list[float] = field(default_factory=list)  # [m] from a node to where its roads begin
    avenues: set[Edge] = field(default_factory=set)  # streets of four lanes, each sorted

    @classmethod
    def of(cls, nodes: np.ndarray, edges: list[Edge]) -> Streets:
        """Make flat streets whose junctions are all of the usual size."""
        degree = np.bincount(np.array(edges).ravel(), minlength=len(nodes))
        return cls(nodes, edges, degree, np.zeros(len(nodes)), [JUNCTION_RADIUS] * len(nodes))


def lay_roads(
    streets: Streets,
    numbers: dict[int, int],
    style: Style,
    rng: np.random.Generator,
    directions: dict[tuple[int, int], float],
) -> list[Road] | None:
    """Turn streets into roads; None where one would be too short, too steep or too sharp.

    Args:
        streets: what to build.
        numbers: the junction of each node that is one.
        style: of the town.
        rng: what is drawn from.
        directions: heading in which the street to each neighbour leaves a node.
    """
    roads = []
    for chain in _chains(streets.edges, streets.degree):
        road = _road(chain, streets, directions, numbers, style, rng)
        if road is None:
            return None
        roads.append(road)
    return roads


def draw_streets(style: Style, rng: np.random.Generator) -> Streets:
    """Draw the nodes of a bent grid and the streets between them."""
    columns, rows = (int(n) for n in rng.integers(3, 5, 2))
    xs = np.concatenate([[0.0], np.cumsum(rng.uniform(*style.spacing, columns - 1))])
    ys = np.concatenate([[0.0], np.cumsum(rng.uniform(*style.spacing, rows - 1))])
    grid = np.stack(np.meshgrid(xs - xs.mean(), ys - ys.mean()), axis=-1).reshape(-1, 2)
    grid = grid + rng.uniform(-style.jitter, style.jitter, grid.shape)
    angle = rng.uniform(-0.3, 0.3)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    edges = [
        (r * columns + c, r * columns + c + 1) for r in range(rows) for c in range(columns - 1)
    ]
    edges += [
        (r * columns + c, (r + 1) * columns + c) for r in range(rows - 1) for c in range(columns)
    ]
    kept = thin_out(edges, columns * rows, int(len(edges) * rng.uniform(*style.left_out)), rng)
    streets = Streets.of(grid @ turn.T, kept)
    if style.avenues > 0:  # one line of the grid is an avenue, and maybe the one across, too
        row, column = rows // 2, columns // 2
        across = rng.random() < style.avenues
        for a, b in kept:
            along = a // columns == b // columns == row
            if along or (across and a % columns == b % columns == column):
                streets.avenues.add((a, b))
    return streets


def draw_directions(
    nodes: np.ndarray,
    edges: list[Edge],
    degree: np.ndarray,
    loosen: float,
    rng: np.random.Generator,
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
            result[node, other] = square + rng.uniform(-loosen, loosen)
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
    streets: Streets,
    directions: dict[tuple[int, int], float],
    numbers: dict[int, int],
    style: Style,
    rng: np.random.Generator,
) -> Road | None:
    if chain[0] == chain[-1]:
        return None
    heights, degree = streets.heights, streets.degree
    places = [(float(x), float(y)) for x, y in streets.nodes]
    pieces: list[Piece] = []
    profile: list[tuple[float, float, float, float]] = []
    leave = gate(*places[chain[0]], directions[chain[0], chain[1]], streets.reach[chain[0]])
    for k in range(1, len(chain)):
        before, node = chain[k - 1], chain[k]
        into = directions[node, before] + math.pi
        turn = 0.0
        if degree[node] == 2:
            turn = math.remainder(directions[node, chain[k + 1]] - into, 2 * math.pi)
            radius = rng.uniform(18.0, 40.0)
            reach = max(radius * math.tan(abs(turn) / 2), 10.0)
        else:
            reach = streets.reach[node]
        arrive = gate(*places[node], into + math.pi, reach)
        street = join(leave[0], leave[1], leave[2], arrive[0], arrive[1], into)
        if street is None or street.length < 0.6 * MIN_ROAD_LENGTH:
            return None
        begin = sum(piece.length for piece in pieces)
        profile.append((begin, street.length, float(heights[before]), float(heights[node])))
        pieces.append(street)
        if degree[node] == 2:
            pieces.append(fillet(arrive[0], arrive[1], into, turn, reach))
            leave = gate(*places[node], directions[node, chain[k + 1]], reach)
    road = Road(numbers[chain[0]], numbers[chain[-1]], pieces, profile, 50)
    road.speed = int(rng.choice([30, 40, 50], p=[0.25, 0.25, 0.5]))
    if any(1.5 * abs(after - before) > MAX_GRADE * length for _, length, before, after in profile):
        return None
    sharpest = max(max(abs(p.curvature_begin), abs(p.curvature_end)) for p in pieces)
    if road.length < MIN_ROAD_LENGTH or sharpest >= 1 / MIN_CURVE_RADIUS:
        return None
    if all(tuple(sorted(pair)) in streets.avenues for pair in pairwise(chain)):
        road.forward = road.backward = 2
    elif style.uneven > 0 and rng.random() < style.uneven:
        road.middle_width = float(rng.choice([3.0, 3.25, 4.0]))
    return road
