"""What went wrong in a town full of traffic: who stands, who touches whom, who is in a wall."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.network import LaneType, Point, RoadNetwork
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings

from .stage import CAREFUL

LONG = 60.0  # [s]
STOREY = 2.5  # [m]
BODY = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]


@dataclass(frozen=True)
class Findings:
    """What was found."""

    vehicles: float  # on average
    speed: float  # [m/s] on average, stops included
    touching: int  # pairs of vehicles
    in_walls: int  # vehicles
    stuck: int  # junctions that let nobody through for LONG although somebody waited
    finite: bool


def watch(town: Town, seconds: float, vehicles: int = 100, walkers: int = 20) -> Findings:
    """Let careful traffic run, without an ego, all over a town."""
    n = town.network
    routes = RouteSet.of(random_routes(n, 1, 1))
    settings = WorldSettings(
        vehicles=vehicles,
        walkers=walkers,
        spawn_near=0.0,
        spawn_far=300.0,
        blocked_time=1e9,
        timeout_speed_share=0.0,
        **CAREFUL,
    )
    batch = BatchWorld(town, routes, 1, seed=4, settings=settings, threads=1)
    middle = n.points[n.lane_type[n.point_lane] == LaneType.DRIVING][:, [Point.X, Point.Y]].mean(0)
    touching: set[tuple[int, int]] = set()
    walls: set[int] = set()
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
            touching |= _touching(cars, alive)
            walls |= _in_walls(batch, cars, alive)
            junctions.look(batch, cars, alive, 1.0)
            stuck |= set(np.flatnonzero(junctions.idle > LONG).tolist())
    mean = count / (seconds * 10)
    return Findings(
        mean, distance / max(mean, 1.0) / seconds, len(touching), len(walls), len(stuck), finite
    )


def _touching(cars: np.ndarray, alive: np.ndarray) -> set[tuple[int, int]]:
    body = cars[:, BODY].astype(float)
    gap = np.hypot(body[:, None, 0] - body[None, :, 0], body[:, None, 1] - body[None, :, 1])
    level = np.abs(cars[:, None, Actor.Z] - cars[None, :, Actor.Z]) < STOREY
    near = (gap < 14.0) & level & alive[:, None] & alive[None, :]
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
        inside = n.lane_junction[lanes[~moving]]
        busy = np.zeros(len(self.idle), np.bool_)
        busy[asked] = True
        busy[inside[inside >= 0]] = True
        busy[passing[passing >= 0]] = False
        self.idle = np.where(busy, self.idle + since, 0.0)
