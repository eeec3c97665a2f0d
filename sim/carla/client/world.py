"""CarlaWorld: a drive on a CARLA server, with the face of `roadworthy.sim.world.world.World`."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

from roadworthy.sim.carla.client.link import Link
from roadworthy.sim.carla.client.rig import CarlaRig, SensorStream
from roadworthy.sim.carla.client.shadow import Shadow, shape_of
from roadworthy.sim.carla.client.touches import Touches
from roadworthy.sim.carla.client.traffic import ROLE, Background
from roadworthy.sim.errors import CarlaError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import RoutePoint
from roadworthy.sim.scenario.scenario import NONE, Scenario
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Event
from roadworthy.sim.world.driven import DrivenWorld

EGO_BLUEPRINT = "vehicle.lincoln.mkz_2020"
EGO_ROLE = "hero"
ROOM = 0.5  # [m] above the road that a vehicle is put at, as CARLA's own scripts do
NEAR_START = 10.0  # [m] a vehicle of that role this near to the route's beginning is the agent's
SETTLE = 10  # ticks that it falls and rolls for


class CarlaWorld(DrivenWorld):
    """One drive of one vehicle on a server.

    Attributes:
        batch: a shadow of the server's world, see `shadow`; oracles and tallies read it.
        telling: None: stories are told to embedded worlds only.
    """

    def __init__(
        self, link: Link, scenario: Scenario, town: Town, seed: int = 0, *, anew: bool = False
    ) -> None:
        """Begin a drive: take the agent's vehicle that is there, or let one appear.

        Args:
            link: to the server.
            scenario: its route, traffic limits and weather; its events are told as missing.
            town: where, as our own roads; the server's town must be the same.
            seed: of the server's sensors and traffic, where they take one.
            anew: load the town in any case, so that nothing is left of the drive before.

        Raises:
            CarlaError: the server lets no vehicle appear.
            LostServerError: it does not answer.
            NoTownError: it lacks the town.
        """
        self.town, self.route, self.seed = town, scenario.route, seed
        self._link, self._scenario = link, scenario
        settings = scenario.world_settings()
        self._tick = settings.tick
        self._shadow = Shadow(town, scenario.route, settings, seed)
        self.batch, self._touches = self._shadow.batch, Touches(self._shadow)
        self._world: Any = None
        self._before: Any = None  # settings that the server had
        self._streams: list[SensorStream] = []
        self._rigs: list[CarlaRig] = []
        self._vehicle: Any = None
        self._owned = False
        self._background: Background | None = None
        self._frame = 0
        self._signals: dict[int, Any] = {}
        try:
            with link.patience():  # a server that just began compiles or loads what it needs
                self._enter(anew)
                self._begin()
        except BaseException:
            self.close()
            raise

    def _enter(self, anew: bool) -> None:
        """Have the server wait for our ticks, and the town."""
        link = self._link
        with link.waiting("the settings of the world"):
            self._world = link.client.get_world()
            before = self._world.get_settings()
            self._before = before  # from now on they must be given back
            self._world.apply_settings(self._settings())
        self._world = link.world_of(self._scenario.town, anew)
        if anew:  # whoever waited with it is gone
            before.synchronous_mode = False

    def _settings(self) -> Any:
        """Settings of the server's world while we drive in it."""
        wanted = self._world.get_settings()
        wanted.synchronous_mode, wanted.fixed_delta_seconds = True, self._tick
        return wanted

    def _begin(self) -> None:
        """Find or make the vehicle, and wait until it stands."""
        self._take_vehicle()
        link, world = self._link, self._world  # which may have been loaded anew
        self._set_weather()
        for name in ("sensor.other.collision", "sensor.other.lane_invasion"):
            with link.waiting(f"the sensor {name}"):
                blueprint = world.get_blueprint_library().find(name)
                pose = link.carla.Transform()
                actor = world.spawn_actor(blueprint, pose, attach_to=self._vehicle)
            self._streams.append(SensorStream(link, actor, name))
        if self._owned:  # else whoever made the vehicle makes the traffic
            count = self._scenario.settings.vehicles
            self._background = Background(link, world, self.route, count, self.seed)
            for _ in range(SETTLE):
                self._hold()
                self._advance()
        self._find_lights()
        self._follow(0.0)
        self._shadow.begin()
        for stream in self._streams:
            stream.events()  # what happened before the drive is not the agent's

    def _hold(self) -> None:
        """Let the vehicle stand."""
        with self._link.waiting("the controls to be taken"):
            self._vehicle.apply_control(self._link.carla.VehicleControl(brake=1.0))

    def _take_vehicle(self) -> None:
        """Take the vehicle with the role of the agent's, or let one appear on the route."""
        link, world, carla = self._link, self._world, self._link.carla
        with link.waiting("the first tick"):
            self._advance()
        point = self.route.points[0]
        x, y, z, yaw = (
            float(point[c]) for c in (RoutePoint.X, RoutePoint.Y, RoutePoint.Z, RoutePoint.YAW)
        )
        if self._find_vehicle(x, y) or self._deserted():
            # Left by a client that died, with its traffic in the way, or at the end of a drive
            # of a scenario, which begins anew.
            self._vehicle, self._before.synchronous_mode = None, False
            self._world = world = link.reload()
            self._advance()
            self._find_vehicle(x, y)
        if self._vehicle is not None:
            return
        with link.waiting(f"a {EGO_BLUEPRINT} at the beginning of route {self.route.id}"):
            blueprint = world.get_blueprint_library().find(EGO_BLUEPRINT)
            blueprint.set_attribute("role_name", EGO_ROLE)
            pose = carla.Transform(
                carla.Location(x, y, z + ROOM), carla.Rotation(yaw=math.degrees(yaw))
            )
            self._vehicle = world.try_spawn_actor(blueprint, pose)
        if self._vehicle is None:
            raise CarlaError(
                f"{link.address}: no room for the agent's vehicle at ({x:.1f}, {y:.1f}), the "
                f"beginning of route {self.route.id}; is another vehicle there?"
            )
        self._owned = True

    def _find_vehicle(self, x: float, y: float) -> bool:
        """Take the agent's vehicle that is at (x, y) [m]; whether there are such ones elsewhere."""
        with self._link.waiting("the vehicles that are there"):
            heroes = [
                actor
                for actor in self._world.get_actors().filter("vehicle.*")
                if actor.attributes.get("role_name") == EGO_ROLE
            ]
            for actor in heroes:
                at = actor.get_location()
                if math.hypot(at.x - x, at.y - y) < NEAR_START:
                    self._vehicle = actor
                    return False
        return bool(heroes)

    def _deserted(self) -> bool:
        """Whether the server waits for ticks of a client that has left its vehicles behind."""
        if not self._before.synchronous_mode:
            return False
        with self._link.waiting("the vehicles that are there"):
            vehicles = self._world.get_actors().filter("vehicle.*")
            return any(v.attributes.get("role_name") in (EGO_ROLE, ROLE) for v in vehicles)

    def _set_weather(self) -> None:
        """Give the server the scenario's weather."""
        weather = self._scenario.world_settings().weather
        names = weather.__dataclass_fields__
        with self._link.waiting("the weather to change"):
            self._world.set_weather(
                self._link.carla.WeatherParameters(
                    **{name: getattr(weather, name) for name in names}
                )
            )

    def _find_lights(self) -> None:
        """Match the server's lights with ours by their OpenDRIVE ids."""
        index = {name: k for k, name in enumerate(self.network.signal_id)}
        with self._link.waiting("the traffic lights"):
            for light in self._world.get_actors().filter("traffic.traffic_light*"):
                signal = index.get(str(light.get_opendrive_id()))
                if signal is not None:
                    self._signals[signal] = light

    def _advance(self) -> None:
        """Let the server make one tick."""
        with self._link.waiting("a tick of the world"):
            if not self._link.there():
                raise RuntimeError("the server is gone")
            traffic = nullcontext() if self._background is None else self._background.tick()
            with traffic:
                self._frame = int(self._world.tick(self._link.timeout))

    def _follow(self, tick: float) -> None:
        """Read where everybody is now."""
        with self._link.waiting("the state of the world"):
            snapshot = self._world.get_snapshot()
            if snapshot.frame != self._frame:
                raise CarlaError(
                    f"{self._link.address}: the world is at frame {snapshot.frame}, not at "
                    f"{self._frame}; does another client tick it?"
                )
            new = self._shadow.unknown(state.id for state in snapshot)
            if new:
                self._shadow.know(self._world.get_actors(new))
            self._shadow.follow(snapshot, self._vehicle.id, tick)
            self._shadow.lights({k: int(light.get_state()) for k, light in self._signals.items()})

    def step(self, control: Control, ticks: int = 2) -> None:
        """Hold `control` for `ticks` ticks of the server.

        Raises:
            CarlaError: the server did not answer in time.
            SettingsError: a command is not finite or out of range.
        """
        control.validate()
        with self._link.waiting("the controls to be taken"):
            self._vehicle.apply_control(
                self._link.carla.VehicleControl(
                    throttle=float(control.throttle),
                    steer=float(control.steer),
                    brake=float(control.brake),
                    hand_brake=bool(control.hand_brake),
                    reverse=bool(control.reverse),
                )
            )
        for n in range(ticks):
            before = self.speed
            self._advance()
            self._follow(self._tick)
            self._shadow.judge(first=n == 0)
            self._touches.ticked(self._frame, before)
        self._note_touches()

    def _note_touches(self) -> None:
        """Count what the server's collision and lane-invasion sensors told."""
        collision, invasion = self._streams
        for touch in collision.events():
            self._touches.note(touch)
        self.batch.events[0, Event.LANE_INVASION] = len(invasion.events())

    def attach(self, rig: SensorRig, seed: int) -> Callable[[], Frame]:
        """Mount sensors; what is returned reads them all, at the tick that is now.

        Raises:
            CarlaError: the server does not let them be.
            SettingsError: the rig asks for what CARLA's sensors do not do.
        """
        shape = shape_of(self._vehicle)
        if shape is None:
            raise CarlaError(f"{self._link.address}: the agent's vehicle has no bounding box")
        with self._link.patience():
            made = CarlaRig(self._link, self._world, self._vehicle, shape, rig, seed)
            self._rigs.append(made)
            if self._owned:
                self._hold()
            self._advance()  # a sensor measures from the tick after it was made
            self._follow(self._tick)
            made.wait(self._frame)
        return partial(self.sense, made)

    def sense(self, suite: CarlaRig) -> Frame:
        """What the sensors of the ego measured in this tick.

        Raises:
            CarlaError: a measurement did not come.
        """
        return suite.read(self._frame, self.frame, self.time, self.speed, self.batch.key[0])

    def close(self) -> None:
        """Destroy what was made here, and give the server its settings back."""
        for rig in self._rigs:
            rig.close()
        for stream in self._streams:
            stream.close()
        self._rigs, self._streams = [], []
        if self._background is not None:
            self._background.close()
        try:
            if self._owned and self._vehicle is not None and not self._link.lost:
                self._vehicle.destroy()
            if self._before is not None and not self._link.lost:
                self._world.apply_settings(self._before)
        except RuntimeError:
            pass  # the server is gone
        self._vehicle, self._background, self._before = None, None, None


def lacking(scenario: Scenario) -> list[str]:
    """What of a scenario a server's world does not do, in words."""
    found = []
    if scenario.story is not None:
        found.append("stories (OpenSCENARIO) are told to the embedded world only")
    if scenario.events or scenario.drawn != NONE:
        found.append("scenario events happen in the embedded world only")
    if len(scenario.weathers) > 1:
        found.append("the weather stays as it is at the beginning of the route")
    if scenario.settings.walkers:
        found.append("no walkers are let in; those that are there count")
    return found
