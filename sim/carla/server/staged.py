"""An episode that a scenario plays in: the embedded world itself, with its ego as the hero.

Clients see the world's own vehicles, walkers, props and lights, drive its ego by `apply_control`
and put sensors on it. All else is the world's: what clients do to its actors has no effect on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.bodies import Bodies
from roadworthy.sim.carla.server.cast import part_of
from roadworthy.sim.carla.server.episode import TAGS, Episode
from roadworthy.sim.carla.server.ledger import Entry
from roadworthy.sim.carla.server.lights import Lights
from roadworthy.sim.carla.server.maps import Map
from roadworthy.sim.carla.server.motion import end_tick
from roadworthy.sim.carla.server.motors import Motor
from roadworthy.sim.carla.server.settings import Settings
from roadworthy.sim.carla.server.streams import Streams
from roadworthy.sim.carla.server.touching import HIT_A, HIT_B, HIT_X, HIT_Y
from roadworthy.sim.carla.server.values import Pose, RefusedError
from roadworthy.sim.carla.server.vehicles import BY_ID
from roadworthy.sim.frame import Control
from roadworthy.sim.physics.kinds import profile_of
from roadworthy.sim.physics.profile import VehicleProfile
from roadworthy.sim.rng import derive
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.suite import (
    CAMERAS,
    INERTIAL,
    LIDAR,
    key_of_frame,
    key_of_lidar,
    key_of_radar,
)
from roadworthy.sim.town import Town
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.columns import Actor, Hit, Kind, Lamp, Mover
from roadworthy.sim.world.world import World

HERO_ROLE, TRAFFIC_ROLE, EVENT_ROLE = "hero", "background", "scenario"
JUMP = 10.0  # [m] whoever goes farther in a tick is somebody else in the same row
_LOOKS = [Actor.KIND, Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT, Actor.COLOR]
_BRAKE_LIGHT = 0x8  # carla.VehicleLightState.Brake
_PEDESTRIAN_TAG, _PROP_TAG = 12, 21
_OF_THE_SCENARIO = (
    "this server plays a scenario, whose vehicles, walkers and props are its own; clients drive "
    "the vehicle with role_name hero and spawn sensors. Without --scenario it serves an empty town"
)


@dataclass(frozen=True, slots=True)
class Stage:
    """What is played."""

    scenario: Scenario
    seed: int

    def begin(self, town: Town) -> World:
        """Set the stage anew.

        Raises:
            EventError: an event has no place on the route.
            RouteError: the route is of another town.
            SettingsError: the scenario's settings make no world.
        """
        return World.of(self.scenario, town, self.seed)


class StagedBodies(Bodies):
    """Copies of a world's actors, for what reads bodies; what is written here is lost."""

    def __init__(self, town: Town, world: World) -> None:
        super().__init__(town)
        self.world = world
        self.actors = world.actors.copy()
        self.motors = np.zeros((len(self.actors), self.motors.shape[1]), np.float32)
        self.motors[:, [Motor.SIMULATE, Motor.GRAVITY, Motor.COLLIDE, Motor.GEAR]] = 1.0
        self.motors[:, Motor.LIGHT] = -1.0
        self._free = []

    @property
    def full(self) -> bool:
        """No body fits beside the world's own."""
        return True

    def profile(self, row: int) -> VehicleProfile:
        """The vehicle profile of a row."""
        if row == 0:
            return self.world.batch.profile
        me = self.actors[row]
        length, width, height, mass = (
            float(me[c]) for c in (Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT, Actor.MASS)
        )
        return profile_of(Kind(int(me[Actor.KIND])), length, width, height, mass)

    def place(self, row: int, pose: Pose) -> None:
        """Nobody is put elsewhere."""

    def leave(self, row: int) -> None:
        """The row is the world's."""


