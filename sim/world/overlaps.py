"""Lanes that lie over each other: beyond a fork until they have parted, and before a merge.

A body there stands on both: who comes along the other lane would drive into it. The traffic enters
such a body on each of them (see `traffic.lookup`), so it is a leader like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.conflicts import CLEARANCE
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]

REACH = 60.0  # [m] from a fork or a merge; slip roads run along the road for 40 m
HALF_BODY = 6.0  # [m] a body's centre is this far from its end at most
ANYWHERE = 1e9


class Overlaps(NamedTuple):
    """By lane: the other lanes that a body on it covers, too."""

    start: IntArray  # [L + 1]
    lane: IntArray  # [.] the other lane
    # [., 3] m: a body that reaches beyond the first and begins before the second place of this
    # lane covers the other; the third added to its s gives the s there.
    s: FloatArray


class _Way(NamedTuple):
    """A way from a fork or back from a merge: its points by their distance [m] from there."""

    lanes: tuple[int, ...]
    begins: tuple[float, ...]  # [m] where each lane begins
    away: NDArray[np.float64]
    xy: NDArray[np.float64]


def find_overlaps(network: RoadNetwork) -> Overlaps:
    """Find the driving lanes that lie over each other at forks and merges."""
    rows: dict[tuple[int, int, float], tuple[float, float]] = {}
    n = network
    for back, start, links in (
        (False, n.successor_start, n.successors),
        (True, n.predecessor_start, n.predecessors),
    ):
        for node in np.flatnonzero((np.diff(start) > 1) & (n.lane_type == LaneType.DRIVING)):
            branches = [
                list(_ways(n, int(lane), start, links, back))
                for lane in links[start[node] : start[node + 1]]
            ]
            for some, others in permutations(branches, 2):
                for one in some:
                    for two in others:
                        _add(rows, n, one, two, back)
    found = sorted((a, b, low, high, offset) for (a, b, offset), (low, high) in rows.items())
    counts = np.bincount([row[0] for row in found], minlength=n.n_lanes)
    return Overlaps(
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        np.array([row[1] for row in found], np.int32),
        np.array([row[2:] for row in found], np.float32).reshape(-1, 3),
    )


def _ways(
    n: RoadNetwork, lane: int, start: IntArray, links: IntArray, back: bool
) -> Iterator[_Way]:
    """All ways of REACH that begin with `lane`."""
    stack: list[tuple[tuple[int, ...], tuple[float, ...]]] = [((lane,), (0.0,))]
    while stack:
        lanes, begins = stack.pop()
        end = begins[-1] + float(n.lane_length[lanes[-1]])
        following = [
            int(x) for x in links[start[lanes[-1]] : start[lanes[-1] + 1]] if x not in lanes
        ]
        if end < REACH and following:
            stack += [((*lanes, x), (*begins, end)) for x in following]
            continue
        away, xy = [], []
        for x, begin in zip(lanes, begins, strict=True):
            points = n.lane_points(x).astype(np.float64)
            s = float(n.lane_length[x]) - points[:, Point.S] if back else points[:, Point.S]
            away.append(np.sort(s) + begin)
            xy.append(points[np.argsort(s, kind="stable")][:, [Point.X, Point.Y]])
        yield _Way(lanes, begins, np.concatenate(away), np.concatenate(xy))


def _add(
    rows: dict[tuple[int, int, float], tuple[float, float]],
    n: RoadNetwork,
    one: _Way,
    two: _Way,
    back: bool,
) -> None:
    """Note where bodies on the way `one` cover the way `two`."""
    gap = np.linalg.norm(one.xy[:, None] - two.xy[None], axis=2).min(1)
    apart = np.flatnonzero((gap > CLEARANCE) | (one.away > REACH))
    clear = float(one.away[apart[0]]) if len(apart) else float(one.away[-1])
    for a, begin in zip(one.lanes, one.begins, strict=True):
        if begin > clear + HALF_BODY or a in two.lanes:
            return
        end = begin + float(n.lane_length[a])
        for b, there in zip(two.lanes, two.begins, strict=True):
            last = there + float(n.lane_length[b])
            if there > min(end, clear + HALF_BODY) or last < begin or b in one.lanes:
                continue
            if back:
                offset, low, high = last - end, end - clear, ANYWHERE
            else:
                offset, low, high = begin - there, -ANYWHERE, clear - begin
            key = (a, b, round(offset, 3))
            before = rows.get(key, (low, high))
            rows[key] = (min(low, before[0]), max(high, before[1]))
