"""A town small enough to check by hand: one straight road with a light, then a junction."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RoutePoint

STOP_S = 58.0  # [m] along lane 0; lane 0 is 60 m long, lane 1 (the junction) 20 m, lane 2 120 m


def straight_network() -> RoadNetwork:
    """Three lanes in a row along +x: an approach with a light, a junction, an exit."""
    lengths = (60, 20, 120)
    rows, lane_start, x0 = [], [0], 0.0
    for length in lengths:
        s = np.arange(length + 1, dtype=np.float32)
        lane = np.zeros((len(s), 8), np.float32)
        lane[:, 0], lane[:, 4], lane[:, 5] = x0 + s, s, 3.5
        rows.append(lane)
        lane_start.append(lane_start[-1] + len(lane))
        x0 += length
    points = np.concatenate(rows)
    ints = lambda *values: np.array(values, np.int32)  # noqa: E731
    return RoadNetwork(
        name="Straight",
        points=points,
        lane_start=np.array(lane_start, np.int32),
        lane_length=np.array(lengths, np.float32),
        lane_type=np.zeros(3, np.int32),
        lane_speed_limit=np.full(3, 13.9, np.float32),
        lane_road=np.zeros((3, 3), np.int32),
        lane_junction=ints(-1, 0, -1),
        lane_left=ints(-1, -1, -1),
        lane_right=ints(-1, -1, -1),
        lane_change_left=np.zeros(3, np.bool_),
        lane_change_right=np.zeros(3, np.bool_),
        lane_mark_left=np.ones(3, np.int32),
        lane_mark_right=np.ones(3, np.int32),
        lane_mark_yellow=np.zeros((3, 2), np.bool_),
        successor_start=ints(0, 1, 2, 2),
        successors=ints(1, 2),
        predecessor_start=ints(0, 0, 1, 2),
        predecessors=ints(0, 1),
        signals=np.array([[78.0, 5.0, 4.0, np.pi], [30.0, 5.0, 2.0, np.pi]], np.float32),
        signal_kind=ints(0, 1),
        signal_value=np.zeros(2, np.float32),
        signal_group=ints(0, -1),
        signal_phase=ints(0, -1),
        signal_id=("1", "2"),
        group_phases=ints(2),
        stop_start=ints(0, 2, 2, 2),
        stop_s=np.array([28.0, STOP_S], np.float32),
        stop_signal=ints(1, 0),
        conflict_start=np.zeros(4, np.int32),
        conflict_lane=np.zeros(0, np.int32),
        conflict_s=np.zeros((0, 4), np.float32),
        crossing_points=np.zeros((0, 4), np.float32),
        crossing_width=np.zeros(0, np.float32),
        crossing_z=np.zeros(0, np.float32),
        crosslane_start=np.zeros(4, np.int32),
        crosslane_crossing=np.zeros(0, np.int32),
        crosslane_s=np.zeros((0, 2), np.float32),
        cell=50.0,
        grid_origin=np.zeros(2, np.float32),
        grid_shape=ints(4, 1),
        grid_start=np.zeros(5, np.int32),
        grid_point=np.zeros(0, np.int32),
        point_lane=np.repeat(np.arange(3), np.diff(lane_start)).astype(np.int32),
        geo_reference=(49.0, 8.0),
        conflict_priority=np.zeros(0, np.int8),
        lane_turn=np.zeros(3, np.int8),
        lane_control=np.zeros(3, np.int8),
        lane_oncoming=np.full(3, -1, np.int32),
        lane_oncoming_mark=np.zeros(3, np.bool_),
    )


def straight_route() -> Route:
    """All three lanes, a point each metre, 200 m long."""
    s = np.arange(201, dtype=np.float32)
    points = np.zeros((len(s), len(RoutePoint)), np.float32)
    points[:, RoutePoint.X] = points[:, RoutePoint.S] = s
    points[:, RoutePoint.WIDTH], points[:, RoutePoint.SPEED_LIMIT] = 3.5, 13.9
    lane = np.searchsorted([60.0, 80.0], s, side="right")
    points[:, RoutePoint.LANE] = lane
    points[:, RoutePoint.LANE_S] = s - np.array([0.0, 60.0, 80.0])[lane]
    return Route("straight", "Straight", points)
