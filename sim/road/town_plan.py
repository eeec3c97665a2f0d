"""Lay out a town from a seed: junctions, the roads between them, what rules each junction.

Everything here is in OpenDRIVE's axes (x east, y north, angles to the left), as `generate` writes
it. A town is a bent grid of blocks with some streets left out; where only two streets meet, they
join in a curve and are one road. The kinds of towns differ by their `Style`.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from roadworthy.sim.errors import MapError
from roadworthy.sim.road.highway import RAMP_SPEED, add_highway, highway_streets
from roadworthy.sim.road.roundabout import REACH, open_roundabout
from roadworthy.sim.road.town_parts import (
    WIDE_RADIUS,
    Arm,
    Junction,
    Road,
    Rule,
    TownPlan,
    gate,
)
from roadworthy.sim.road.town_streets import Streets, draw_directions, draw_streets, lay_roads
from roadworthy.sim.road.town_style import STYLES, Style

MIN_SPACING = 18.0  # [m] between roads that do not meet
MIN_GAP = math.radians(68)  # between two arms of a junction
_ATTEMPTS = 200


def plan_town(seed: int, kind: str = "grid") -> TownPlan:
    """Lay out a town.

    Args:
        seed: the same seed gives the same town.
        kind: one of `town_style.KINDS`.

    Raises:
        MapError: there is no such kind, or no sound layout was found for this seed.
    """
    style = STYLES.get(kind)
    if style is None:
        raise MapError(f"there is no kind of town {kind!r}; known are {', '.join(STYLES)}")
    for attempt in range(_ATTEMPTS):
        plan = _attempt(style, np.random.default_rng([seed, attempt]))
        if plan is not None:
            return plan
    raise MapError(f"no town could be laid out from seed {seed}; take another seed")


def _attempt(style: Style, rng: np.random.Generator) -> TownPlan | None:
    streets = highway_streets(rng) if style.highway else draw_streets(style, rng)
    nodes = streets.nodes
    if not style.highway:
        tilt = rng.uniform(0.0, 5.0) if rng.random() < 0.5 else 0.0  # [m] height of the hills
        phases = rng.uniform(0, 2 * math.pi, 2)
        hills = np.sin(nodes[:, 0] / 70 + phases[0]) + np.sin(nodes[:, 1] / 80 + phases[1])
        streets.heights = tilt * hills
    directions = draw_directions(nodes, streets.edges, streets.degree, style.loosen, rng)
    numbers = {int(node): i for i, node in enumerate(np.nonzero(streets.degree > 2)[0])}
    if len(numbers) < 4:
        return None
    rules = {node: _rule(int(streets.degree[node]), style, rng) for node in numbers}
    rounds = _size_junctions(streets, numbers, style, rng)
    junctions = [
        Junction(
            float(nodes[node, 0]),
            float(nodes[node, 1]),
            float(streets.heights[node]),
            rule,
            streets.reach[node],
        )
        for node, rule in rules.items()
    ]
    roads = lay_roads(streets, numbers, style, rng, directions)
    if roads is None:
        return None
    plan = TownPlan(junctions, roads)
    if style.highway:
        add_highway(plan, streets, numbers)
    _add_arms(plan)
    lacking = (style.roundabouts > 0 and not rounds) or (
        style.avenues > 0 and all(road.backward < 2 for road in roads)
    )
    if lacking or not _is_sound(plan, style):
        return None
    for node in rounds:
        open_roundabout(plan, numbers[node])
    return plan


def _size_junctions(
    streets: Streets, numbers: dict[int, int], style: Style, rng: np.random.Generator
) -> list[int]:
    """Give each junction its room; return the nodes that become roundabouts."""
    rounds = []
    wide = {node for edge in streets.avenues for node in edge}
    for node in numbers:
        if node in wide:
            streets.reach[node] = WIDE_RADIUS
        elif style.roundabouts > 0 and rng.random() < style.roundabouts:
            streets.reach[node] = REACH
            rounds.append(node)
    return rounds


def _rule(degree: int, style: Style, rng: np.random.Generator) -> Rule:
    if style.rules is not None:
        rules = list(style.rules)
        return rules[int(rng.choice(len(rules), p=[style.rules[rule] for rule in rules]))]
    if rng.random() < (0.75 if degree == 4 else 0.4):
        return Rule.LIGHTS
    return Rule.STOP if rng.random() < 0.5 else Rule.YIELD


def _add_arms(plan: TownPlan) -> None:
    for index, road in enumerate(plan.roads):
        for number, at_end in ((road.begin, False), (road.end, True)):
            plan.junctions[number].arms.append(_arm(index, road, at_end, plan.junctions[number]))
    for junction in plan.junctions:
        arms = sorted(junction.arms, key=lambda arm: arm.heading)
        if junction.ramps:  # who comes from the ramp gives way
            minor = [arm.at_end and plan.roads[arm.road].speed == RAMP_SPEED for arm in arms]
        else:
            minor = _minor_arms(arms)
        junction.arms = [
            dataclasses.replace(arm, minor=m or junction.rule == Rule.ALL_STOP, phase=int(m))
            for arm, m in zip(arms, minor, strict=True)
        ]


def _arm(index: int, road: Road, at_end: bool, junction: Junction) -> Arm:
    first, last = road.pieces[0], road.pieces[-1]
    x, y, heading = last.at(last.length) if at_end else (first.x, first.y, first.heading)
    heading = (heading + math.pi if at_end else heading) % (2 * math.pi)
    meant = gate(junction.x, junction.y, heading, junction.radius)
    if math.hypot(meant[0] - x, meant[1] - y) < 0.05:  # a curve's end is computed to a millimetre
        x, y = meant[:2]
    return Arm(index, at_end, heading, False, 0, x, y)


def _minor_arms(arms: list[Arm]) -> list[bool]:
    """Return which arms have to give way; the carriageways of one road count as one arm."""
    groups: list[list[int]] = []
    for i, arm in enumerate(arms):
        last = arms[groups[-1][0]] if groups else None
        if last is not None and abs(arm.heading - last.heading) < math.radians(20):
            groups[-1].append(i)
        else:
            groups.append([i])
    wraps = arms[-1].heading - arms[0].heading > 2 * math.pi - math.radians(20)
    if len(groups) > 1 and wraps:
        groups[0] += groups.pop()
    headings = [arms[group[0]].heading for group in groups]
    if len(groups) == 4:
        minor = [False, True, False, True]
    elif len(groups) == 3:
        # The stem of a T is the arm that is left over by the straightest pair.
        bends = [
            abs(abs(math.remainder(headings[i - 1] - headings[i - 2], 2 * math.pi)) - math.pi)
            for i in range(3)
        ]
        minor = [i == int(np.argmin(bends)) for i in range(3)]
    else:
        minor = [False] * len(groups)
    by_arm = {i: m for group, m in zip(groups, minor, strict=True) for i in group}
    return [by_arm[i] for i in range(len(arms))]


def _is_sound(plan: TownPlan, style: Style) -> bool:
    rules = [junction.rule for junction in plan.junctions]
    if rules.count(Rule.LIGHTS) < style.lights or len(set(rules)) < style.kinds:
        return False
    for junction in plan.junctions:
        headings = [arm.heading for arm in junction.arms]
        gaps = np.diff([*headings, headings[0] + 2 * math.pi])
        if not style.highway and gaps.min() < MIN_GAP:
            return False
    if style.highway:
        return True  # its places are set; only their details are drawn
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
