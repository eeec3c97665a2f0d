"""The kinds of towns that the generator makes, as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from roadworthy.sim.road.town_parts import Rule


@dataclass(frozen=True, slots=True)
class Style:
    """What a kind of town is drawn from."""

    spacing: tuple[float, float] = (80.0, 140.0)  # [m] between the streets of the grid
    jitter: float = 14.0  # [m] by which its corners are moved
    loosen: float = 0.12  # [rad] by which arms are turned from the right angle
    left_out: tuple[float, float] = (0.08, 0.25)  # share of streets that are left out
    rules: Mapping[Rule, float] | None = None  # shares; None: as the first towns had them
    lights: int = 3  # junctions with lights, at least
    kinds: int = 2  # different rules, at least
    roundabouts: float = 0.0  # share of junctions
    avenues: float = 0.0  # 0: none; else one, and the chance of a second one across it
    uneven: float = 0.0  # share of roads whose lanes change their width
    highway: bool = False  # a dual carriageway with ramps runs through it


_ALL: Mapping[Rule, float] = {
    Rule.LIGHTS: 0.34,
    Rule.STOP: 0.18,
    Rule.YIELD: 0.18,
    Rule.ALL_STOP: 0.1,
    Rule.NONE: 0.2,
}
_SIGNS: Mapping[Rule, float] = {
    Rule.STOP: 0.35,
    Rule.YIELD: 0.35,
    Rule.ALL_STOP: 0.15,
    Rule.NONE: 0.15,
}

STYLES: Mapping[str, Style] = {
    "grid": Style(),
    "irregular": Style(
        spacing=(90.0, 170.0),
        jitter=26.0,
        loosen=0.17,
        left_out=(0.15, 0.35),
        rules=_ALL,
        lights=1,
        kinds=3,
        uneven=0.5,
    ),
    "roundabouts": Style(
        spacing=(115.0, 165.0),
        jitter=10.0,
        loosen=0.06,
        rules=_SIGNS,
        lights=0,
        kinds=2,
        roundabouts=0.4,
        uneven=0.3,
    ),
    "highway": Style(rules=_ALL, lights=0, kinds=2, highway=True, uneven=0.3),
    "mixed": Style(
        spacing=(120.0, 170.0),
        jitter=12.0,
        loosen=0.06,
        rules=_ALL,
        lights=1,
        kinds=3,
        roundabouts=0.2,
        avenues=0.5,
        uneven=0.3,
    ),
}
KINDS = tuple(STYLES)
