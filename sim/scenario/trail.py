"""Trails: from a line of poses to the path of a staged actor, with the lanes below it."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.scenario.script import Waypoint
from roadworthy.sim.scenario.street import STOREY, Array, Mark

ALONG = 0.5  # cosine: a lane whose direction differs more is not the lane of who moves


def trail(network: RoadNetwork, line: Array, *, slow: bool) -> Array:
    """Make the path of an actor.

    Args:
        network: the town's roads.
        line: poses [n, Mark]; of its lanes only those are kept that the pose lies on.
        slow: who stands or walks is in the way of a lane whatever its direction; who drives is
            on a lane only in its direction.

    Returns:
        [n, Waypoint].
    """
    out = np.zeros((len(line), len(Waypoint)))
    out[:, :3] = line[:, [Mark.X, Mark.Y, Mark.Z]]
    out[:, Waypoint.YAW] = np.unwrap(line[:, Mark.YAW])
    steps = np.hypot(*np.diff(line[:, :2], axis=0).T)
    out[1:, Waypoint.S] = np.cumsum(steps)
    _find_lanes(network, line, out, slow)
    lanes = out[:, Waypoint.LANE]
    cuts = np.append(np.flatnonzero(np.diff(lanes)) + 1, len(lanes))
    here = np.arange(len(lanes))
    out[:, Waypoint.NEXT] = cuts[np.searchsorted(cuts, here, side="right")] - here
    return out


def _find_lanes(network: RoadNetwork, line: Array, out: Array, slow: bool) -> None:
    """Write lane, lane s and lateral of each pose; a pose keeps its line's lane where it can."""
    points = network.points
    low, high = line[:, :2].min(0) - 6.0, line[:, :2].max(0) + 6.0
    near = np.flatnonzero((points[:, :2] >= low).all(1) & (points[:, :2] <= high).all(1))
    near = near[network.lane_type[network.point_lane[near]] == LaneType.DRIVING]
    out[:, Waypoint.LANE] = -1.0
    if len(near) == 0:
        return
    xy, z = points[near, :2].astype(np.float64), points[near, Point.Z]
    yaw, owner = points[near, Point.YAW], network.point_lane[near]
    for i, row in enumerate(line):
        gap = np.hypot(xy[:, 0] - row[Mark.X], xy[:, 1] - row[Mark.Y])
        gap[np.abs(z - row[Mark.Z]) > STOREY] = np.inf
        if not slow:
            gap[np.cos(yaw - row[Mark.YAW]) < ALONG] = np.inf
        own = np.where(owner == int(row[Mark.LANE]), gap, np.inf)
        for candidates in (own, gap):
            k = int(candidates.argmin())
            point = points[near[k]]
            if not np.isfinite(candidates[k]):
                continue
            dx, dy = row[Mark.X] - point[Point.X], row[Mark.Y] - point[Point.Y]
            cos, sin = np.cos(point[Point.YAW]), np.sin(point[Point.YAW])
            along, lateral = cos * dx + sin * dy, cos * dy - sin * dx
            if abs(lateral) <= 0.5 * point[Point.WIDTH] and abs(along) <= 1.5:
                out[i, Waypoint.LANE] = float(owner[k])
                out[i, Waypoint.LANE_S] = float(point[Point.S] + along)
                out[i, Waypoint.LATERAL] = float(lateral)
                break
