"""Conflict zones: where the paths of two lanes of one junction come too close to each other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.road.sample import Lane

CLEARANCE = 2.5  # [m] between centre lines; below it two cars (1.9 m wide) would touch
MARGIN = 1.0  # [m] added at both ends of a zone

Zone = tuple[int, float, float, float, float]  # other lane, enter, leave here, enter, leave there


def find_conflicts(
    lanes: Sequence[Lane], predecessors: Sequence[Sequence[int]]
) -> list[list[Zone]]:
    """Return the conflict zones of each lane.

    Two lanes with a common predecessor part ways at their beginning; that is no conflict, but it
    is one where they meet again.
    """
    zones: list[list[Zone]] = [[] for _ in lanes]
    junctions: dict[int, list[int]] = defaultdict(list)
    for index, lane in enumerate(lanes):
        if lane.junction >= 0 and lane.type == LaneType.DRIVING:
            junctions[lane.junction].append(index)
    for members in junctions.values():
        boxes = np.array(
            [np.r_[lanes[i].points[:, :2].min(0), lanes[i].points[:, :2].max(0)] for i in members]
        )
        for a, first in enumerate(members):
            beyond = np.maximum(boxes[a, :2] - boxes[:, 2:], boxes[:, :2] - boxes[a, 2:])
            apart = beyond.max(axis=1) > CLEARANCE
            for b in range(a + 1, len(members)):
                if apart[b]:
                    continue
                second = members[b]
                same_start = bool(set(predecessors[first]) & set(predecessors[second]))
                zone = overlap(lanes[first].points, lanes[second].points, same_start)
                if zone is not None:
                    zones[first].append((second, *zone))
                    zones[second].append((first, *zone[2:], *zone[:2]))
    for found in zones:
        found.sort(key=lambda zone: (zone[1], zone[0]))
    return zones


def overlap(
    first: NDArray[np.float64], second: NDArray[np.float64], same_start: bool
) -> tuple[float, float, float, float] | None:
    """Return enter and leave on the first and on the second lane [m]; None where they stay apart.

    Args:
        first: [n, Point].
        second: [m, Point].
        same_start: both begin at the same place; the part that they share there does not count.
    """
    near = (
        np.linalg.norm(
            first[:, None, [Point.X, Point.Y]] - second[None, :, [Point.X, Point.Y]], axis=2
        )
        < CLEARANCE
    )
    # Different levels of an interchange do not meet.
    near &= np.abs(first[:, None, Point.Z] - second[None, :, Point.Z]) < 3.0
    if same_start:
        apart_first, apart_second = ~near.any(1), ~near.any(0)
        if not apart_first.any() or not apart_second.any():
            return None
        near[: int(np.argmax(apart_first))] = False
        near[:, : int(np.argmax(apart_second))] = False
    rows, columns = np.nonzero(near.any(1))[0], np.nonzero(near.any(0))[0]
    if len(rows) == 0:
        return None

    def span(points: NDArray[np.float64], indices: NDArray[np.intp]) -> tuple[float, float]:
        s = points[:, Point.S]
        return (
            max(float(s[indices[0]]) - MARGIN, 0.0),
            min(float(s[indices[-1]]) + MARGIN, float(s[-1])),
        )

    return (*span(first, rows), *span(second, columns))
