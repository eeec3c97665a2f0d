"""The rings of roundabouts: lanes that go round to the left and come back to where they began."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from roadworthy.sim.road.network import LaneType, Point
from roadworthy.sim.road.sample import Lane

MIN_RADIUS, MAX_RADIUS = 4.0, 60.0  # [m] of a ring
MAX_ROUND = 2.2 * np.pi * MAX_RADIUS  # [m] once round, at most


def ring_lanes(lanes: Sequence[Lane], successors: Sequence[Sequence[int]]) -> set[int]:
    """Return the lanes that circulate in a roundabout (right-hand traffic: to the left)."""
    bent = {index for index, lane in enumerate(lanes) if _goes_round(lane)}
    return {index for index in bent if _returns(index, bent, lanes, successors)}


def _goes_round(lane: Lane) -> bool:
    if lane.type != LaneType.DRIVING or lane.length > MAX_ROUND:
        return False
    yaw = lane.points[:, Point.YAW]
    if lane.length < 3.0:  # too short to tell; the lanes around it decide
        return abs(float(yaw[-1] - yaw[0])) < 1.0
    curvature = -float(yaw[-1] - yaw[0]) / lane.length
    return 1 / MAX_RADIUS < curvature < 1 / MIN_RADIUS


def _returns(
    start: int, bent: set[int], lanes: Sequence[Lane], successors: Sequence[Sequence[int]]
) -> bool:
    """Whether a lane can be reached from itself along bent lanes, within one round."""
    distance = {start: 0.0}
    frontier = [start]
    while frontier:
        lane = frontier.pop()
        beyond = distance[lane] + lanes[lane].length
        if beyond > MAX_ROUND:
            continue
        for follower in successors[lane]:
            if follower == start:
                return True
            if follower in bent and beyond < distance.get(follower, np.inf):
                distance[follower] = beyond
                frontier.append(follower)
    return False
