"""All prototypes of actors in one soup: each Kind and each PropModel, near and far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.scenery.obstacles import obstacle
from roadworthy.sim.scenery.people import walker
from roadworthy.sim.scenery.prototype import Body
from roadworthy.sim.scenery.soup import Soup
from roadworthy.sim.scenery.vehicles import bus, car, truck, two_wheeler, van
from roadworthy.sim.world.columns import Kind, PropModel


@dataclass(frozen=True, eq=False)
class Prototypes:
    """All prototypes in one soup; level 0 is near, level 1 far."""

    soup: Soup
    # Kind k at level l is row 2 * k + l; PropModel m, whose Kind is the last, row 2 * (k + m) + l.
    start: NDArray[np.int32]
    pivot: NDArray[np.float32]  # [T, 3] what a triangle's part turns about, in the unit box


def prototypes() -> Prototypes:
    """Build the prototypes of all kinds."""
    bodies = [_body(kind, fine) for kind in Kind if kind != Kind.PROP for fine in (True, False)]
    bodies += [obstacle(model, fine) for model in PropModel for fine in (True, False)]
    soups = [body.soup() for body in bodies]
    start = np.cumsum([0] + [len(soup.base) for soup in soups]).astype(np.int32)
    pivot = np.concatenate([body.pivots() for body in bodies]).astype(np.float32)
    return Prototypes(Soup.joined(soups), start, pivot)


def _body(kind: Kind, fine: bool) -> Body:
    makers = {Kind.CAR: car, Kind.VAN: van, Kind.TRUCK: truck, Kind.BUS: bus, Kind.WALKER: walker}
    if kind in makers:
        return makers[kind](fine)
    return two_wheeler(kind == Kind.MOTORCYCLE, fine)
