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
Links = Sequence[Sequence[int]]  # of each lane, the lanes before or after it


def find_chains(
    lanes: Sequence[Lane], predecessors: Links, successors: Links
) -> list[tuple[int, ...]]:
    """Return the ways through junctions: driving lanes one after the other, without a choice.

    Editors cut connecting roads into several lane sections; what holds of the way as a whole
    (where it begins and leads, what it crosses) is asked of the chain.
    """
    inside = [lane.junction >= 0 and lane.type == LaneType.DRIVING for lane in lanes]

    def only(links: Links, lane: int) -> int:
        others = [x for x in links[lane] if inside[x] and lanes[x].junction == lanes[lane].junction]
        return others[0] if len(others) == 1 and len(links[lane]) == 1 else -1

    def next_of(lane: int) -> int:
        follower = only(successors, lane)
        return follower if follower >= 0 and only(predecessors, follower) == lane else -1

    followers = {index: next_of(index) for index in range(len(lanes)) if inside[index]}
    heads = set(followers) - set(followers.values())
    chains, chained = [], set[int]()
    for head in [*sorted(heads), *sorted(followers)]:  # what is left then goes round in a ring
        chain: list[int] = []
        while head >= 0 and head not in chained:
            chain.append(head)
            chained.add(head)
            head = followers[head]
        if chain:
            chains.append(tuple(chain))
    return chains


def find_conflicts(
    lanes: Sequence[Lane],
    predecessors: Links,
    successors: Links,
    chains: Sequence[tuple[int, ...]],
) -> list[list[Zone]]:
    """Return the conflict zones of each lane.

    Two ways with a common predecessor part at their beginning; that is no conflict, but it is one
    where they meet again. Nor is it a conflict that a way touches those that follow it.
    """
    zones: list[list[Zone]] = [[] for _ in lanes]
    junctions: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for chain in chains:
        junctions[lanes[chain[0]].junction].append(chain)
    for members in junctions.values():
        lines = [_line(chain, lanes) for chain in members]
        boxes = np.array([np.r_[line[:, :2].min(0), line[:, :2].max(0)] for line in lines])
        for a, first in enumerate(members):
            beyond = np.maximum(boxes[a, :2] - boxes[:, 2:], boxes[:, :2] - boxes[a, 2:])
            apart = beyond.max(axis=1) > CLEARANCE
            for b in range(a + 1, len(members)):
                second = members[b]
                if apart[b] or _follow(first, second, successors):
                    continue
                same_start = bool(set(predecessors[first[0]]) & set(predecessors[second[0]]))
                near = _near(lines[a], lines[b], same_start)
                if near.any():
                    _share_out(zones, lanes, first, second, near)
    for found in zones:
        found.sort(key=lambda zone: (zone[1], zone[0]))
    return zones


def _line(chain: tuple[int, ...], lanes: Sequence[Lane]) -> NDArray[np.float64]:
    return np.concatenate([lanes[lane].points for lane in chain])


def _follow(first: tuple[int, ...], second: tuple[int, ...], successors: Links) -> bool:
    """Whether one chain leads into the other, at once or over one short chain."""
    for before, after in ((first, second), (second, first)):
        ahead = set(successors[before[-1]])
        if after[0] in ahead or any(after[0] in successors[lane] for lane in ahead):
            return True
    return False


def _share_out(
    zones: list[list[Zone]],
    lanes: Sequence[Lane],
    first: tuple[int, ...],
    second: tuple[int, ...],
    near: NDArray[np.bool_],
) -> None:
    """Write down where each two lanes of two chains meet."""
    rows = np.cumsum([0, *(len(lanes[lane].points) for lane in first)])
    columns = np.cumsum([0, *(len(lanes[lane].points) for lane in second)])
    for a, top, bottom in zip(first, rows, rows[1:], strict=False):
        for b, left, right in zip(second, columns, columns[1:], strict=False):
            zone = _spans(lanes[a].points, lanes[b].points, near[top:bottom, left:right])
            if zone is not None:
                zones[a].append((b, *zone))
                zones[b].append((a, *zone[2:], *zone[:2]))


def overlap(
    first: NDArray[np.float64], second: NDArray[np.float64], same_start: bool
) -> tuple[float, float, float, float] | None:
    """Return enter and leave on the first and on the second lane [m]; None where they stay apart.

    Args:
        first: [n, Point].
        second: [m, Point].
        same_start: both begin at the same place; the part that they share there does not count.
    """
    return _spans(first, second, _near(first, second, same_start))


def _near(
    first: NDArray[np.float64], second: NDArray[np.float64], same_start: bool
) -> NDArray[np.bool_]:
    """Return which points of the one come too close to which of the other, [n, m]."""
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
            near[:] = False
        near[: int(np.argmax(apart_first))] = False
        near[:, : int(np.argmax(apart_second))] = False
    return near


def _spans(
    first: NDArray[np.float64], second: NDArray[np.float64], near: NDArray[np.bool_]
) -> tuple[float, float, float, float] | None:
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
