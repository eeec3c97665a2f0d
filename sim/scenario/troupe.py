"""Troupe: what one event puts on stage, as it is being built."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from roadworthy.sim.errors import EventError
from roadworthy.sim.road.network import KERB_HEIGHT, RoadNetwork
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.script import Cast, Mode, Stage
from roadworthy.sim.scenario.street import Array, Mark, Street, chain, cut, lane_line, shifted
from roadworthy.sim.world.columns import Kind, Lamp, Light, PropModel

MOST_BEND = 0.45  # [rad] of the stretch where something happens
CLEAR_OF = 3.0  # [m] from a junction
LEAST = 25.0  # [m] that an oncoming vehicle is seen before it meets the place
WHEEL = 1.0 / 0.35  # [rad/m]
LEGS = math.pi / 0.75  # [rad/m]


@dataclass(frozen=True, slots=True)
class Figure:
    """A body: its kind, size [m], mass [kg], colour and lamps."""

    kind: Kind
    length: float
    width: float
    height: float
    mass: float
    color: int = 0
    lamps: int = 0


# Sizes and masses as of CARLA's blueprints of these classes, rounded.
CAR = Figure(Kind.CAR, 4.6, 1.85, 1.5, 1600.0, 3)
VAN = Figure(Kind.VAN, 5.4, 2.0, 2.4, 2200.0, 1)
POLICE = Figure(Kind.CAR, 4.9, 1.95, 1.55, 1900.0, 0, int(Lamp.SPECIAL))
AMBULANCE = Figure(Kind.VAN, 6.0, 2.2, 2.7, 3200.0, 1, int(Lamp.SPECIAL))
BIKE = Figure(Kind.BICYCLE, 1.8, 0.6, 1.7, 90.0, 5)
WALKER = Figure(Kind.WALKER, 0.5, 0.6, 1.75, 75.0, 6)
CONE = Figure(Kind.PROP, 0.4, 0.4, 0.75, 4.0, int(PropModel.CONE))
BARRIER = Figure(Kind.PROP, 0.4, 2.2, 1.1, 60.0, int(PropModel.BARRIER))
WARNING = Figure(Kind.PROP, 1.6, 1.8, 2.3, 400.0, int(PropModel.WARNING))
CRATE = Figure(Kind.PROP, 1.0, 1.4, 2.0, 250.0, int(PropModel.CRATE))


@dataclass
class Troupe:
    """The cast of one event and when it is on stage.

    Builders add actors; positions along the route are `s`, lateral ones are to the right.
    """

    event: ScenarioEvent
    street: Street
    number: int = 0  # of the event on its route; varies colours
    cast: list[dict[Cast, float]] = field(default_factory=list)
    paths: list[tuple[Array, bool]] = field(default_factory=list)  # line, slow
    lights: list[tuple[int, int]] = field(default_factory=list)
    stage: dict[Stage, float] = field(default_factory=dict)
    ends: float = 0.0  # [m] along the route: here the ego is past it

    @property
    def network(self) -> RoadNetwork:
        """The town's roads."""
        return self.street.network

    @property
    def here(self) -> float:
        """Where it happens: [m] along the route."""
        return self.event.s + self.event.value("distance")

    def get(self, name: str) -> float:
        """A parameter of the event."""
        return self.event.value(name)

    def refuse(self, why: str) -> EventError:
        """An error that names the event and its place."""
        return EventError(f"{self.event.kind} at {self.event.s:.0f} m of its route: {why}")

    def limit(self, s: float) -> float:
        """Speed limit of the route [m/s]."""
        lane = self.street.lane(s)
        return float(self.network.lane_speed_limit[lane]) if lane >= 0 else 8.0

    def need_plain(self, begin: float, end: float) -> None:
        """Refuse where a junction, a bend or the route's end lies between two positions."""
        if end > self.street.length:
            raise self.refuse(f"the route ends at {self.street.length:.0f} m, too soon")
        if not self.street.is_plain(begin, end):
            raise self.refuse("a junction is in the way; place it on a longer stretch")
        if abs(self.street.bend(begin, end)) > MOST_BEND:
            raise self.refuse("the street bends too much to see it in time")

    def line(self, begin: float, end: float, lateral: float = 0.0) -> Array:
        """The route's line between two positions, moved to the right."""
        return shifted(cut(self.street.line, begin, end), lateral)

    def add(
        self, figure: Figure, line: Array, mode: Mode, *, slow: bool = True, **columns: float
    ) -> dict[Cast, float]:
        """Add an actor on a path.

        Args:
            figure: its body.
            line: its path [n, Mark]; the poses of a drawn line.
            mode: how it moves.
            slow: see `trail`.
            **columns: of Cast, by their names in lower case.
        """
        walks = figure.kind == Kind.WALKER
        row = {
            Cast.KIND: float(figure.kind),
            Cast.COLOR: float(figure.color),
            Cast.LENGTH: figure.length,
            Cast.WIDTH: figure.width,
            Cast.HEIGHT: figure.height,
            Cast.MASS: figure.mass,
            Cast.LAMPS: float(figure.lamps),
            Cast.MODE: float(mode),
            Cast.PHASE_STEP: LEGS if walks else WHEEL,
        }
        row |= {Cast[name.upper()]: float(value) for name, value in columns.items()}
        self.cast.append(row)
        self.paths.append((line, slow))
        return row

    def stand(
        self, figure: Figure, s: float, lateral: float, turn: float = 0.0, kerb: bool = False
    ) -> dict[Cast, float]:
        """Add somebody or something that stands at (s, lateral), turned against the street."""
        row = shifted(self.street.at(s)[None], lateral)
        row[0, Mark.YAW] += turn
        row[0, Mark.Z] += KERB_HEIGHT if kerb else 0.0
        return self.add(figure, row, Mode.STAND)

    def on_stage(self, end: float, after: float = 60.0) -> None:
        """Say until where the ego needs the cast: it goes `after` metres behind `end`."""
        self.ends = end
        self.stage[Stage.PLACE_S] = self.event.s
        self.stage[Stage.FREE_S] = end + after

    def close(self, begin: float, end: float) -> None:
        """Keep traffic off a stretch of the route."""
        self.stage[Stage.CLEAR_FROM], self.stage[Stage.CLEAR_TO] = begin, end

    def hold_light(self, signal: int, light: Light, until: float) -> None:
        """Keep a light as it is until the ego is `until` metres along its route."""
        self.lights.append((signal, int(light)))
        self.stage[Stage.LIGHT_UNTIL] = until

    def oncoming_flow(self, begin: float, end: float) -> None:
        """Let `oncoming` vehicles come the other way, from behind `end` to before `begin`."""
        count = int(self.get("oncoming"))
        if count == 0:
            return
        speed = self.get("oncoming_speed")
        path = opposite_line(self, begin - 150.0, end + 110.0)
        self.flow(path, CAR, count, speed, self.get("interval"))

    def flow(self, path: Array, figure: Figure, count: int, speed: float, interval: float) -> None:
        """Let vehicles drive along a path, one every `interval` seconds."""
        for k in range(count):
            body = Figure(
                figure.kind,
                figure.length,
                figure.width,
                figure.height,
                figure.mass,
                (figure.color + 5 * k + self.number) % 16,
                figure.lamps,
            )
            self.add(
                body,
                path,
                Mode.GO,
                slow=False,
                begin_speed=speed,
                top=speed,
                accel=2.0,
                place_delay=0.0 if k == 0 else interval * k,
                act_distance=1e6,
                minds=3,
                vanishes=1.0,
            )


