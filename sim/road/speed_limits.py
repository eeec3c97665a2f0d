"""Speed limits of lanes, from signs and from the file."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.sample import Lane

DEFAULT_SPEED = 50 / 3.6  # [m/s] in built-up areas where the map says nothing

Signs = dict[int, list[tuple[float, float]]]  # lane -> (s [m], limit [m/s])


def speed_limits(
    lanes: Sequence[Lane],
    predecessors: Sequence[Sequence[int]],
    successors: Sequence[Sequence[int]],
    signs: Signs,
    urban_default: bool,
) -> NDArray[np.float32]:
    """Return the limit of each lane [m/s].

    Where a town has speed signs they rule, as in CARLA: a limit holds until the next sign. Other
    lanes have the limit of their road; connecting roads without one inherit it.

    Args:
        lanes: all lanes.
        predecessors: of each lane.
        successors: of each lane.
        signs: signs on each lane.
        urban_default: roads of type "town" above `DEFAULT_SPEED` carry an editor's default, not a
            limit (RoadRunner exports 50 to 65 mph there), and are taken as `DEFAULT_SPEED`.
    """
    limits = [
        min(lane.speed, DEFAULT_SPEED) if urban_default and lane.urban else lane.speed
        for lane in lanes
    ]
    limits = _inherit(_inherit(limits, predecessors), successors)
    limits = [DEFAULT_SPEED if math.isnan(limit) else limit for limit in limits]
    for lane, limit in _signed(lanes, successors, signs).items():
        limits[lane] = limit
    return np.array(limits, np.float32)


def _inherit(limits: Sequence[float], links: Sequence[Sequence[int]]) -> list[float]:
    """Fill lanes without a limit with the lowest of those that they are linked to."""
    current = list(limits)
    for _ in range(4):  # connecting roads come in chains of a few lanes
        filled = list(current)
        for i, limit in enumerate(current):
            if math.isnan(limit):
                known = [current[j] for j in links[i] if not math.isnan(current[j])]
                filled[i] = min(known) if known else math.nan
        current = filled
    return current


def _signed(
    lanes: Sequence[Lane], successors: Sequence[Sequence[int]], signs: Signs
) -> dict[int, float]:
    """Return the limits that signs set: that of the nearest sign upstream of a lane's middle."""
    result: dict[int, float] = {}
    queue: list[tuple[float, int, float]] = []  # distance behind the sign, lane, limit
    last: dict[int, float] = {}
    for lane, posts in signs.items():
        posts = sorted(posts)
        early = [limit for s, limit in posts if s <= lanes[lane].length / 2]
        if early:
            result[lane] = early[-1]
        s, last[lane] = posts[-1]
        for follower in successors[lane]:
            heapq.heappush(queue, (lanes[lane].length - s, follower, last[lane]))
    reached: set[int] = set()
    while queue:
        distance, lane, limit = heapq.heappop(queue)
        if lane in reached:
            continue
        reached.add(lane)
        result.setdefault(lane, limit)
        if lane not in last:  # behind a sign, that sign's limit goes on
            for follower in successors[lane]:
                heapq.heappush(queue, (distance + lanes[lane].length, follower, limit))
    return result
