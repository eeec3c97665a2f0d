"""Shadow: a BatchWorld of one whose actors stand where those of a CARLA server stand.

It is never stepped. Oracle, tally, pictures and recordings read it as they read an embedded world,
and the rules are judged on it by the same kernels, so a score means the same in every world.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from roadworthy.sim.angles import wrap_angle
from roadworthy.sim.errors import CarlaError, WorldError
from roadworthy.sim.road.route import Route, RouteSet
from roadworthy.sim.sensors.inertial import forward_speed
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego, Kind, Light, Mover, PropModel
from roadworthy.sim.world.settings import WorldSettings

VEHICLES, WALKERS, PROPS = 250, 150, 50  # slots; who finds none is not seen, and that is told
_UNKNOWN_LIGHT = 4  # carla.TrafficLightState.Unknown
_KINDS = {
    "car": Kind.CAR,
    "van": Kind.VAN,
    "truck": Kind.TRUCK,
    "bus": Kind.BUS,
    "motorcycle": Kind.MOTORCYCLE,
    "bicycle": Kind.BICYCLE,
}
_USUAL_MASS = {
    Kind.CAR: 1600.0,
    Kind.VAN: 2400.0,
    Kind.TRUCK: 9000.0,
    Kind.BUS: 12000.0,
    Kind.MOTORCYCLE: 280.0,
    Kind.BICYCLE: 95.0,
    Kind.WALKER: 75.0,
    Kind.PROP: 60.0,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What stays the same of an actor while it lives."""

    kind: Kind
    size: tuple[float, float, float]  # [m] length, width, height
    centre: tuple[float, float, float]  # [m] of its box from its origin, vehicle axes


def shape_of(actor: Any) -> Shape | None:
    """Read a carla.Actor; None where it is nothing that stands in the way."""
    name = str(actor.type_id)
    box = actor.bounding_box if hasattr(actor, "bounding_box") else None
    if box is None or name.startswith(("traffic.", "sensor.", "spectator", "controller.")):
        return None
    extent, at = box.extent, box.location
    size = (2.0 * extent.x, 2.0 * extent.y, 2.0 * extent.z)
    if not all(math.isfinite(v) and 0.01 < v < 100.0 for v in size):
        return None
    if name.startswith("vehicle."):
        attributes = actor.attributes
        kind = _KINDS.get(attributes.get("base_type", "").lower(), Kind.CAR)
        if attributes.get("number_of_wheels") == "2" and kind == Kind.CAR:
            kind = Kind.BICYCLE if size[0] < 1.9 else Kind.MOTORCYCLE
    elif name.startswith("walker."):
        kind = Kind.WALKER
    else:
        kind = Kind.PROP
    return Shape(kind, size, (at.x, at.y, at.z))


