"""One episode: a town and all actors in it, from one load of a map to the next."""

from __future__ import annotations

import numpy as np

from roadworthy.sim.carla.server.blueprints import ADULT, CHILD, CHILDREN, FRICTION, library
from roadworthy.sim.carla.server.bodies import Bodies
from roadworthy.sim.carla.server.ledger import Entry, Ledger
from roadworthy.sim.carla.server.lights import Lights
from roadworthy.sim.carla.server.maps import Map
from roadworthy.sim.carla.server.motion import find_ground
from roadworthy.sim.carla.server.props import PROPS
from roadworthy.sim.carla.server.replayer import Replayer
from roadworthy.sim.carla.server.sensing.senses import Senses
from roadworthy.sim.carla.server.sensing.specs import check_sensor
from roadworthy.sim.carla.server.settings import Settings
from roadworthy.sim.carla.server.streams import Streams
from roadworthy.sim.carla.server.tuning import Tuning
from roadworthy.sim.carla.server.values import Description, Pose, RefusedError, Vector
from roadworthy.sim.carla.server.vehicles import BY_ID
from roadworthy.sim.rng import derive
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.scenery.material import BODY_COLORS
from roadworthy.sim.scenery.mesh import town_mesh
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.columns import Kind

COLLIDES = "Spawn failed because of collision at spawn position"  # CARLA's words
UNKNOWN = "unable to spawn actor: {!r} is no blueprint of this server"
# CARLA's semantic labels of what can be spawned.
TAGS = {"car": 14, "van": 14, "truck": 15, "bus": 16, "motorcycle": 18, "bicycle": 19}
_PEDESTRIAN, _DYNAMIC, _LIGHT_TAG, _SIGN_TAG = 12, 21, 7, 8
_NO_BOX = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
_SIGN_NAMES = {
    SignalKind.LIGHT: "traffic.traffic_light",
    SignalKind.STOP: "traffic.stop",
    SignalKind.YIELD: "traffic.yield",
}
MOST_ACTORS = 10_000  # alive; and as many boxes of those that were destroyed are remembered
WIDEST = 1.275  # [m] half of the widest vehicle allowed; CARLA's boxes hold the mirrors as well
BURIED = 2.0  # [m] what is spawned so far below the ground is lifted onto it, as CARLA does
SPECTATOR = Description(0, "spectator", {"role_name": (4, "spectator")})


