"""What went wrong in a town full of traffic: who stands, who touches whom, who is in a wall."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork, SignalKind
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Kind, Light, Mover
from roadworthy.sim.world.settings import WorldSettings

from .stage import CAREFUL

LONG = 60.0  # [s]
STOREY = 2.5  # [m]
LONG_BODY = 7.0  # [m] trucks and buses
BODY = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]


@dataclass(frozen=True)
class Findings:
    """What was found."""

    vehicles: float  # on average
    speed: float  # [m/s] on average, stops included
    touching: int  # pairs of vehicles who drive by the rules, and of them and walkers
    scraping: int  # such pairs one of whom is long: bends are narrow for their corners
    flawed: int  # vehicles whose drivers were careless at some time
    careless: int  # pairs one of whom is careless, or was knocked out of its lane by one who is
    in_walls: int  # vehicles
    stuck: int  # junctions that let nobody through for LONG although somebody waited
    finite: bool


def watch(
    town: Town,
    seconds: float,
    vehicles: int = 100,
    walkers: int = 20,
    careless: bool = False,
    seed: int = 4,
) -> Findings:
    """Let traffic run, without an ego, all over a town; the usual share of it is `careless`."""
    n = town.network
    routes = RouteSet.of(random_routes(n, 1, 1))
    settings = WorldSettings(
        vehicles=vehicles,
        walkers=walkers,
        spawn_near=0.0,
        spawn_far=300.0,
        blocked_time=1e9,
        timeout_speed_share=0.0,
        **({} if careless else CAREFUL | {"jaywalk_share": 0.0}),
    )
    batch = BatchWorld(town, routes, 1, seed=seed, settings=settings, threads=1)
    middle = _off_the_road(n)
    touching: set[tuple[int, int]] = set()
    scraping: set[tuple[int, int]] = set()
    careless_ones: set[tuple[int, int]] = set()
    walls: set[int] = set()
    flawed: set[int] = set()
    junctions = _Junctions(n)
    stuck: set[int] = set()
    count = distance = 0.0
    finite = True
    for step in range(int(seconds * 10)):
        ego = batch.actors[0, 0]
        ego[Actor.ALIVE], ego[Actor.LANE] = 0.0, -1.0
        ego[Actor.X], ego[Actor.Y] = middle
        batch.step_plan(np.full(1, -3.0, np.float32), np.zeros(1, np.float32))
        cars = batch.actors[0, 1 : vehicles + 1]
        alive = cars[:, Actor.ALIVE] > 0
        count += float(alive.sum())
        distance += float(cars[alive, Actor.SPEED].sum()) * 0.1
        finite &= bool(np.isfinite(batch.actors).all())
        if step % 10 == 0:
            for pair in _touching(batch.actors[0, 1:]):
                both = [batch.actors[0, 1 + a] for a in pair]
                if any(_is_careless(one) for one in both):
                    careless_ones.add(pair)
                elif any(one[Actor.LENGTH] > LONG_BODY for one in both):
                    scraping.add(pair)
                else:
                    touching.add(pair)
            walls |= _in_walls(batch, cars, alive)
            flawed |= set(np.flatnonzero(alive & (cars[:, Actor.FLAWS] != 0)).tolist())
            junctions.look(batch, cars, alive, 1.0)
            stuck |= set(np.flatnonzero(junctions.idle > LONG).tolist())
    mean = count / (seconds * 10)
    return Findings(
        mean,
        distance / max(mean, 1.0) / seconds,
        len(touching),
        len(scraping),
        len(flawed),
        len(careless_ones),
        len(walls),
        len(stuck),
        finite,
    )


def _off_the_road(network: RoadNetwork) -> np.ndarray:
    """A place in the middle of the town where the absent ego's body is in nobody's way."""
    on_road = network.points[network.lane_type[network.point_lane] == LaneType.DRIVING]
    xy = on_road[:, [Point.X, Point.Y]].astype(float)
    around = np.arange(-80.0, 81.0, 8.0)
    places = xy.mean(0) + np.stack(np.meshgrid(around, around), -1).reshape(-1, 2)
    free = [float(np.hypot(*(xy - place).T).min()) for place in places]
    return np.asarray(places[int(np.argmax(free))])


def _is_careless(actor: np.ndarray) -> bool:
    return bool(actor[Actor.FLAWS] != 0.0 or actor[Actor.MOVER] == Mover.LOOSE)


def _touching(cars: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of bodies that overlap, two walkers excepted: those brush past each other."""
    body, alive = cars[:, BODY].astype(float), cars[:, Actor.ALIVE] > 0
    walks = cars[:, Actor.KIND] == Kind.WALKER
    gap = np.hypot(body[:, None, 0] - body[None, :, 0], body[:, None, 1] - body[None, :, 1])
    level = np.abs(cars[:, None, Actor.Z] - cars[None, :, Actor.Z]) < STOREY
    near = (gap < 14.0) & level & alive[:, None] & alive[None, :]
    near &= ~(walks[:, None] & walks[None, :])
    return {
        (int(i), int(j))
        for i, j in np.argwhere(np.triu(near, 1))
        if boxes_overlap(*body[i], *body[j])
    }


