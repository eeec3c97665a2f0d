"""The stage: one world with the entities of a scenario in it, tick by tick."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from roadworthy.sim.openscenario.doing import ACROSS, ALONG, ROUTE, Doing
from roadworthy.sim.openscenario.driving import blocked, choose_speed
from roadworthy.sim.openscenario.elements import word
from roadworthy.sim.openscenario.environment import Environment
from roadworthy.sim.openscenario.player import Player
from roadworthy.sim.openscenario.reading import Node
from roadworthy.sim.openscenario.roads import Pose, RoadFrame
from roadworthy.sim.openscenario.signals import signal_named
from roadworthy.sim.openscenario.storyboard import Part
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.traffic.motion import WHEEL_RADIUS
from roadworthy.sim.traffic.walkers import STRIDE
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.columns import Actor, Ego, Event, Kind, Tuning
from roadworthy.sim.world.guests import Guests
from roadworthy.sim.world.world import World

BESIDE = 6.0  # [m] from a line, up to which a place lies on it
COMPANY, ROAD_WIDTH = 100.0, 15.0  # [m] ahead and beside, up to which two drive the same road
SUN_TICKS = 20  # ticks after which an animated sun is moved on
NOON = datetime.fromisoformat("2020-01-01T12:00:00+00:00")  # where the file gives no time


@dataclass(frozen=True)
class Setting:
    """What a stage is made for: how to read the file, and who the ego is."""

    left_handed: bool
    ego: str
    played: bool  # the story drives the ego, not the agent
    watches_roads: bool  # some condition asks who is off the road


class Stage:
    """One world with players in it.

    Attributes:
        world: the world.
        players: all entities by name, whether they are there or not.
        parts: parts of the story by kind and name.
        parameters: what ParameterConditions see.
        tick_number: ticks since the story began.
    """

    def __init__(
        self,
        world: World,
        players: Mapping[str, Player],
        roads: RoadFrame,
        setting: Setting,
        parameters: Mapping[str, str],
    ) -> None:
        self.world, self.players, self.roads = world, players, roads
        self.setting, self.left_handed = setting, setting.left_handed
        self.parameters = dict(parameters)
        self.parts: dict[tuple[str, str], list[Part]] = {}
        self.tick_number = 0
        self.dt = world.batch.settings.tick
        self._guests = Guests(world.batch)
        self._channels: dict[tuple[str, str], Doing] = {}
        self._environment: Environment | None = None
        self._since = 0.0
        self._signals: dict[str, int] = {}
        self.players[setting.ego].present = True
        self._last = {name: player.pose for name, player in players.items()}

    @property
    def time(self) -> float:
        """Seconds since the drive began."""
        return self.tick_number * self.dt

    @property
    def ego(self) -> Player:
        """The entity that is tested."""
        return self.players[self.setting.ego]

    def pose_of(self, name: str, node: Node) -> Pose:
        """Where an entity is.

        Raises:
            OpenScenarioError: it is not there; `node` asked.
        """
        player = self.players[name]
        if not player.present:
            raise node.fault(f"the entity {name!r} is not there at {self.time:.2f} s")
        return player.pose

    # --- who is there

    def appear(self, name: str, pose: Pose) -> None:
        """Let an entity appear somewhere, or put it there."""
        player = self.players[name]
        pose = Pose(pose.x, pose.y, self.roads.ground(pose.x, pose.y, pose.z), pose.yaw)
        player.put(pose)
        self._last[name] = pose
        if name == self.setting.ego:
            place = (pose.x, pose.y, pose.z, pose.yaw)
            self.world.batch.place_ego(0, place, player.speed)
        elif player.slot < 0:
            player.slot = self._guests.enter(
                player.role.body, pose.x, pose.y, pose.z, pose.yaw, player.speed
            )
        else:
            self._show(player)

    def vanish(self, name: str) -> None:
        """Take an entity away; the ego stays."""
        player = self.players[name]
        if name == self.setting.ego or not player.present:
            return
        player.present = False
        if player.slot >= 0:
            self._guests.leave(player.slot)
        player.slot = -1
        player.speed = player.order = 0.0

    # --- what is done

    def begin(self, made: Sequence[Doing]) -> list[Doing]:
        """Start doings; each ends those that it contradicts. Those that are the agent's are not."""
        begun = []
        for doing in made:
            agents = doing.actor == self.setting.ego and not self.setting.played
            if agents and doing.domain in (ALONG, ACROSS, ROUTE):
                continue
            if doing.domain:
                key = (doing.actor, doing.domain)
                before = self._channels.get(key)
                if before is not None:
                    before.ended = True
                self._channels[key] = doing
            if not doing.actor or self.players[doing.actor].present:
                doing.begin(self)
            begun.append(doing)
        return begun

    def step(self, running: Sequence[Doing]) -> tuple[list[Doing], bool]:
        """Go on with doings for a tick; those that are left, and whether one was cut short."""
        left, cut = [], False
        for doing in running:
            gone = bool(doing.actor) and not self.players[doing.actor].present
            if doing.ended or (gone and doing.domain != "place"):
                cut = True
            elif not doing.step(self, self.dt):
                left.append(doing)
        return left, cut

    def drop(self, running: Sequence[Doing]) -> None:
        """End doings before their time."""
        for doing in running:
            doing.ended = True
            if doing.domain == ACROSS:
                self.players[doing.actor].offset_speed = 0.0

    def move(self) -> None:
        """Move everybody by a tick."""
        for name, player in self.players.items():
            if not player.present:
                continue
            is_ego = name == self.setting.ego
            if is_ego and not self.setting.played:
                continue
            before = player.pose
            player.wish = choose_speed(self, player)
            if max(player.wish, player.speed) > 0.0 and blocked(self, player):
                player.stand()
            else:
                player.move(self.dt)
            if is_ego:  # physics carries it on from here to where it should be after the tick
                place = (before.x, before.y, before.z, before.yaw)
                self.world.batch.place_ego(0, place, player.speed)
            else:
                self._show(player)

    def _show(self, player: Player) -> None:
        """Let the world have a guest where and as it is."""
        pose = player.pose
        self._guests.move(player.slot, pose.x, pose.y, pose.z, pose.yaw, player.speed)
        row = self._guests.row(player.slot)
        row[Actor.ACCEL] = player.accel
        row[Actor.BRAKE] = 1.0 if player.accel < -0.5 else 0.0
        stride = STRIDE / math.pi if row[Actor.KIND] == Kind.WALKER else WHEEL_RADIUS
        turn = float(row[Actor.PHASE]) + player.speed * self.dt / stride
        row[Actor.PHASE] = math.fmod(turn, math.tau)

    def see(self) -> None:
        """Take in what a tick did: where the ego is, how far everybody came."""
        self.tick_number += 1
        self.watch_ego()
        for name, player in self.players.items():
            if not player.present:
                continue
            last = self._last[name]
            moved = math.hypot(player.pose.x - last.x, player.pose.y - last.y)
            self._last[name] = player.pose
            player.note(moved, self._off_road(player), self.dt)

    def watch_ego(self) -> None:
        """Read where the ego is."""
        if self.setting.played:
            return
        row, ego = self.world.actors[0], self.ego
        ego.pose = Pose(*(float(row[c]) for c in (Actor.X, Actor.Y, Actor.Z, Actor.YAW)))
        ego.speed, ego.accel = float(row[Actor.SPEED]), float(row[Actor.ACCEL])

    def _off_road(self, player: Player) -> bool:
        if player is self.ego:
            return bool(self.world.batch.events[0, Event.OFF_ROAD])
        if not self.setting.watches_roads:
            return False
        place = player.lane_place()
        return place is None or abs(place.lateral) > 2.5

    def touched(self, player: Player, category: str) -> bool:
        """Whether the ego touched somebody of a category in the last tick."""
        kinds = {"vehicle": Event.COLLISION_VEHICLE, "pedestrian": Event.COLLISION_WALKER}
        event = kinds.get(category, Event.COLLISION_STATIC)
        return player is self.ego and bool(self.world.batch.events[0, event])

    # --- measures

    def way_of(self, player: Player, goal: Pose) -> float:
        """How far a player has to go to a place [m]: along its line, or straight."""
        straight = math.hypot(goal.x - player.pose.x, goal.y - player.pose.y)
        if player is self.ego and not self.setting.played:
            points = self.world.route.points
            away = np.hypot(points[:, RoutePoint.X] - goal.x, points[:, RoutePoint.Y] - goal.y)
            near = int(np.argmin(away))
            if away[near] > BESIDE:
                return straight
            return float(points[near, RoutePoint.S]) - float(self.world.ego[Ego.ROUTE_S])
        if player.track is None:
            return straight
        ahead, beside = player.track.way_to(goal.x, goal.y)
        return ahead if beside < BESIDE else straight

    def lateral_on(self, player: Player, other: Player) -> float | None:
        """How far to the right of a player's line somebody else is [m]; None: on another road."""
        base = player.pose
        if player.track is not None:
            ahead, beside = player.track.way_to(other.pose.x, other.pose.y, COMPANY)
            if abs(ahead) > COMPANY or beside > ROAD_WIDTH:
                return None
            base = player.track.pose(0.0, ahead)
        dx, dy = other.pose.x - base.x, other.pose.y - base.y
        return math.cos(base.yaw) * dy - math.sin(base.yaw) * dx

    # --- surroundings

    def signal(self, node: Node) -> int:
        """Index of the traffic light that an element names.

        Raises:
            OpenScenarioError: there is none.
        """
        name = word(node, "name")
        if name not in self._signals:
            self._signals[name] = signal_named(self.world.network, node, self.left_handed)
        return self._signals[name]

    def set_environment(self, environment: Environment) -> None:
        """Let another weather begin."""
        before = self._environment
        moment = environment.moment or (before.moment if before is not None else None)
        weather = environment.weather or (before.weather if before is not None else None)
        self._environment = Environment(weather, moment, environment.animated, environment.friction)
        self._since = self.time
        if environment.friction is not None:
            self.world.batch.state.tuning[0, Tuning.FRICTION] = environment.friction
        self._set_weather()

    def turn_sun(self) -> None:
        """Move an animated sun on."""
        animated = self._environment is not None and self._environment.animated
        if animated and self.tick_number % SUN_TICKS == 0:
            self._set_weather()

    def _set_weather(self) -> None:
        assert self._environment is not None
        base = Weather.of_row(self.world.batch.weather[0])
        place = self.world.network.geo_reference
        weather = self._environment.weather_at(base, self.time - self._since, place)
        self.world.batch.set_weather(0, weather)

    def moment(self) -> datetime:
        """The time of day now."""
        environment = self._environment
        if environment is None or environment.moment is None:
            return NOON
        since = self.time - self._since if environment.animated else 0.0
        return environment.moment + timedelta(seconds=since)
