"""Drive scenario events with the expert, watch them, and draw them from above.

The tests use it; by hand, from a Python prompt in this folder:

    from drill import drill, draw
    log = drill("ParkedObstacleTwoWays", picture_dir="parked")
    print(log)
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.perception.oracle import Oracle
from roadworthy.planning.expert import ExpertDriver
from roadworthy.sim.errors import EventError
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.place import places_of
from roadworthy.sim.scenario.street import Street
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor, Event
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.world import World

# Kinds that need more lanes, shoulders or ramps than the shipped towns have: one of CARLA's.
TOWNS = {
    EventKind.HIGHWAY_CUT_IN: "Town04",
    EventKind.STATIC_CUT_IN: "Town04",
    EventKind.PARKED_OBSTACLE: "Town04",
    EventKind.CONSTRUCTION_OBSTACLE: "Town04",
    EventKind.ACCIDENT: "Town04",
    EventKind.HAZARD_AT_SIDE_LANE: "Town04",
    EventKind.ENTER_ACTOR_FLOW: "Town04",
    EventKind.MERGER_INTO_SLOW_TRAFFIC: "Town04",
    EventKind.PARKING_EXIT: "Town03",
}
BAD = (Event.COLLISION_VEHICLE, Event.COLLISION_WALKER, Event.COLLISION_STATIC)


@cache
def town_of(name: str) -> Town:
    data = os.environ.get("ROADWORTHY_DATA", "")
    return load_town(name, Path(data) / "maps" if data else None)


@cache
def routes_of(town: str, count: int = 40) -> list[Route]:
    return random_routes(town_of(town).network, count, 7, min_length=200.0, max_length=450.0)


@cache
def stand(kind: EventKind, town: str, number: int = 0) -> tuple[Route, ScenarioEvent]:
    """The `number`-th route of a town with a place for an event, and the event in its middle."""
    reason = ""
    for route in routes_of(town):
        found, reason = places_of(Street(town_of(town).network, route), kind)
        found = [event for event in found if event.s >= 20.0] or found
        if found and number == 0:
            return route, found[len(found) // 2]
        number -= bool(found)
    raise EventError(f"{town} has no place for {kind}: {reason}")


@dataclass
class Log:
    """What happened in one drive."""

    kind: EventKind
    route: Route
    event: ScenarioEvent
    world: World
    counts: dict[Event, int] = field(default_factory=dict)
    ego: list[NDArray[np.float32]] = field(default_factory=list)  # [Actor] of each step
    staged: list[NDArray[np.float32]] = field(default_factory=list)  # [M, Actor]
    route_s: list[float] = field(default_factory=list)

    @property
    def survived(self) -> bool:
        """Whether the route was driven to its end without a collision."""
        return Event.FINISHED in self.counts and not any(bad in self.counts for bad in BAD)

    def cast(self) -> NDArray[np.float32]:
        """Staged actors over time, [T, M, Actor]."""
        return np.stack(self.staged)

    def __str__(self) -> str:
        counts = {event.name: n for event, n in self.counts.items()}
        return (
            f"{self.kind} on {self.route.id} at {self.event.s:.0f} of {self.route.length:.0f} m: "
            f"{'survived' if self.survived else 'NOT survived'}, {self.world.time:.0f} s, "
            f"s {self.route_s[-1]:.0f}, {counts}"
        )


def drill(
    kind: EventKind | str,
    town: str | None = None,
    *,
    number: int = 0,
    params: Mapping[str, float] | None = None,
    seed: int = 1,
    settings: WorldSettings | None = None,
    empty: bool = False,
    cruise: float | None = None,
    seconds: float = 150.0,
    picture_dir: str | None = None,
) -> Log:
    """Drive a route with one event.

    Args:
        kind: of the event.
        town: where; by default one that has places for the kind.
        number: which of the routes that have a place for it.
        params: of the event.
        seed: of the world.
        settings: of the world; 10 vehicles and 4 walkers by default.
        empty: leave the event out.
        cruise: drive the route at this speed [m/s] without looking, instead of the expert.
        seconds: stop after.
        picture_dir: folder for a picture of every second, from above.
    """
    kind = EventKind(kind)
    town = town or TOWNS.get(kind, "Rivertown")
    route, event = stand(kind, town, number)
    event = ScenarioEvent(kind, event.s, dict(params or {}))
    settings = settings or WorldSettings(vehicles=10, walkers=4)
    world = World(
        town_of(town), route, seed=seed, settings=settings, events=[] if empty else [event]
    )
    log = Log(kind, route, event, world)
    driver = ExpertDriver()
    oracle = Oracle(world.batch, far=driver.far)
    first = 1 + settings.vehicles
    last = first + world.batch.state.cast_state.shape[1]
    step = 0
    while not world.done and world.time < seconds:
        accel, curvature = driver.act(oracle.scene())
        if cruise is not None:
            accel[0] = min(max(2.0 * (cruise - world.speed), -6.0), 2.5)
        if picture_dir and step % 5 == 0:
            picture(world, Path(picture_dir) / f"{step:04d}.png")
        world.batch.step_plan(accel, curvature)
        for found, count in world.events.items():
            log.counts[found] = log.counts.get(found, 0) + count
        log.ego.append(world.actors[0].copy())
        log.staged.append(world.actors[first:last].copy())
        log.route_s.append(float(world.ego[5]))
        step += 1
    return log


def corners(row: NDArray[np.float32]) -> NDArray[np.float64]:
    c, s = math.cos(row[Actor.YAW]), math.sin(row[Actor.YAW])
    a, b = 0.5 * row[Actor.LENGTH], 0.5 * row[Actor.WIDTH]
    box = np.array([[a, -b], [a, b], [-a, b], [-a, -b]], np.float64)
    return box @ np.array([[c, s], [-s, c]]) + row[[Actor.X, Actor.Y]]


def picture(world: World, path: Path, around: float = 45.0, pixels: int = 700) -> None:
    """Draw the surroundings of the ego from above."""
    import cv2

    from roadworthy.sim.road.draw import edges_of
    from roadworthy.sim.road.network import LaneType

    network, ego = world.network, world.actors[0]
    scale = pixels / (2 * around)
    image = np.full((pixels, pixels, 3), 225, np.uint8)

    def to_pixels(xy: Any) -> Any:
        moved = np.asarray(xy, float) - ego[[Actor.X, Actor.Y]]
        return np.clip(np.round(moved * scale + pixels / 2), -9999, 9999).astype(np.int32)

    grey = {LaneType.DRIVING: 110, LaneType.SIDEWALK: 190, LaneType.SHOULDER: 150}
    for driving in (False, True):
        for lane in range(network.n_lanes):
            kind = LaneType(int(network.lane_type[lane]))
            if (kind == LaneType.DRIVING) == driving:
                left, right = edges_of(network.lane_points(lane))
                shape = to_pixels(np.concatenate([left, right[::-1]]))
                cv2.fillPoly(image, [shape], (grey.get(kind, 160),) * 3)
                if driving and network.lane_junction[lane] < 0:
                    cv2.polylines(image, [to_pixels(left)], False, (240, 240, 240), 1)
    cv2.polylines(image, [to_pixels(world.route.points[:, :2])], False, (235, 110, 30), 1)
    for a, row in enumerate(world.actors):
        if row[Actor.ALIVE] == 0:
            continue
        staged = row[Actor.MOVER] == 1
        colour = (60, 180, 60) if a == 0 else ((40, 40, 230) if staged else (200, 160, 60))
        cv2.fillPoly(image, [to_pixels(corners(row))], colour)
        tip = row[:2] + (0.5 * row[Actor.LENGTH] + 0.3 * row[Actor.SPEED]) * np.array(
            [math.cos(row[Actor.YAW]), math.sin(row[Actor.YAW])]
        )
        cv2.line(image, to_pixels(row[:2]).tolist(), to_pixels(tip).tolist(), (0, 0, 0), 1)
    note = f"t {world.time:5.1f} s {world.ego[5]:5.0f} v {world.speed:4.1f} {world.events}"
    cv2.putText(image, note, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)
