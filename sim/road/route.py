"""Routes: where to drive, as points about 1 m apart along the lanes of a RoadNetwork."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import RouteError


class RoutePoint(IntEnum):
    """Columns of a route's points."""

    X = 0
    Y = 1
    Z = 2
    YAW = 3  # [rad] unwrapped along the route
    S = 4  # [m] from the route's beginning
    WIDTH = 5  # [m] of the lane
    SPEED_LIMIT = 6  # [m/s]
    LANE = 7  # index into the network's lanes
    LANE_S = 8  # [m] along that lane
    CURVATURE = 9  # [1/m] positive to the right


@dataclass(frozen=True, eq=False)
class Route:
    """A way through one town."""

    id: str
    town: str
    points: NDArray[np.float32]  # [N, RoutePoint]

    @property
    def length(self) -> float:
        """Length [m]."""
        return float(self.points[-1, RoutePoint.S])


@dataclass(frozen=True, eq=False)
class RouteSet:
    """Many routes of one town in one array, as the kernels read them."""

    routes: tuple[Route, ...]
    points: NDArray[np.float32]  # [sum N, RoutePoint]
    start: NDArray[np.int32]  # [R + 1]

    @classmethod
    def of(cls, routes: Sequence[Route]) -> RouteSet:
        """Pack routes.

        Raises:
            RouteError: there is none, they are of different towns, or one has under 2 points.
        """
        if not routes:
            raise RouteError("no routes given; a world needs at least one")
        if len({route.town for route in routes}) != 1:
            raise RouteError("the routes of one RouteSet must be of one town")
        for route in routes:
            if len(route.points) < 2:
                raise RouteError(f"route {route.id}: it has fewer than 2 points")
        start = np.cumsum([0] + [len(route.points) for route in routes]).astype(np.int32)
        points = np.concatenate([route.points for route in routes]).astype(np.float32)
        return cls(tuple(routes), points, start)
