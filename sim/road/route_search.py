"""Find ways through the lanes of a network: places for waypoints, shortest paths between them."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route_geometry import CHANGE_LENGTH, Run

CHANGE_COST = 30.0  # [m] of detour that a lane change is worth
CROWDED_COST = 4.0  # [m] more, per metre that is missing for a comfortable lane change
MAX_HEADING_ERROR = math.radians(75)
BACKLASH = 3.0  # [m] that a waypoint may lie behind the one before in the same lane
LEVEL = 3.0  # [m] of height between two roads that cross on different levels


@dataclass(frozen=True, slots=True)
class Place:
    """A place on a lane."""

    lane: int
    s: float  # [m]
    distance: float  # [m] from what was asked for


class LaneGraph:
    """The driving lanes of a network as a graph, for searches."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.lengths = network.lane_length.astype(float).tolist()
        self.successors = [
            network.successors[a:b].tolist()
            for a, b in zip(network.successor_start, network.successor_start[1:], strict=False)
        ]
        self._rows = np.nonzero(network.lane_type[network.point_lane] == LaneType.DRIVING)[0]
        self._points = network.points[self._rows].astype(np.float64)
        self._lanes = network.point_lane[self._rows]
        self._ends = network.points[network.lane_start[1:] - 1, :2].astype(np.float64)

    def neighbours(self, lane: int, against_marks: bool) -> list[int]:
        """Return the lanes that one may change to."""
        network = self.network
        found = []
        for other, allowed in (
            (network.lane_left, network.lane_change_left),
            (network.lane_right, network.lane_change_right),
        ):
            if other[lane] >= 0 and (allowed[lane] or against_marks):
                found.append(int(other[lane]))
        return found

    def places(
        self, xyz: NDArray[np.float64], yaw: float, slack: float, limit: int = 8
    ) -> list[Place]:
        """Return the places that a waypoint may mean, nearest first.

        Args:
            xyz: the waypoint [3].
            yaw: its heading [rad]; nan where it has none.
            slack: how much farther than the nearest lane others may be [m].
            limit: how many to return at most.
        """
        offset = self._points[:, :2] - xyz[:2]
        distance = np.hypot(offset[:, 0], offset[:, 1])
        near = np.nonzero(distance < distance.min() + slack + 1.0)[0]
        # Files often give z = 0 for every waypoint, so heights decide between levels only.
        cost = distance[near] + np.where(
            np.abs(self._points[near, Point.Z] - xyz[2]) > LEVEL, 1.0, 0
        )
        if not math.isnan(yaw):
            error = np.abs(
                np.remainder(self._points[near, Point.YAW] - yaw + np.pi, 2 * np.pi) - np.pi
            )
            if (error < MAX_HEADING_ERROR).any():
                near, cost = near[error < MAX_HEADING_ERROR], cost[error < MAX_HEADING_ERROR]
        best: dict[int, tuple[float, int]] = {}
        for row, value in zip(near.tolist(), cost.tolist(), strict=True):
            lane = int(self._lanes[row])
            if lane not in best or value < best[lane][0]:
                best[lane] = (value, row)
        ranked = sorted((value, lane, row) for lane, (value, row) in best.items())
        if not ranked:
            return []
        kept = [entry for entry in ranked if entry[0] <= ranked[0][0] + slack][:limit]
        return [Place(lane, self._project(lane, row, xyz), value) for value, lane, row in kept]

    def _project(self, lane: int, row: int, xyz: NDArray[np.float64]) -> float:
        point = self._points[row]
        yaw = point[Point.YAW]
        ahead = (xyz[0] - point[Point.X]) * math.cos(yaw) + (xyz[1] - point[Point.Y]) * math.sin(
            yaw
        )
        return min(max(float(point[Point.S] + ahead), 0.0), self.lengths[lane])

    def paths(
        self, start: Place, goals: list[Place], against_marks: bool = False
    ) -> list[tuple[float, list[Run]] | None]:
        """Return the cheapest path from one place to each of some others; None where there is none.

        A* with the straight distance to the nearest goal. A state is a lane and where it was
        entered: at the start's fraction of the section (0), or at its beginning (1).
        """
        fraction = start.s / max(self.lengths[start.lane], 1e-6)
        targets = self._targets(goals)
        origin = (start.lane, 0)
        costs: dict[tuple[int, int], float] = {origin: 0.0}
        came: dict[tuple[int, int], tuple[tuple[int, int], bool]] = {}
        results: list[tuple[float, list[Run]] | None] = [None] * len(goals)
        missing = set(range(len(goals)))
        queue = [(0.0, 0.0, origin)]
        while queue and missing:
            bound, cost, state = heapq.heappop(queue)
            if cost > costs[state]:
                continue
            lane, fresh = state
            entered = 0.0 if fresh else fraction
            for goal in [g for g in missing if goals[g].lane == lane]:
                ahead = goals[goal].s - entered * self.lengths[lane]
                if ahead >= (0.0 if fresh else -BACKLASH):
                    total = cost + max(ahead, 0.0)
                    known = results[goal]
                    if known is None or total < known[0]:
                        end = max(goals[goal].s / max(self.lengths[lane], 1e-6), entered)
                        results[goal] = (total, self._trace(came, state, end, fraction))
            missing -= {g for g in missing if (r := results[g]) is not None and r[0] <= bound}
            rest = (1.0 - entered) * self.lengths[lane]
            steps = [((f, 1), cost + rest, False) for f in self.successors[lane]]
            crowded = max(CHANGE_LENGTH - rest, 0.0) * CROWDED_COST
            steps += [
                ((other, fresh), cost + CHANGE_COST + crowded, True)
                for other in self.neighbours(lane, against_marks)
            ]
            for following, value, changed in steps:
                if value < costs.get(following, math.inf):
                    costs[following] = value
                    came[following] = (state, changed)
                    heapq.heappush(
                        queue, (value + self._bound(following[0], targets), value, following)
                    )
        return results

    def _targets(self, goals: list[Place]) -> NDArray[np.float64]:
        rows = []
        for goal in goals:
            points = self.network.lane_points(goal.lane)
            rows.append(points[np.argmin(np.abs(points[:, Point.S] - goal.s)), :2])
        return np.array(rows, np.float64)

    def _bound(self, lane: int, targets: NDArray[np.float64]) -> float:
        offset = targets - self._ends[lane]
        return max(
            float(np.hypot(offset[:, 0], offset[:, 1]).min()) - self.lengths[lane] - 5.0, 0.0
        )

    def _trace(
        self,
        came: dict[tuple[int, int], tuple[tuple[int, int], bool]],
        state: tuple[int, int],
        end: float,
        fraction: float,
    ) -> list[Run]:
        runs: list[Run] = []
        lanes = [state[0]]
        while True:
            step = came.get(state)
            if step is None or not step[1]:
                runs.append(Run.along(tuple(lanes[::-1]), 0.0 if state[1] else fraction, end))
                if step is None:
                    return runs[::-1]
                lanes, end = [], 1.0
            state = step[0]
            lanes.append(state[0])
