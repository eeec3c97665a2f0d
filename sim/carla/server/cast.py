"""Who plays in a staged world: the blueprint that fits an actor's kind and size."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.blueprints import (
    CHILDREN,
    COLOR,
    PEDESTRIANS,
    STRING,
    library,
)
from roadworthy.sim.carla.server.props import PROPS
from roadworthy.sim.carla.server.values import Description
from roadworthy.sim.carla.server.vehicles import MODELS
from roadworthy.sim.scenery.material import BODY_COLORS
from roadworthy.sim.world.columns import Actor, Kind

HERO = "vehicle.lincoln.mkz_2020"
GROWN = 1.45  # [m] whoever is shorter is a child


def part_of(row: NDArray[np.float32], role: str, hero: bool = False) -> Description:
    """What a client is told that an actor row [Actor] is."""
    kind, color = Kind(int(row[Actor.KIND])), int(row[Actor.COLOR])
    size = tuple(round(float(row[c]), 4) for c in (Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT))
    if hero:
        name = HERO
    elif kind == Kind.WALKER:
        name = _walker(color, size[2] < GROWN)
    elif kind == Kind.PROP:
        name = _prop(color, size)
    else:
        name = _vehicle(kind, size)
    uid, attributes = _defaults(name)
    values = attributes | {"role_name": (STRING, role)}
    if "color" in attributes:
        red, green, blue = (round(float(c)) for c in BODY_COLORS[color % len(BODY_COLORS)])
        values["color"] = (COLOR, f"{red},{green},{blue}")
    return Description(uid, name, values)


def _away(half: tuple[float, ...], size: tuple[float, ...]) -> float:
    return sum(abs(2.0 * h - s) for h, s in zip(half, size, strict=True))


@cache
def _vehicle(kind: Kind, size: tuple[float, ...]) -> str:
    of_kind = [model for model in MODELS if model.kind == kind]
    return min(of_kind, key=lambda model: _away(model.half, size)).id


@cache
def _prop(looks: int, size: tuple[float, ...]) -> str:
    alike = [prop for prop in PROPS.values() if int(prop.looks) == looks] or list(PROPS.values())
    return min(alike, key=lambda prop: _away(prop.half, size)).name


@cache
def _walker(color: int, child: bool) -> str:
    numbers = [n for n in range(1, PEDESTRIANS + 1) if (n in CHILDREN) == child]
    return f"walker.pedestrian.{numbers[color % len(numbers)]:04d}"


@cache
def _defaults(name: str) -> tuple[int, dict[str, tuple[int, str]]]:
    """Number of a blueprint, and its attributes as they are when nobody sets any."""
    uid = list(library()).index(name) + 1
    return uid, {item.id: (item.kind, item.value) for item in library()[name].attributes}