def lane_through(network: RoadNetwork, lane: int, s: float, before: float, after: float) -> Array:
    """The way along a lane and those that lead straight to and from it.

    Returns:
        [n, Mark]; S is 0 at `s` of `lane`, and runs from about -before to after.
    """
    length = float(network.lane_length[lane])
    middle = lane_line(network, lane)
    back = chain(network, lane, max(before - s, 0.0), backward=True)
    ahead = chain(network, lane, max(after - (length - s), 0.0))
    ahead[:, Mark.S] += length
    line = np.concatenate([back, middle, ahead])
    line[:, Mark.S] -= s
    keep = np.concatenate([[True], np.diff(line[:, Mark.S]) > 0.02])
    return cut(line[keep], -before, after)


def opposite_line(troupe: Troupe, begin: float, end: float) -> Array:
    """The oncoming lane beside the route from `end` back to `begin`, as one drives it there."""
    found = troupe.street.oncoming(troupe.here)
    if found is None:
        raise troupe.refuse("it needs an oncoming lane at the left")
    line = lane_through(troupe.network, *found, end - troupe.here, troupe.here - begin)
    # Between junctions only: who comes the other way must not need anybody's leave there.
    inside = troupe.network.lane_junction[line[:, Mark.LANE].astype(int)] >= 0
    s = line[:, Mark.S]
    before, after = s[inside & (s < 0.0)], s[inside & (s > 0.0)]
    first = float(before.max()) + CLEAR_OF if len(before) else float(s[0])
    last = float(after.min()) - CLEAR_OF if len(after) else float(s[-1])
    if first > -LEAST or last < 5.0:
        raise troupe.refuse("the oncoming lane comes out of a junction too near")
    return cut(line, first, last)
