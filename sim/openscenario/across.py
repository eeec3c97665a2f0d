"""Actions across the lane: changes of lanes, offsets, distances to the side."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from roadworthy.sim.openscenario.doing import ACROSS, Doing
from roadworthy.sim.openscenario.elements import flag, number, whole, word
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import LanePlace
from roadworthy.sim.openscenario.track import Track
from roadworthy.sim.openscenario.transition import share, time_of_accel, time_of_rate

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.player import Player
    from roadworthy.sim.openscenario.stage import Stage

USUAL_ACCEL = 2.0  # [m/s^2] across the lane, where the file gives no limit
SIDE_NEAR = 0.05  # [m]


class _Shift(Doing):
    """Leads the offset of an actor from where it is to where it should be."""

    domain = ACROSS

    def __init__(self, node: Node, actor: str) -> None:
        super().__init__(node, actor)
        self._shape, self._by_way = "sinusoidal", False
        self._from = self._to = self._lasts = self._done = 0.0

    def _shift(self, me: Player, dt: float) -> bool:
        """Lead it for a tick; whether it has arrived."""
        self._done += me.speed * dt if self._by_way else dt
        way = min(self._done / self._lasts, 1.0) if self._lasts > 0.0 else 1.0
        offset = self._from + (self._to - self._from) * share(self._shape, way)
        me.offset_speed = (offset - me.offset) / dt if self._lasts > 0.0 else 0.0
        me.offset = offset
        if way >= 1.0:
            me.offset_speed = 0.0
        return way >= 1.0


class LaneChange(_Shift):
    """LaneChangeAction."""

    def __init__(self, node: Node, actor: str, side: float) -> None:
        super().__init__(node, actor)
        dynamics = node.child("LaneChangeActionDynamics")
        self._shape = word(dynamics, "dynamicsShape")
        self._dimension, self._value = (
            word(dynamics, "dynamicsDimension"),
            max(number(dynamics, "value"), 0.0),
        )
        self._beside = side * number(node, "targetLaneOffset", 0.0)
        self._target = node.child("LaneChangeTarget").children[0]

    def begin(self, stage: Stage) -> None:
        """Find the lane, and the way over to it.

        Raises:
            OpenScenarioError: there is no such lane.
        """
        me = self.me(stage)
        lane = self._lane(stage)
        goal = LanePlace(lane, stage.roads.s_on(lane, me.pose.x, me.pose.y), 0.0)
        pose = stage.roads.on_lane(goal)
        yaw = pose.yaw
        oncoming = math.cos(yaw - me.pose.yaw) < 0.0
        if oncoming and me.track is not None:  # the own line stays, and its offset grows
            yaw = me.track.pose().yaw
            self._from = me.offset
            dx, dy = pose.x - me.pose.x, pose.y - me.pose.y
            self._to = me.offset + math.cos(yaw) * dy - math.sin(yaw) * dx + self._beside
        else:
            dx, dy = me.pose.x - pose.x, me.pose.y - pose.y
            self._from = me.offset = math.cos(yaw) * dy - math.sin(yaw) * dx
            self._to = self._beside
            me.track = Track.along(stage.roads, goal)
        self._done, self._by_way = 0.0, self._dimension == "distance"
        self._lasts = self._value
        if self._dimension == "rate":
            self._lasts = time_of_rate(self._shape, self._to - self._from, self._value)
        if self._shape == "step":
            self._lasts = 0.0

    def _lane(self, stage: Stage) -> int:
        roads, value = stage.roads, whole(self._target, "value")
        relative = self._target.tag == "RelativeTargetLane"
        base = self.me(stage)
        if relative:
            base = self.other(stage, word(self._target, "entityRef"))
        place = base.lane_place()
        if place is None:
            raise self._target.fault(f"{base.name!r} is on no lane at {stage.time:.2f} s")
        if relative:
            lane = roads.lane_beside(place.lane, value)
        else:
            lane = roads.lane_of_id(place.lane, value)
        if lane is None:
            what = f"{value:+d} (left) of" if relative else f"{value} beside"
            raise self._target.fault(
                f"there is no driving lane {what} that of {base.name!r} at {stage.time:.2f} s"
            )
        return lane

    def step(self, stage: Stage, dt: float) -> bool:
        """Go over."""
        return self._shift(self.me(stage), dt)


class LaneOffset(_Shift):
    """LaneOffsetAction."""

    def __init__(self, node: Node, actor: str, side: float) -> None:
        super().__init__(node, actor)
        dynamics = node.child("LaneOffsetActionDynamics")
        self._shape = word(dynamics, "dynamicsShape")
        self._accel = number(dynamics, "maxLateralAcc", USUAL_ACCEL)
        self._continuous = flag(node, "continuous")
        self._target = node.child("LaneOffsetTarget").children[0]
        self._side = side

    def begin(self, stage: Stage) -> None:
        """Find the offset and how long the way to it takes."""
        me = self.me(stage)
        self._from, self._done = me.offset, 0.0
        self._to = self._side * number(self._target, "value")
        if self._target.tag == "RelativeTargetLaneOffset":
            other = self.other(stage, word(self._target, "entityRef"))
            place = other.lane_place()
            self._to += other.offset if other is me else place.lateral if place else 0.0
        self._lasts = time_of_accel(self._shape, self._to - self._from, self._accel)
        if self._shape == "step":
            self._lasts = 0.0

    def step(self, stage: Stage, dt: float) -> bool:
        """Go over, and stay there where it is continuous."""
        return self._shift(self.me(stage), dt) and not self._continuous


class LateralDistance(Doing):
    """LateralDistanceAction: keep so far beside somebody."""

    domain = ACROSS

    def __init__(self, node: Node, actor: str, side: float) -> None:
        super().__init__(node, actor)
        self._other, self._side = word(node, "entityRef"), side
        self._continuous, self._freespace = flag(node, "continuous"), flag(node, "freespace")
        limits = node.find("DynamicConstraints")
        self._speed = number(limits, "maxSpeed", 1e3) if limits is not None else 1e3
        self._accel = USUAL_ACCEL
        if limits is not None:
            self._accel = max(number(limits, "maxAcceleration", USUAL_ACCEL), 1e-3)
        self._distance: float | None = None

    def begin(self, stage: Stage) -> None:
        """Note the distance that is to be kept."""
        me, other = self.me(stage), self.other(stage, self._other)
        if "distance" not in self.node.attributes:
            self._distance = me.offset - (stage.lateral_on(me, other) or 0.0)
            return
        self._distance = self._side * number(self.node, "distance")
        if self._freespace:
            wide = 0.5 * (me.role.body.width + other.role.body.width)
            self._distance += math.copysign(wide, self._distance)

    def step(self, stage: Stage, dt: float) -> bool:
        """Go there as quickly as the limits allow without going beyond."""
        me, other = self.me(stage), self.other(stage, self._other)
        there = stage.lateral_on(me, other)
        if there is None:  # the two part: it stays where it is in its lane
            me.offset_speed = 0.0
            return False
        error = there + (self._distance or 0.0) - me.offset
        room = math.sqrt(2.0 * self._accel * abs(error))  # speed from which it can stop in time
        wanted = math.copysign(min(room, self._speed, abs(error) / dt), error)
        change = self._accel * dt
        me.offset_speed = min(max(wanted, me.offset_speed - change), me.offset_speed + change)
        me.offset += me.offset_speed * dt
        done = abs(error) < SIDE_NEAR and not self._continuous
        if done:
            me.offset_speed = 0.0
        return done
