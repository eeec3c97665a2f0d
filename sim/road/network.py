"""RoadNetwork: one town's lanes, signals and crossings as plain arrays.

Shape law: L lanes, P points (of all lanes, one lane after the other), K signals, T stop lines,
C crossings. A name ending in `_start` is the row pointer of a compressed list: entry i owns the
rows `start[i]:start[i + 1]`. Axes are CARLA's (y right); metres, radians; float32 unless said.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import MapError

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


KERB_HEIGHT = 0.12  # [m] of a sidewalk above the road; OpenDRIVE towns do not say it


class LaneType(IntEnum):
    """What a lane is for."""

    DRIVING = 0
    SIDEWALK = 1
    SHOULDER = 2
    PARKING = 3
    BIKING = 4
    MEDIAN = 5
    OTHER = 6
    BIDIRECTIONAL = 7  # shared by both directions, to turn left from


class MarkType(IntEnum):
    """The paint on the border of a lane."""

    NONE = 0
    BROKEN = 1
    SOLID = 2
    SOLID_SOLID = 3
    CURB = 4


class SignalKind(IntEnum):
    """What a signal tells."""

    LIGHT = 0
    STOP = 1
    YIELD = 2
    SPEED_LIMIT = 3


class Turn(IntEnum):
    """Where a junction lane leads, seen from its approach."""

    LEFT = -1
    STRAIGHT = 0  # and all lanes outside of junctions
    RIGHT = 1
    BACK = 2


class Control(IntEnum):
    """What stands at the approach of a junction lane."""

    NONE = 0  # and all lanes outside of junctions
    LIGHT = 1
    STOP = 2
    YIELD = 3


class Point(IntEnum):
    """Columns of `RoadNetwork.points`; points run in the direction of travel, about 1 m apart."""

    X = 0
    Y = 1
    Z = 2
    YAW = 3  # [rad] unwrapped along a lane
    S = 4  # [m] from the lane's beginning
    WIDTH = 5  # [m]
    CURVATURE = 6  # [1/m] positive to the right
    PITCH = 7  # [rad] positive uphill


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """One town's roads."""

    name: str
    points: FloatArray  # [P, Point]
    lane_start: IntArray  # [L + 1] into points
    lane_length: FloatArray  # [L]
    lane_type: IntArray  # [L] LaneType
    lane_speed_limit: FloatArray  # [L] m/s
    lane_road: IntArray  # [L, 3] OpenDRIVE road, section, lane id
    lane_junction: IntArray  # [L] running number of the junction (0..J-1), -1 outside
    lane_left: IntArray  # [L] neighbour, same direction and drivable, -1 none
    lane_right: IntArray  # [L]
    lane_change_left: NDArray[np.bool_]  # [L] marks allow it (at the lane's middle)
    lane_change_right: NDArray[np.bool_]  # [L]
    lane_mark_left: IntArray  # [L] MarkType
    lane_mark_right: IntArray  # [L]
    lane_mark_yellow: NDArray[np.bool_]  # [L, 2] left, right mark is yellow
    successor_start: IntArray  # [L + 1]
    successors: IntArray
    predecessor_start: IntArray  # [L + 1]
    predecessors: IntArray
    signals: FloatArray  # [K, 4] x, y, z (of the head), yaw (the way the light shines)
    signal_kind: IntArray  # [K] SignalKind
    signal_value: FloatArray  # [K] speed limit in m/s, else 0
    signal_group: IntArray  # [K] group (junction) of a light, -1 for signs
    signal_phase: IntArray  # [K] phase within the group in which it shows green
    signal_id: tuple[str, ...]  # [K] OpenDRIVE signal ids
    group_phases: IntArray  # [G] number of phases of each group
    stop_start: IntArray  # [L + 1] into the stop lines, by lane, rising s
    stop_s: FloatArray  # [T] [m] along the lane
    stop_signal: IntArray  # [T] signal that governs it
    conflict_start: IntArray  # [L + 1] into the conflict zones of a (junction) lane
    conflict_lane: IntArray  # [.] the other lane
    conflict_s: FloatArray  # [., 4] enter, leave on this lane; enter, leave on the other
    crossing_points: FloatArray  # [C, 4] x0, y0, x1, y1 ends of a crosswalk's axis, on sidewalks
    crossing_width: FloatArray  # [C]
    crossing_z: FloatArray  # [C]
    crosslane_start: IntArray  # [L + 1] crossings that a lane passes, rising s
    crosslane_crossing: IntArray  # [.]
    crosslane_s: FloatArray  # [., 2] enter, leave
    cell: float  # [m] edge of a cell of the spatial index
    grid_origin: FloatArray  # [2] x, y of the corner of cell (0, 0)
    grid_shape: IntArray  # [2] columns (x), rows (y)
    grid_start: IntArray  # [columns * rows + 1], cell = row * columns + column
    grid_point: IntArray  # points of DRIVING lanes, by cell
    point_lane: IntArray  # [P] lane of each point
    geo_reference: tuple[float, float]  # latitude, longitude of the origin [degrees]
    conflict_priority: NDArray[np.int8]  # [.] 1 goes before conflict_lane, -1 gives way, 0 neither
    lane_turn: NDArray[np.int8]  # [L] of junction lanes: Turn, over all of the connecting road
    lane_control: NDArray[np.int8]  # [L] of junction lanes: Control at their approach
    lane_oncoming: IntArray  # [L] driving lane of the other direction just left, -1 none
    lane_oncoming_mark: NDArray[np.bool_]  # [L] the mark between the two is broken

    @property
    def n_lanes(self) -> int:
        """Number of lanes of all types."""
        return len(self.lane_length)

    def lane_points(self, lane: int) -> FloatArray:
        """Points of one lane, [n, Point]."""
        return self.points[self.lane_start[lane] : self.lane_start[lane + 1]]

    def validate(self) -> RoadNetwork:
        """Return self.

        Raises:
            MapError: an array holds a value that is not finite, or an index out of range.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if (
                isinstance(value, np.ndarray)
                and value.dtype.kind == "f"
                and not np.isfinite(value).all()
            ):
                raise MapError(f"map {self.name}: {field.name} holds values that are not finite")
        for name in (
            "successors",
            "predecessors",
            "conflict_lane",
            "lane_left",
            "lane_right",
            "lane_oncoming",
        ):
            value = getattr(self, name)
            if len(value) and int(value.max()) >= self.n_lanes:
                raise MapError(f"map {self.name}: {name} points at a lane that does not exist")
        if self.lane_start[-1] != len(self.points):
            raise MapError(f"map {self.name}: lane_start does not cover the points")
        return self