class Episode:
    """What exists between two loads of a map.

    Attributes:
        number: of the episode; clients compare it.
        step: [s] of each tick, where clients cannot choose.
        next_id: of the next actor; ids are never used again.
    """

    step: float | None = None

    def __init__(
        self, number: int, map_: Map, streams: Streams, next_id: int, seed: int = 0
    ) -> None:
        self.number, self.map, self.town = number, map_, map_.town
        self.streams = streams
        self.seed = seed
        self.bodies, self.lights = self._populate()
        self.ledger = Ledger(self.bodies, self.lights)
        self.weather = Weather()
        self.weather_row = self.weather.row()
        self.time = 0.0
        self.clock = 0.0  # [s] of what moves in pictures
        self.delta = 0.0
        self.next_id = next_id
        self.sensors: dict[int, Entry] = {}  # those that send something
        self.senses = Senses()
        self.ticks = 0
        self.replayer: Replayer | None = None
        self.tombs: dict[int, list[object]] = {}  # boxes of what was destroyed
        self.lamps: dict[int, int] = {}  # light state flags of vehicles that have some
        self.gains: dict[int, list[float]] = {}  # of Ackermann controllers
        self.tuning = Tuning()
        self.spectator = self._add(SPECTATOR, Pose(0.0, 0.0, 10.0, 0.0, 0.0, 0.0))
        for k in range(len(map_.town.network.signal_kind)):
            self._add_signal(k)
        self.ledger.moved()

    def _populate(self) -> tuple[Bodies, Lights]:
        """Make the bodies and the lights of the town."""
        return Bodies(self.town), Lights(self.town.network)

    def _add(self, description: Description, pose: Pose, **more: object) -> Entry:
        entry = Entry(self.next_id, description, _NO_BOX)
        for name, value in more.items():
            setattr(entry, name, value)
        self.next_id += 1
        self.ledger.add(entry, pose)
        return entry

    def _add_signal(self, k: int) -> None:
        network = self.town.network
        kind = SignalKind(int(network.signal_kind[k]))
        limit = round(3.6 * float(network.signal_value[k]))
        name = _SIGN_NAMES.get(kind, f"traffic.speed_limit.{limit}")
        tag = _LIGHT_TAG if kind == SignalKind.LIGHT else _SIGN_TAG
        self._add(
            Description(0, name, {"role_name": (4, "")}), self.lights.pose(k),
            signal=k, tags=bytes([tag]), box=self.lights.trigger(k),
        )  # fmt: skip

    def spawn(
        self, asked: Description, pose: Pose, parent: int | None = None, attachment: int = 0
    ) -> Entry:
        """Let an actor appear.

        Raises:
            RefusedError: there is no such blueprint or parent, or something stands there.
        """
        if asked.id not in library():
            raise RefusedError(UNKNOWN.format(asked.id))
        if parent is not None and parent not in self.ledger.entries:
            raise RefusedError("unable to attach actor: parent actor not found")
        if len(self.ledger.entries) >= MOST_ACTORS:
            raise RefusedError(f"unable to spawn actor: there are {MOST_ACTORS} actors already")
        entry = Entry(self.next_id, asked, _NO_BOX, parent=parent or 0)
        if parent is not None:
            entry.relative, entry.rigid = pose, attachment == 0
            others = self.ledger.entries[parent].children
            entry.rank = sum(self.ledger.entries[n].type_id == asked.id for n in others)
        if asked.id.startswith("sensor.") and asked.id != "sensor.other.lane_invasion":
            check_sensor(asked)
            if asked.id.split(".")[1] in ("camera", "lidar") or asked.id.endswith("radar"):
                town_mesh(self.town)  # a second that is better spent here than in the first frame
            entry.stream = self.streams.open()
            self.sensors[entry.id] = entry
            entry.token = self.streams.token(entry.stream)
        elif asked.id == FRICTION:
            self.tuning.lay(entry.id, asked, pose)
        elif asked.id.split(".")[0] in ("vehicle", "walker", "static"):
            self._embody(entry, pose)
        self.next_id += 1
        # What is attached is with its parent until the next frame tells where exactly.
        there = pose if parent is None else self.ledger.pose(self.ledger.entries[parent])
        self.ledger.add(entry, there)
        return entry

    def _embody(self, entry: Entry, pose: Pose) -> None:
        name, asked = entry.type_id, entry.description
        if self.bodies.full:
            raise RefusedError("unable to spawn actor: the world is full")
        if name in BY_ID:
            model = BY_ID[name]
            kind, half, mass = model.kind, model.half, model.mass
            tag, centre = TAGS[model.base], half[2]
            color = _nearest_color(asked.get("color", ""))
        elif name in PROPS:
            prop = PROPS[name]
            kind, half, mass = Kind.PROP, prop.half, None
            tag, centre, color = _DYNAMIC, half[2], int(prop.looks)
        else:
            kind, half, mass = Kind.WALKER, _walker_half(name), None
            tag, centre, color = _PEDESTRIAN, 0.0, entry.id % 16
            entry.lift = half[2]
        foot = pose._replace(z=pose.z - entry.lift)
        ground, _ = find_ground(foot.x, foot.y, foot.z, 0.0, self.bodies.ground)
        if entry.relative is None and foot.z < ground < foot.z + BURIED:
            foot = foot._replace(z=float(ground))
        body = (half[0], min(half[1], WIDEST), half[2])
        if entry.relative is None and not self.bodies.free_at(body, foot):
            raise RefusedError(COLLIDES)
        entry.row = self.bodies.enter(kind, body, foot, model=name, mass=mass, color=color)
        entry.tags = bytes([tag])
        entry.box = [[0.0, 0.0, centre], list(half), [0.0, 0.0, 0.0]]

    def destroy(self, number: int) -> bool:
        """Take an actor away, with the sensors attached to it; whether there was one."""
        entry = self.ledger.entries.get(number)
        if entry is None or entry is self.spectator or entry.signal >= 0:
            return False
        for child in tuple(entry.children):
            self.destroy(child)
        self.ledger.remove(entry)
        self.tombs[number] = [*entry.box, number]
        if len(self.tombs) > MOST_ACTORS:
            del self.tombs[next(iter(self.tombs))]
        for kept in (self.lamps, self.gains):
            kept.pop(number, None)
        self.tuning.forget(number)
        if entry.row >= 0:
            self.bodies.leave(entry.row)
        if entry.stream:
            self.streams.close(entry.stream)
            self.sensors.pop(number, None)
            self.senses.forget(number)
        return True

    def end(self) -> None:
        """Close the streams of all sensors."""
        for entry in self.ledger.entries.values():
            if entry.stream:
                self.streams.close(entry.stream)
        # Its scene holds the town's mesh, and this episode: a ring that would wait for the
        # collector while each reload makes another one.
        self.senses = Senses()

    def find(self, number: int) -> Entry:
        """The actor of an id.

        Raises:
            RefusedError: there is none.
        """
        entry = self.ledger.entries.get(number)
        if entry is None:
            raise RefusedError(f"unable to find actor: actor {number} not found")
        return entry

    def body(self, number: int) -> Entry:
        """The actor of an id that has a body.

        Raises:
            RefusedError: there is none, or it has none.
        """
        entry = self.find(number)
        if entry.row < 0:
            raise RefusedError(f"actor {number} ({entry.type_id}) has no body")
        return entry

    def vehicle(self, number: int) -> Entry:
        """The vehicle of an id.

        Raises:
            RefusedError: there is none.
        """
        entry = self.body(number)
        if entry.type_id not in BY_ID:
            raise RefusedError(f"actor {number} ({entry.type_id}) is no vehicle")
        return entry

    def place(self, entry: Entry, pose: Pose) -> None:
        """Put an actor somewhere; one that is attached, relative to its parent."""
        if entry.relative is not None:
            entry.relative = pose
            self.ledger.resort()
        elif entry.row >= 0:
            self.bodies.place(entry.row, pose._replace(z=pose.z - entry.lift))
        else:
            self.ledger.motion[entry.slot, :6] = pose

    def warm(self) -> None:
        """Have all kernels compiled, by using them on nothing, before somebody waits for them."""
        nowhere = Pose(0.0, 0.0, -1e6, 0.0, 0.0, 0.0)
        row = self.bodies.enter(Kind.PROP, (0.1, 0.1, 0.1), nowhere)
        self.bodies.free_at((0.1, 0.1, 0.1), nowhere)
        self.bodies.leave(row)
        self.bodies.advance(0.05, self.weather_row)
        self.lights.find(self.bodies.actors, self.bodies.motors)
        self.ledger.warm()

    def set_weather(self, weather: Weather) -> None:
        """Let another weather be."""
        self.weather, self.weather_row = weather, weather.row()

    def advance(self, dt: float) -> None:
        """Go on by a tick of dt [s]."""
        if self.replayer is not None and not self.replayer.over:
            self.replayer.advance(dt)
        else:
            self.lights.advance(dt)
        self.tuning.act(self.bodies)
        self.bodies.advance(dt, self.weather_row)
        self.lights.find(self.bodies.actors, self.bodies.motors)
        self.time += dt
        self.clock = self.time
        self.delta = dt
        self.ticks += 1
        self.ledger.moved()

    def check(self, settings: Settings) -> None:
        """Refuse settings that this episode cannot have; this one can have any.

        Raises:
            RefusedError: they are of that kind.
        """

    def controlled(self, entry: Entry, pedals: bool = True) -> None:
        """A client puts controls of a vehicle in force: `pedals`, or an Ackermann control.

        Raises:
            RefusedError: it may not.
        """

    def noise_key(self, entry: Entry) -> np.uint64:
        """Of a sensor's noise at this frame."""
        ordinal = entry.id - self.spectator.id
        mine = np.uint64(derive(np.uint64(self.seed), ordinal))
        return np.uint64(derive(mine, self.ticks))

    def sense(self, frame: int) -> None:
        """Send what the sensors see at this frame."""
        self.senses.sense(self, frame, self.ticks)


def _walker_half(name: str) -> Vector:
    digits = name.rsplit(".", 1)[-1]
    return CHILD if digits.isdigit() and int(digits) in CHILDREN else ADULT


def _nearest_color(text: str) -> int:
    """The colour of our palette that is nearest to "r,g,b"; 0 where it is none."""
    try:
        wanted = np.array([float(part) for part in text.split(",")])
    except ValueError:
        return 0
    if wanted.shape != (3,) or not np.isfinite(wanted).all():
        return 0
    return int(np.argmin(((BODY_COLORS - wanted) ** 2).sum(axis=1)))