class StagedEpisode(Episode):
    """What exists between two beginnings of a scenario."""

    def __init__(
        self, number: int, map_: Map, streams: Streams, next_id: int, stage: Stage
    ) -> None:
        """Set the stage; see `Stage.begin` for errors."""
        self.world = stage.begin(map_.town)
        self.step = self.world.batch.settings.tick
        self._driven = False  # until then the world waits
        count = len(self.world.actors)
        self._entries: list[Entry | None] = [None] * count
        self._looks = np.zeros((count, len(_LOOKS)), np.float32)
        self._places = np.zeros((count, 2), np.float32)
        self._lamps = np.zeros((count, 2), np.float32)
        super().__init__(number, map_, streams, next_id, stage.seed)
        self._look(0.0)
        end_tick(self.bodies.actors, self.bodies.motors, self.step)
        self.bodies.motors[:, Motor.AX : Motor.AZ + 1] = 0.0
        self.ledger.moved()

    def _populate(self) -> tuple[Bodies, Lights]:
        """Take the bodies of the world, and its lights' times."""
        lights = Lights(self.town.network)
        state, groups = self.world.batch.state, self.town.network.signal_group
        for k in lights.signals:
            if groups[k] >= 0:
                lights.times[k] = state.light_times[0, groups[k]]
        return StagedBodies(self.town, self.world), lights

    def _embody(self, entry: Entry, pose: Pose) -> None:
        raise RefusedError(_OF_THE_SCENARIO)

    def _look(self, dt: float) -> None:
        """Take in where the world's actors are now, dt [s] after the last look."""
        batch, rows = self.world.batch, self.world.actors
        bodies, motors = self.bodies, self.bodies.motors
        np.copyto(bodies.actors, rows)
        alive = rows[:, Actor.ALIVE] > 0.0
        looks = rows[:, _LOOKS] * alive[:, None]
        places = rows[:, [Actor.X, Actor.Y]]
        other = (looks != self._looks).any(axis=1)
        here = np.array([entry is not None for entry in self._entries])
        other |= here != alive
        other |= alive & here & (np.abs(places - self._places).max(axis=1) > JUMP)
        self._looks, self._places = looks, places
        for row in np.flatnonzero(other).tolist():
            self._recast(row)
        lanes = rows[:, Actor.LANE].astype(np.int64)
        limits = self.town.network.lane_speed_limit[np.maximum(lanes, 0)] * 3.6
        motors[:, Motor.LIMIT] = np.where(lanes >= 0, limits, motors[:, Motor.LIMIT])
        self._show_lamps(alive)
        lights, shown = self.lights, batch.lights[0]
        count = len(shown)
        same = lights.shown[:count] == shown
        lights.since[:count] = np.where(same, lights.since[:count] + dt, 0.0)
        lights.shown[:count] = shown
        lights.find(bodies.actors, motors)
        hits = batch.hits[0, : batch.state.hit_count[0]]
        bodies.hits = np.zeros((len(hits), 4), np.float32)
        bodies.hits[:, HIT_A] = 0
        for column, source in ((HIT_B, Hit.ACTOR), (HIT_X, Hit.IMPULSE_X), (HIT_Y, Hit.IMPULSE_Y)):
            bodies.hits[:, column] = hits[:, source]
        self.weather_row = batch.weather[0].copy()
        self.ticks, self.clock = self.world.frame, self.world.time

    def _recast(self, row: int) -> None:
        """Let the actor of a row that was somebody else, or nobody, appear."""
        before, self._entries[row] = self._entries[row], None
        if before is not None:
            super().destroy(before.id)
        me = self.bodies.actors[row]
        if not me[Actor.ALIVE]:
            return
        kind, hero = Kind(int(me[Actor.KIND])), row == 0
        role = TRAFFIC_ROLE if me[Actor.MOVER] == Mover.TRAFFIC else EVENT_ROLE
        described = part_of(me, HERO_ROLE if hero else role, hero)
        half = [0.5 * float(me[c]) for c in (Actor.LENGTH, Actor.WIDTH, Actor.HEIGHT)]
        walks = kind == Kind.WALKER
        model = BY_ID.get(described.id)
        tag = _PEDESTRIAN_TAG if walks else _PROP_TAG if model is None else TAGS[model.base]
        entry = Entry(self.next_id, described, [], row=row, lift=half[2] if walks else 0.0)
        entry.box = [[0.0, 0.0, 0.0 if walks else half[2]], half, [0.0, 0.0, 0.0]]
        entry.tags = bytes([tag])
        self.next_id += 1
        x, y, z = (float(me[c]) for c in (Actor.X, Actor.Y, Actor.Z))
        self.ledger.add(entry, Pose(x, y, z + entry.lift, 0.0, 0.0, 0.0))
        self._entries[row] = entry

    def _show_lamps(self, alive: NDArray[np.bool_]) -> None:
        """Tell which lights of vehicles are on."""
        lamps = self.world.actors[:, [Actor.LAMPS, Actor.BRAKE]]
        for row in np.flatnonzero((lamps != self._lamps).any(axis=1) & alive).tolist():
            entry = self._entries[row]
            if entry is not None:
                doors = int(Lamp.DOOR_LEFT | Lamp.DOOR_RIGHT)
                brake = _BRAKE_LIGHT if lamps[row, 1] > 0.0 else 0
                self.lamps[entry.id] = (int(lamps[row, 0]) & ~doors) | brake
        self._lamps = lamps

    @property
    def hero(self) -> Entry:
        """The vehicle that clients drive."""
        found = self._entries[0]
        if found is None:
            raise RefusedError("the hero is gone")
        return found

    def controlled(self, entry: Entry, pedals: bool = True) -> None:
        """Let the hero be driven, and nobody else.

        Raises:
            RefusedError: it is somebody else, or an Ackermann control.
        """
        if entry is not self.hero:
            raise RefusedError(_OF_THE_SCENARIO)
        if not pedals:
            raise RefusedError("the hero of a scenario takes apply_control, no Ackermann control")
        self._driven = True

    def check(self, settings: Settings) -> None:
        """Refuse another step than the scenario's.

        Raises:
            RefusedError: it is another.
        """
        step = settings.fixed_delta
        if step is not None and self.step is not None and abs(step - self.step) > 1e-6:
            raise RefusedError(
                f"fixed_delta_seconds is {step:g}, but this server plays a scenario with ticks of "
                f"{self.step:g} s"
            )

    def set_weather(self, weather: Weather) -> None:
        """Let another weather be, until the scenario changes it."""
        super().set_weather(weather)
        self.world.batch.set_weather(0, weather)

    def destroy(self, number: int) -> bool:
        """Take a sensor away; whether it was one. The scenario's actors stay."""
        entry = self.ledger.entries.get(number)
        return (entry is None or entry.row < 0) and super().destroy(number)

    def place(self, entry: Entry, pose: Pose) -> None:
        """Put something somewhere that the scenario does not move."""
        if entry.row < 0:
            super().place(entry, pose)

    def advance(self, dt: float) -> None:
        """Go on by a tick, always of the world's own length."""
        tick = self.world.batch.settings.tick
        if self._driven:
            throttle, steer, brake, hand, reverse = (
                float(v) for v in self.bodies.motors[0, Motor.THROTTLE : Motor.REVERSE + 1]
            )
            self.world.step(Control(throttle, brake, steer, bool(reverse), bool(hand)), 1)
            self._look(tick)
            end_tick(self.bodies.actors, self.bodies.motors, tick)
        self.time += tick
        self.delta = tick
        self.ledger.moved()

    def noise_key(self, entry: Entry) -> np.uint64:
        """Of a sensor's noise; of the hero's sensors, that of a SensorSuite in the same world."""
        if entry.parent != self.hero.id:
            return super().noise_key(entry)
        key = key_of_frame(self.world.batch.key[0], self.seed, self.ticks)
        if entry.type_id.startswith("sensor.camera."):
            return np.uint64(derive(key, CAMERAS + entry.rank))
        if entry.type_id == "sensor.other.radar":
            return key_of_radar(key, entry.rank)
        if entry.type_id.startswith("sensor.lidar."):
            first = entry.rank == 0
            return np.uint64(derive(key, LIDAR)) if first else key_of_lidar(key, entry.rank - 1)
        return np.uint64(derive(key, INERTIAL))
