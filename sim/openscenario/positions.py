"""Positions: where an element <Position> means, in a town and among the entities on stage."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from roadworthy.sim.errors import OpenScenarioError
from roadworthy.sim.openscenario.elements import number, whole, word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import LanePlace, Pose, RoadFrame, beside
from roadworthy.sim.openscenario.track import Track

# Gives the pose of an entity on stage; raises OpenScenarioError where it is not there.
PoseOf = Callable[[str, Node], Pose]


@dataclass(frozen=True, eq=False)
class Where:
    """A position as the file gives it.

    Attributes:
        node: the element within <Position>, as <WorldPosition>.
        side: 1 where y, t, offset and h are positive to the right, -1 where to the left.
    """

    node: Node
    side: float

    @classmethod
    def of(cls, holder: Node, left_handed: bool) -> Where:
        """Read the position within an element such as <Position> or <TargetPosition>."""
        return cls(holder.children[0], 1.0 if left_handed else -1.0)

    @property
    def reference(self) -> str | None:
        """The entity that it counts from; None for places of the town."""
        return self.node.attributes.get("entityRef")

    def pose(self, roads: RoadFrame, pose_of: PoseOf) -> Pose:
        """Find it.

        Raises:
            OpenScenarioError: the town has no such place, or the entity is not on stage.
        """
        node = self.node
        reference = self.reference
        try:
            if reference is not None:
                found = self._relative(roads, pose_of(reference, node))
            elif node.tag == "WorldPosition":
                x, y, z = number(node, "x"), number(node, "y"), number(node, "z", 0.0)
                return Pose(x, self.side * y, z, self.side * number(node, "h", 0.0))
            elif node.tag == "RoadPosition":
                t = self.side * number(node, "t")
                found = roads.on_road(self._road(), number(node, "s"), t)
            else:
                place = roads.lane_at(self._road(), whole(node, "laneId"), number(node, "s"))
                offset = self.side * number(node, "offset", 0.0)
                found = roads.on_lane(LanePlace(place.lane, place.s, offset))
        except OpenScenarioError as error:
            if str(error).startswith(node.file):
                raise
            raise node.fault(str(error)) from None
        return self._oriented(found)

    def _road(self) -> int:
        text = word(self.node, "roadId")
        if not text.lstrip("-").isdigit():
            raise self.node.fault(f"roadId={text!r} is no number; CARLA's towns have numbers")
        return int(text)

    def _oriented(self, pose: Pose) -> Pose:
        orientation = self.node.find("Orientation")
        if orientation is None:
            return pose
        turn = self.side * number(orientation, "h", 0.0)
        if word(orientation, "type", "absolute") == "relative":
            turn += pose.yaw
        return Pose(pose.x, pose.y, pose.z, turn)

    def _relative(self, roads: RoadFrame, base: Pose) -> Pose:
        node = self.node
        if node.tag in ("RelativeWorldPosition", "RelativeObjectPosition"):
            dx, dy = number(node, "dx"), self.side * number(node, "dy")
            if node.tag == "RelativeObjectPosition":
                c, s = math.cos(base.yaw), math.sin(base.yaw)
                dx, dy = c * dx - s * dy, s * dx + c * dy
            return Pose(base.x + dx, base.y + dy, base.z + number(node, "dz", 0.0), base.yaw)
        if node.tag == "RelativeRoadPosition":
            road, s, t = roads.road_place(base.x, base.y, base.z, base.yaw)
            here = roads.on_road(road, s, t)
            there = roads.on_road(road, s + number(node, "ds"), t + self.side * number(node, "dt"))
            return Pose(there.x, there.y, there.z, there.yaw + base.yaw - here.yaw)
        return self._relative_lane(roads, base)

    def _relative_lane(self, roads: RoadFrame, base: Pose) -> Pose:
        node = self.node
        place = roads.locate(base.x, base.y, base.z, base.yaw)
        if place is None:
            raise node.fault(f"the entity {self.reference!r} is on no lane")
        steps = whole(node, "dLane")
        lane = roads.lane_beside(place.lane, steps)
        if lane is None:
            raise node.fault(f"there is no lane {abs(steps)} beside that of {self.reference!r}")
        if lane != place.lane:
            place = LanePlace(lane, roads.s_on(lane, base.x, base.y), 0.0)
        track = Track.along(roads, LanePlace(place.lane, place.s, 0.0))
        ahead = number(node, "ds", number(node, "dsLane", 0.0))
        if ahead < -place.s:
            raise node.fault(f"{-ahead:g} m before {self.reference!r} its lane has not begun")
        track.advance(ahead)
        return beside(track.pose(), self.side * number(node, "offset", 0.0))
