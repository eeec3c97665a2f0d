"""The rings of roundabouts: lanes that go round to the left and come back to where they began."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.sample import Lane

MIN_RADIUS, MAX_RADIUS = 4.0, 60.0  # [m] of a ring
MAX_ROUND = 2.2 * np.pi * MAX_RADIUS  # [m] once round, at most


def ring_lanes(lanes: Sequence[Lane], successors: Sequence[Sequence[int]]) -> set[int]:
    """Return the lanes that circulate in a roundabout (right-hand traffic: to the left)."""
    lengths = [lane.length for lane in lanes]
    turned = [float(lane.points[-1, Point.YAW] - lane.points[0, Point.YAW]) for lane in lanes]
    driving = [lane.type == LaneType.DRIVING for lane in lanes]
    return _rings(lengths, turned, driving, successors)


def ring_lanes_of(network: RoadNetwork) -> set[int]:
    """Return the lanes of a compiled town that circulate in a roundabout."""
    first, last = network.lane_start[:-1], network.lane_start[1:] - 1
    turned = network.points[last, Point.YAW] - network.points[first, Point.YAW]
    return _rings(
        network.lane_length.tolist(),
        turned.tolist(),
        (network.lane_type == LaneType.DRIVING).tolist(),
        [
            network.successors[a:b].tolist()
            for a, b in zip(network.successor_start, network.successor_start[1:], strict=False)
        ],
    )


def _rings(
    lengths: Sequence[float],
    turned: Sequence[float],
    driving: Sequence[bool],
    successors: Sequence[Sequence[int]],
) -> set[int]:
    bent = {
        index
        for index, drives in enumerate(driving)
        if drives and _goes_round(lengths[index], turned[index])
    }
    return {index for index in bent if _returns(index, bent, lengths, successors)}


def _goes_round(length: float, turned: float) -> bool:
    if length < 3.0:  # too short to tell; the lanes around it decide
        return abs(turned) < 1.0
    return length < MAX_ROUND and 1 / MAX_RADIUS < -turned / length < 1 / MIN_RADIUS


def _returns(
    start: int, bent: set[int], lengths: Sequence[float], successors: Sequence[Sequence[int]]
) -> bool:
    """Whether a lane can be reached from itself along bent lanes, within one round."""
    distance = {start: 0.0}
    frontier = [start]
    while frontier:
        lane = frontier.pop()
        beyond = distance[lane] + lengths[lane]
        if beyond > MAX_ROUND:
            continue
        for follower in successors[lane]:
            if follower == start:
                return True
            if follower in bent and beyond < distance.get(follower, np.inf):
                distance[follower] = beyond
                frontier.append(follower)
    return False
