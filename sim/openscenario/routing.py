"""Actions that say where to go: positions, routes, trajectories; and controllers."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from roadworthy.sim.errors import RouteError
from roadworthy.sim.openscenario.cast import driver_of
from roadworthy.sim.openscenario.doing import PLACE, ROUTE, Doing
from roadworthy.sim.openscenario.elements import flag, number, word
from roadworthy.sim.openscenario.positions import Where
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.track import Track
from roadworthy.sim.road.routing import plan_route

if TYPE_CHECKING:
    from roadworthy.sim.openscenario.stage import Stage


class Teleport(Doing):
    """TeleportAction."""

    domain = PLACE

    def __init__(self, node: Node, actor: str, left_handed: bool) -> None:
        super().__init__(node, actor)
        self.where = Where.of(node.child("Position"), left_handed)

    def step(self, stage: Stage, dt: float) -> bool:
        """Put the actor there."""
        stage.appear(self.actor, self.where.pose(stage.roads, stage.pose_of))
        return True


class GoTo(Doing):
    """AcquirePositionAction and AssignRouteAction: drive the shortest way through places."""

    domain = ROUTE

    def __init__(self, node: Node, actor: str, left_handed: bool) -> None:
        super().__init__(node, actor)
        holders = (
            [node] if node.tag == "AcquirePositionAction" else node.child("Route").all("Waypoint")
        )
        self.places = [Where.of(holder.child("Position"), left_handed) for holder in holders]

    def step(self, stage: Stage, dt: float) -> bool:
        """Give the actor its way.

        Raises:
            OpenScenarioError: no lanes lead there.
        """
        me = self.me(stage)
        poses = [where.pose(stage.roads, stage.pose_of) for where in self.places]
        if not me.on_lanes:
            me.follow(Track.of_line(stage.roads, [me.pose, *poses]))
            return True
        here = me.pose
        points = np.array([(p.x, p.y, p.z) for p in (here, *poses)])
        yaws = np.array([here.yaw, *(math.nan for _ in poses)])
        try:
            route = plan_route(stage.roads.network, points, id=me.name, yaws=yaws)
        except RouteError as error:
            raise self.node.fault(str(error)) from None
        me.follow(Track.of_route(stage.roads, route))
        return True


class FollowTrajectory(Doing):
    """FollowTrajectoryAction along a polyline, by its times or at the actor's own speed."""

    domain = ROUTE

    def __init__(self, node: Node, actor: str, left_handed: bool) -> None:
        super().__init__(node, actor)
        holder = node.find("TrajectoryRef") or node
        trajectory = holder.child("Trajectory")
        shape = trajectory.child("Shape").child("Polyline")
        self._vertices = shape.all("Vertex")
        if len(self._vertices) < 2:
            raise shape.fault("needs at least two <Vertex>")
        self._places = [Where.of(v.child("Position"), left_handed) for v in self._vertices]
        reference = node.find("TimeReference")
        self._timing = reference.find("Timing") if reference is not None else None
        if self._timing is not None and not all("time" in v.attributes for v in self._vertices):
            raise shape.fault("its <Timing> needs a time in each <Vertex>")
        self._track: Track | None = None
        self._ways = self._times = np.zeros(0)
        self._start = 0.0

    def begin(self, stage: Stage) -> None:
        """Lay the line out."""
        me = self.me(stage)
        poses = [where.pose(stage.roads, stage.pose_of) for where in self._places]
        self._track = Track.of_line(stage.roads, poses)
        steps = [math.hypot(b.x - a.x, b.y - a.y) for a, b in pairwise(poses)]
        self._ways = np.concatenate([[0.0], np.cumsum(steps)])
        if self._timing is None:
            self._track.advance(number(self.node, "initialDistanceOffset", 0.0))
            me.follow(self._track)
            me.offset = 0.0
            return
        scale, offset = number(self._timing, "scale"), number(self._timing, "offset")
        self._times = np.array([number(v, "time") for v in self._vertices]) * scale + offset
        relative = word(self._timing, "domainAbsoluteRelative") == "relative"
        self._start = stage.time if relative else 0.0
        me.track, me.offset = self._track, 0.0
        self._track.advance(float(np.interp(stage.time - self._start, self._times, self._ways)))

    def step(self, stage: Stage, dt: float) -> bool:
        """Go on along the line."""
        me, track = self.me(stage), self._track
        assert track is not None
        if self._timing is not None:
            after = stage.time + dt - self._start
            me.forced = float(np.interp(after, self._times, self._ways)) - track.s
            done = after >= self._times[-1]
        else:
            done = track.ended
        if done and me.on_lanes:
            me.follow_lane()
        return bool(done)


class Activate(Doing):
    """ActivateControllerAction: the autopilot of who acts goes on or off."""

    domain = ""

    def step(self, stage: Stage, dt: float) -> bool:
        """Switch it."""
        if "longitudinal" in self.node.attributes:
            me = self.me(stage)
            me.autopilot = flag(self.node, "longitudinal")
            if me.autopilot and me.track is None:
                me.follow_lane()
            me.order = me.speed
        return True


class Assign(Doing):
    """AssignControllerAction in a story: somebody else drives from now on."""

    def __init__(self, node: Node, actor: str) -> None:
        super().__init__(node, actor)
        self._driver, self._properties = driver_of(node.child("Controller"))

    def step(self, stage: Stage, dt: float) -> bool:
        """Change the driver."""
        me = self.me(stage)
        if self._driver is not None:
            me.drive_by(self._driver, self._properties)
        return True
