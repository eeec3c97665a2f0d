"""Actions along the lane: speeds, distances, meetings."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from roadworthy.sim.openscenario.doing import ALONG, Doing
from roadworthy.sim.openscenario.elements import flag, number, word
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.transition import share, time_of_rate

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.player import Player
    from roadworthy.sim.openscenario.stage import Stage

NEAR = 0.02  # [m/s] to a speed that counts as reached
GAP_GAIN = 0.5  # [1/s] how quickly a distance is mended
GAP_NEAR = 0.2  # [m]
MEETING = 1.0  # [m] from its target somebody has arrived (ScenarioRunner: SyncArrivalOSC)


class Speed(Doing):
    """SpeedAction."""

    domain = ALONG

    def __init__(self, node: Node, actor: str) -> None:
        super().__init__(node, actor)
        dynamics = node.child("SpeedActionDynamics")
        self.shape = word(dynamics, "dynamicsShape")
        self.dimension = word(dynamics, "dynamicsDimension")
        self.value = max(number(dynamics, "value"), 0.0)
        self._goal = node.child("SpeedActionTarget").children[0]
        self._follows = flag(self._goal, "continuous")
        if self._follows and self.dimension in ("time", "distance") and self.shape != "step":
            raise node.fault("a continuous target has no end, so it takes no time or distance")
        self._from = self._to = self._time = self._begun = self._lasts = 0.0

    def target(self, stage: Stage) -> float:
        """The speed that is asked for [m/s]."""
        value = number(self._goal, "value")
        if self._goal.tag == "AbsoluteTargetSpeed":
            return value
        base = self.other(stage, word(self._goal, "entityRef")).speed
        return (
            base * value if word(self._goal, "speedTargetValueType") == "factor" else base + value
        )

    def begin(self, stage: Stage) -> None:
        """Note where the speed comes from and how long it takes."""
        me = self.me(stage)
        me.autopilot = False
        self._from, self._to = me.speed, self.target(stage)
        self._time, self._begun = 0.0, me.travelled
        change = self._to - self._from
        if self.shape == "step":
            self._lasts = 0.0
        elif self.dimension == "time":
            self._lasts = self.value
        elif self.dimension == "rate":
            self._lasts = time_of_rate(self.shape, change, self.value)
        else:  # all shapes are symmetric, so the mean speed is that of both ends
            self._lasts = self.value / max(0.5 * (self._from + self._to), 0.1)

    def step(self, stage: Stage, dt: float) -> bool:
        """Lead the speed."""
        me = self.me(stage)
        if self._follows:
            self._to = self.target(stage)
            self._lasts = 0.0
        if self.shape == "step" or self._lasts <= 0.0:
            me.order = self._to
            done = abs(me.speed - self._to) < NEAR
            if self.shape == "step":
                done = self._held(me.travelled - self._begun + me.speed * dt, self._time + dt)
        else:
            way = min((self._time + dt) / self._lasts, 1.0)
            me.order = self._from + (self._to - self._from) * share(self.shape, way)
            done = self._time >= self._lasts
        self._time += dt
        return done and not self._follows

    def _held(self, way: float, time: float) -> bool:
        """Whether a step will have held its speed for as long or far as it should after a tick."""
        if self.dimension == "distance":
            return way >= self.value
        return self.dimension == "rate" or time >= self.value - 1e-9


class KeepDistance(Doing):
    """LongitudinalDistanceAction: stay so far behind or before somebody."""

    domain = ALONG

    def __init__(self, node: Node, actor: str) -> None:
        super().__init__(node, actor)
        self._other = word(node, "entityRef")
        self._continuous, self._freespace = flag(node, "continuous"), flag(node, "freespace")
        if ("distance" in node.attributes) == ("timeGap" in node.attributes):
            raise node.fault("give either distance or timeGap")
        limits = node.find("DynamicConstraints")
        self._speed = number(limits, "maxSpeed", 1e3) if limits is not None else 1e3
        self._accel = number(limits, "maxAcceleration", 1e3) if limits is not None else 1e3
        self._brake = number(limits, "maxDeceleration", 1e3) if limits is not None else 1e3

    def step(self, stage: Stage, dt: float) -> bool:
        """Drive as fast as the other, and a little faster or slower to mend the distance."""
        me, other = self.me(stage), self.other(stage, self._other)
        dx, dy = other.pose.x - me.pose.x, other.pose.y - me.pose.y
        ahead = math.cos(me.pose.yaw) * dx + math.sin(me.pose.yaw) * dy
        gap = abs(ahead)
        if self._freespace:
            gap -= 0.5 * (me.role.body.length + other.role.body.length)
        wanted = number(self.node, "distance", number(self.node, "timeGap", 0.0) * me.speed)
        error = (gap - wanted) * (1.0 if ahead >= 0.0 else -1.0)
        speed = min(max(other.speed + GAP_GAIN * error, 0.0), self._speed)
        me.order = min(max(speed, me.speed - self._brake * dt), me.speed + self._accel * dt)
        return not self._continuous and abs(error) < GAP_NEAR


class Synchronize(Doing):
    """SynchronizeAction: be at one place when somebody else is at another."""

    domain = ALONG

    def __init__(self, node: Node, actor: str, left_handed: bool) -> None:
        super().__init__(node, actor)
        self._master = word(node, "masterEntityRef")
        self._masters = Where.of(node.child("TargetPositionMaster"), left_handed)
        self._own = Where.of(node.child("TargetPosition"), left_handed)
        final = node.find("FinalSpeed")
        self._final = final.children[0] if final is not None else None
        self.near = number(node, "targetTolerance", MEETING)
        self.near_master = number(node, "targetToleranceMaster", MEETING)

    def _final_speed(self, master: Player) -> float | None:
        if self._final is None:
            return None
        value = number(self._final, "value")
        if self._final.tag == "AbsoluteSpeed":
            return max(value, 0.0)
        factor = word(self._final, "speedTargetValueType") == "factor"
        return max(master.speed * value if factor else master.speed + value, 0.0)

    def step(self, stage: Stage, dt: float) -> bool:
        """Choose the speed with which both arrive at the same time.

        With a final speed, it changes evenly to that: a way d in the time t with the final speed
        v needs the speed 2 d / t - v now.
        """
        me, master = self.me(stage), self.other(stage, self._master)
        me.autopilot = False
        goal = self._own.pose(stage.roads, stage.pose_of)
        way = stage.way_of(me, goal)
        rest = stage.way_of(master, self._masters.pose(stage.roads, stage.pose_of))
        final = self._final_speed(master)
        if way < self.near or rest < self.near_master:
            me.order = me.order if final is None else final
            return True
        if master.speed < 0.1:
            me.order = 0.0
            return False
        time = max(rest / master.speed, dt)
        me.order = way / time if final is None else max(2.0 * way / time - final, 0.0)
        return False
