"""Players: the entities on stage, how they move, and what conditions ask of them.

An entity beside the ego is moved along its line exactly: it has no dynamics besides the limits of
its <Performance>. Lateral offsets are positive to the right.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from roadworthy.sim.openscenario.cast import Driver, Role
from roadworthy.sim.openscenario.roads import LanePlace, Pose, RoadFrame
from roadworthy.sim.openscenario.track import Track
from roadworthy.sim.world.columns import Kind

STANDING = 0.1  # [m/s] below which somebody stands (ScenarioRunner: StandStill, EPSILON)
FACING = 1.3  # [rad] between heading and lane, up to which a vehicle follows the lane
SLIP_SPEED = 1.0  # [m/s] below which a lateral motion turns the body no further


class Player:
    """One entity.

    Attributes:
        role: what it is.
        driver: who drives it; None for what drives itself not at all.
        properties: of its controller.
        present: whether it is on stage.
        pose: where.
        speed: [m/s] along its heading; accel: [m/s^2].
        order: [m/s] speed that actions ask of it.
        wish: [m/s] speed that its driver is after now.
        forced: [m] that it is to go in this tick, whatever its speed; None: as its speed says.
        track: the line that it follows; None: straight on.
        offset: [m] beside that line; offset_speed: [m/s].
        travelled: [m] since the story began.
        stood, ended, strayed: [s] for which it has stood, been at the end of its road, been off
            the road.
        autopilot: whether it drives like the traffic.
    """

    def __init__(
        self, role: Role, driver: Driver | None, properties: Mapping[str, str], roads: RoadFrame
    ) -> None:
        self.role, self.properties = role, properties
        self._roads = roads
        kind = role.body.kind
        if driver is None and kind != Kind.PROP:  # as ScenarioRunner's ActorControl
            driver = Driver.WALKER if kind == Kind.WALKER else Driver.NPC
        self.driver = driver
        self.present = False
        self.slot = -1
        self.pose = Pose(0.0, 0.0, 0.0, 0.0)
        self.speed = self.accel = self.order = self.wish = 0.0
        self.forced: float | None = None
        self.track: Track | None = None
        self.offset = self.offset_speed = 0.0
        self.travelled = self.stood = self.ended = self.strayed = 0.0
        self.autopilot = driver is Driver.AUTOPILOT

    @property
    def name(self) -> str:
        """Its name."""
        return self.role.name

    @property
    def on_lanes(self) -> bool:
        """Whether it is something that follows lanes."""
        lanes = (Driver.NPC, Driver.SIMPLE, Driver.AUTOPILOT, Driver.EXTERNAL)
        return self.driver in lanes or self.autopilot

    def drive_by(self, driver: Driver, properties: Mapping[str, str]) -> None:
        """Give it another driver."""
        self.driver, self.properties = driver, properties
        self.autopilot = driver is Driver.AUTOPILOT
        if self.present and self.on_lanes and self.track is None:
            self.follow_lane()
        elif not self.on_lanes:
            self.track, self.offset = None, 0.0

    def put(self, pose: Pose) -> None:
        """Put it somewhere; its speed stays. What follows lanes follows the one that it is on."""
        self.pose, self.present = pose, True
        self.offset = self.offset_speed = 0.0
        self.track = None
        if self.on_lanes:
            self.follow_lane()

    def follow_lane(self) -> None:
        """Follow the lane that it is on from now on; straight on where it is on none."""
        pose = self.pose
        place = self._roads.locate(pose.x, pose.y, pose.z, pose.yaw)
        self.track = None
        if place is not None:
            way = self._roads.on_lane(LanePlace(place.lane, place.s, 0.0)).yaw
            if abs(math.remainder(pose.yaw - way, math.tau)) < FACING:
                self.track = Track.along(self._roads, place)
                self.offset = place.lateral

    def follow(self, track: Track) -> None:
        """Follow another line, from the place on it that is next to it."""
        ahead, _ = track.way_to(self.pose.x, self.pose.y)
        track.advance(ahead)
        base = track.pose()
        dx, dy = self.pose.x - base.x, self.pose.y - base.y
        self.track = track
        self.offset = math.cos(base.yaw) * dy - math.sin(base.yaw) * dx

    def lane_place(self) -> LanePlace | None:
        """The driving lane that it is on; None where it is on none."""
        pose = self.pose
        return self._roads.locate(pose.x, pose.y, pose.z, pose.yaw)

    def move(self, dt: float) -> None:
        """Move it by one tick, toward the speed that it is to have."""
        before = self.speed
        limits = self.role.limits
        wish = min(max(self.wish, 0.0), limits.speed)
        self.speed = min(max(wish, before - limits.brake * dt), before + limits.accel * dt)
        way = 0.5 * (before + self.speed) * dt
        if self.forced is not None:
            way, self.speed, self.forced = self.forced, self.forced / dt, None
        if self.track is not None:
            self.track.advance(way)
            if self.track.ended:
                self.speed = 0.0
            line = self.track.pose(self.offset)
            slip = math.atan2(self.offset_speed, max(self.speed, SLIP_SPEED))
            self.pose = Pose(line.x, line.y, line.z, line.yaw + slip)
        elif way != 0.0:
            x = self.pose.x + way * math.cos(self.pose.yaw)
            y = self.pose.y + way * math.sin(self.pose.yaw)
            self.pose = Pose(x, y, self.pose.z, self.pose.yaw)
        self.accel = (self.speed - before) / dt

    def stand(self) -> None:
        """Stand for this tick, whatever its speed should be."""
        self.speed = self.accel = 0.0
        self.forced = None

    def note(self, moved: float, off_road: bool, dt: float) -> None:
        """Count what conditions ask for, after a tick in which it moved by so much."""
        self.travelled += moved
        self.stood = self.stood + dt if abs(self.speed) < STANDING else 0.0
        self.strayed = self.strayed + dt if off_road else 0.0
        at_end = self.track is not None and self.track.ended
        self.ended = self.ended + dt if at_end else 0.0