def _in_walls(batch: BatchWorld, cars: np.ndarray, alive: np.ndarray) -> set[int]:
    statics, found = batch._statics, set()
    for a in np.flatnonzero(alive):
        body = [float(v) for v in cars[a, BODY]]
        column = math.floor((body[0] - statics.origin[0]) / statics.cell)
        row = math.floor((body[1] - statics.origin[1]) / statics.cell)
        if not (0 <= column < statics.shape[0] and 0 <= row < statics.shape[1]):
            continue
        cell = row * statics.shape[0] + column
        foot = float(cars[a, Actor.Z])
        for k in statics.listed[statics.start[cell] : statics.start[cell + 1]]:
            box = [float(v) for v in statics.boxes[k]]
            level = box[5] < foot + float(cars[a, Actor.HEIGHT]) and box[6] > foot + 0.2
            if level and boxes_overlap(*body, *box[:5]):
                found.add(int(a))
    return found


def _is_held(batch: BatchWorld, a: int) -> bool:
    """Whether vehicle `a` waits for a light before its next junction, or for people who cross."""
    n, roads, state = batch.network, batch._roads, batch.state
    lanes = [int(batch.actors[0, a, Actor.LANE])]
    lanes += state.way[0, a, : state.entry_hop[0, a] if state.entry[0, a] >= 0 else 1].tolist()
    for lane in lanes:
        crossings = roads.crosslane_crossing[
            roads.crosslane_start[lane] : roads.crosslane_start[lane + 1]
        ]
        if (state.crossing_busy[0, crossings] > 0).any():
            return True
        signals = n.stop_signal[n.stop_start[lane] : n.stop_start[lane + 1]]
        lit = signals[n.signal_kind[signals] == SignalKind.LIGHT]
        if np.isin(state.lights[0, lit], (Light.RED, Light.YELLOW)).any():
            return True
    return False


class _Junctions:
    """For how long each junction has let nobody through although somebody waits at its line."""

    def __init__(self, network: RoadNetwork) -> None:
        self.network = network
        self.idle = np.zeros(int(network.lane_junction.max(initial=-1)) + 1)

    def look(self, batch: BatchWorld, cars: np.ndarray, alive: np.ndarray, since: float) -> None:
        """Count `since` more seconds where nothing moves."""
        n, state, count = self.network, batch.state, len(cars) + 1
        lanes = cars[alive, Actor.LANE].astype(int)
        moving = cars[alive, Actor.SPEED] > 1.0
        passing = n.lane_junction[lanes[moving]]
        # `wait` counts at the line while no light is red.
        waits = (state.wait[0, 1:count] > 0.0) & alive & (state.entry[0, 1:count] >= 0)
        asked = n.lane_junction[state.entry[0, 1:count][waits]]
        held = np.array([_is_held(batch, int(a) + 1) for a in np.flatnonzero(alive)], np.bool_)
        stands = ~moving & ~held
        inside = n.lane_junction[lanes[stands]]
        busy = np.zeros(len(self.idle), np.bool_)
        busy[asked] = True
        busy[inside[inside >= 0]] = True
        busy[passing[passing >= 0]] = False
        self.idle = np.where(busy, self.idle + since, 0.0)
