"""A hand-made network: one straight two-lane road with sidewalks, a light and a crosswalk."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.road.network import LaneType, MarkType, RoadNetwork, SignalKind


def straight_road(length: int = 300) -> RoadNetwork:
    """Road along +x, right-hand traffic: lane 0 drives +x at y = 1.75, lane 1 drives -x.

    Lanes 2 and 3 are the sidewalks. A light stands at x = 200 for lane 0, stop line at x = 190,
    crosswalk at x = 195.
    """
    rows = []
    s = np.arange(length + 1, dtype=np.float32)
    zero = np.zeros_like(s)
    for y, width, forward in ((1.75, 3.5, 1), (-1.75, 3.5, 0), (4.75, 2.5, 1), (-4.75, 2.5, 0)):
        x = s if forward else length - s
        yaw = zero if forward else zero + np.float32(np.pi)
        rows.append(np.stack([x, zero + y, zero, yaw, s, zero + width, zero, zero], 1))
    points = np.concatenate(rows).astype(np.float32)
    n = length + 1
    lanes = 4

    def ints(*values: int) -> np.ndarray:
        return np.array(values, np.int32)

    none = np.zeros(lanes + 1, np.int32)
    return RoadNetwork(
        name="Straight",
        points=points,
        lane_start=np.arange(lanes + 1, dtype=np.int32) * n,
        lane_length=np.full(lanes, length, np.float32),
        lane_type=ints(LaneType.DRIVING, LaneType.DRIVING, LaneType.SIDEWALK, LaneType.SIDEWALK),
        lane_speed_limit=np.full(lanes, 13.9, np.float32),
        lane_road=np.array([[1, 0, -1], [1, 0, 1], [1, 0, -2], [1, 0, 2]], np.int32),
        lane_junction=ints(-1, -1, -1, -1),
        lane_left=ints(-1, -1, -1, -1),
        lane_right=ints(-1, -1, -1, -1),
        lane_change_left=np.zeros(lanes, np.bool_),
        lane_change_right=np.zeros(lanes, np.bool_),
        lane_mark_left=ints(MarkType.BROKEN, MarkType.BROKEN, MarkType.NONE, MarkType.NONE),
        lane_mark_right=ints(MarkType.SOLID, MarkType.SOLID, MarkType.NONE, MarkType.NONE),
        lane_mark_yellow=np.array([[1, 0], [1, 0], [0, 0], [0, 0]], np.bool_),
        successor_start=none,
        successors=ints(),
        predecessor_start=none,
        predecessors=ints(),
        signals=np.array([[200.0, 4.0, 3.0, np.pi]], np.float32),
        signal_kind=ints(SignalKind.LIGHT),
        signal_value=np.zeros(1, np.float32),
        signal_group=ints(0),
        signal_phase=ints(0),
        signal_id=("1",),
        group_phases=ints(2),
        stop_start=ints(0, 1, 1, 1, 1),
        stop_s=np.array([190.0], np.float32),
        stop_signal=ints(0),
        conflict_start=none,
        conflict_lane=ints(),
        conflict_s=np.zeros((0, 4), np.float32),
        crossing_points=np.array([[195.0, -4.75, 195.0, 4.75]], np.float32),
        crossing_width=np.array([3.0], np.float32),
        crossing_z=np.zeros(1, np.float32),
        crosslane_start=ints(0, 1, 2, 2, 2),
        crosslane_crossing=ints(0, 0),
        crosslane_s=np.array([[193.5, 196.5], [103.5, 106.5]], np.float32),
        cell=16.0,
        grid_origin=np.zeros(2, np.float32),
        grid_shape=ints(1, 1),
        grid_start=ints(0, 2 * n),
        grid_point=np.arange(2 * n, dtype=np.int32),
        point_lane=np.repeat(np.arange(lanes), n).astype(np.int32),
        geo_reference=(42.0, 2.0),
    )