class ShadowWorld(BatchWorld):
    """A BatchWorld that goes where another world goes."""

    def step(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: the server makes the ticks.

        Raises:
            WorldError: always.
        """
        raise WorldError("this is the shadow of a server's world; step that one")

    def snapshot(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a server does not tell all of its state.

        Raises:
            WorldError: always.
        """
        raise WorldError("a server's world cannot be copied; begin the drive anew")

    def restore(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a server cannot be put back.

        Raises:
            WorldError: always.
        """
        raise WorldError("a server's world cannot be put back; begin the drive anew")


class Shadow:
    """Follows the actors of a server in a world of our own."""

    def __init__(self, town: Town, route: Route, settings: WorldSettings, seed: int = 0) -> None:
        self.batch = ShadowWorld(
            town,
            RouteSet.of([route]),
            1,
            seed=seed,  # whose key the embedded world of this seed has
            settings=replace(settings, vehicles=VEHICLES, walkers=WALKERS, guests=PROPS),
            threads=1,
        )
        rows = self.batch.actors[0]
        rows[1:, Actor.ALIVE] = 0.0
        first_prop = self.batch.first_guest
        self._free = {
            "vehicle": list(range(VEHICLES, 0, -1)),
            "prop": list(range(first_prop + PROPS - 1, first_prop - 1, -1)),
            "walker": list(range(len(rows) - 1, first_prop + PROPS - 1, -1)),
        }
        self._slot: dict[int, tuple[str, int]] = {}
        self._shape: dict[int, Shape | None] = {}
        self._speed: dict[int, float] = {}
        self.unseen = 0  # actors that found no slot

    def know(self, actors: Any) -> None:
        """Learn what actors look like, from carla.Actor objects."""
        for actor in actors:
            self._shape[actor.id] = shape_of(actor)

    def unknown(self, ids: Any) -> list[int]:
        """Which of these are not known yet."""
        return [number for number in ids if number not in self._shape]

    def follow(self, snapshot: Any, ego: int, tick: float) -> None:
        """Let all actors stand where a carla.WorldSnapshot has them.

        Args:
            snapshot: of the tick that is now.
            ego: id of the agent's vehicle.
            tick: [s] since the last snapshot, 0 for the first.

        Raises:
            CarlaError: the ego is not in it.
        """
        seen = set()
        for state in snapshot:
            number = state.id
            shape = self._shape.get(number)
            if shape is None:
                continue
            row = 0 if number == ego else self._row(number, shape)
            if row is None:
                continue
            seen.add(number)
            self._write(self.batch.actors[0, row], state, shape, tick)
            if row > 0 and shape.kind != Kind.WALKER:
                self.batch.find_lane(0, row)
        if ego not in seen:
            raise CarlaError(f"the agent's vehicle (actor {ego}) is gone from the server's world")
        for number in [number for number in self._slot if number not in seen]:
            where, row = self._slot.pop(number)
            self._free[where].append(row)
            self.batch.actors[0, row, Actor.ALIVE] = 0.0
            self._speed.pop(number, None)

    def _row(self, number: int, shape: Shape) -> int | None:
        """The row of an actor, a new one for a new one; None where all are taken."""
        if number in self._slot:
            return self._slot[number][1]
        where = {Kind.WALKER: "walker", Kind.PROP: "prop"}.get(shape.kind, "vehicle")
        if not self._free[where]:
            self.unseen += 1
            return None
        row = self._free[where].pop()
        self._slot[number] = where, row
        me = self.batch.actors[0, row]
        me[:] = 0.0
        me[Actor.NEXT_LANE] = me[Actor.OTHER_LANE] = me[Actor.GOAL] = me[Actor.LANE] = -1.0
        me[Actor.MOVER] = Mover.CLIENT if shape.kind == Kind.PROP else Mover.TRAFFIC
        me[Actor.COLOR] = PropModel.CRATE if shape.kind == Kind.PROP else number % 16
        me[Actor.TEMPER] = 0.5
        return row

    def _write(self, me: Any, state: Any, shape: Shape, tick: float) -> None:
        """Write one actor's row from its carla.ActorSnapshot."""
        pose, speed = state.get_transform(), state.get_velocity()
        yaw, pitch = math.radians(pose.rotation.yaw), math.radians(pose.rotation.pitch)
        c, s = math.cos(yaw), math.sin(yaw)
        cx, cy, cz = shape.centre
        me[Actor.X] = pose.location.x + c * cx - s * cy
        me[Actor.Y] = pose.location.y + s * cx + c * cy
        me[Actor.Z] = pose.location.z + cz - 0.5 * shape.size[2]
        me[Actor.YAW], me[Actor.PITCH] = wrap_angle(yaw), wrap_angle(pitch)
        forward = forward_speed(pose.rotation.yaw, speed.x, speed.y)
        if shape.kind == Kind.WALKER:
            forward = math.hypot(speed.x, speed.y)
        before = self._speed.get(state.id, forward)
        self._speed[state.id] = forward
        # CARLA's own acceleration is unreliable: see FIELD_NOTES (CaRL's reward code).
        me[Actor.ACCEL] = (forward - before) / tick if tick > 0.0 else 0.0
        me[Actor.SPEED] = forward
        me[Actor.YAW_RATE] = math.radians(state.get_angular_velocity().z)
        me[Actor.LENGTH], me[Actor.WIDTH], me[Actor.HEIGHT] = shape.size
        me[Actor.KIND], me[Actor.MASS] = shape.kind, _USUAL_MASS[shape.kind]
        me[Actor.ALIVE] = 1.0

    def lights(self, states: dict[int, int]) -> None:
        """Show the lights, by index of the network's signals: carla.TrafficLightState."""
        shown = self.batch.lights[0]
        for signal, state in states.items():
            shown[signal] = Light.OFF if state == _UNKNOWN_LIGHT else state

    def judge(self, first: bool) -> None:
        """Count what the ego did in this tick; the `first` of a step begins to count anew."""
        ego, me = self.batch.ego[0], self.batch.actors[0, 0]
        ego[Ego.LATERAL_ACCEL] = me[Actor.SPEED] * me[Actor.YAW_RATE]
        self.batch.judge_outside(0, first)

    def begin(self) -> None:
        """The ego stands at the beginning of its drive: nothing is counted yet."""
        me = self.batch.actors[0, 0]
        pose = (float(me[Actor.X]), float(me[Actor.Y]), float(me[Actor.Z]), float(me[Actor.YAW]))
        self.batch.place_ego(0, pose, float(me[Actor.SPEED]))
        self.batch.ego[0, Ego.PROGRESS] = max(float(self.batch.ego[0, Ego.ROUTE_S]), 0.0)
        self.batch.events[:] = 0

    def row_of(self, number: int) -> int:
        """Row of a server's actor; -1 where it has none."""
        return self._slot[number][1] if number in self._slot else -1
