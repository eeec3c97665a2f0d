"""A straight toy road that obeys the contracts of BatchWorld and Oracle, for fast tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from roadworthy.perception.scene import (
    LIGHT_RANGE,
    ROUTE_DISTANCES,
    EgoCol,
    LightCol,
    RouteCol,
    Scene,
    UserClass,
)
from roadworthy.sim.road.route import Route, RoutePoint, RouteSet
from roadworthy.sim.world.columns import Actor, Ego, Event

LIMIT = 10.0  # [m/s]


def straight_route(length: float, name: str = "straight") -> Route:
    """A route along the x axis."""
    s = np.arange(0.0, length + 1.0)
    points = np.zeros((len(s), len(RoutePoint)), np.float32)
    points[:, RoutePoint.X] = points[:, RoutePoint.S] = s
    points[:, RoutePoint.WIDTH], points[:, RoutePoint.SPEED_LIMIT] = 3.5, LIMIT
    return Route(name, "Toy", points)


def make_scene(
    speed: float = 8.0, *, lateral: float = 0.0, heading: float = 0.0, curvature: float = 0.0
) -> Scene:
    """A Scene without others, on a straight road or on a circle to the right."""
    scene = Scene.empty()
    s = np.array(ROUTE_DISTANCES)
    angle = curvature * s
    x = s if curvature == 0.0 else np.sin(angle) / curvature
    y = np.zeros_like(s) if curvature == 0.0 else (1.0 - np.cos(angle)) / curvature
    y = y - lateral
    c, n = np.cos(heading), np.sin(heading)
    scene.route[:, RouteCol.X] = c * x + n * y
    scene.route[:, RouteCol.Y] = c * y - n * x
    scene.route[:, RouteCol.COS] = np.cos(angle - heading)
    scene.route[:, RouteCol.SIN] = np.sin(angle - heading)
    scene.route[:, RouteCol.WIDTH] = 3.5
    scene.route[:, RouteCol.SPEED_LIMIT] = LIMIT
    scene.light[LightCol.DISTANCE] = LIGHT_RANGE
    for column, value in (
        (EgoCol.SPEED, speed),
        (EgoCol.LATERAL, lateral),
        (EgoCol.HEADING, heading),
        (EgoCol.SPEED_LIMIT, LIMIT),
        (EgoCol.REMAINING, 500.0),
        (EgoCol.LENGTH, 4.9),
        (EgoCol.WIDTH, 1.9),
    ):
        scene.ego[column] = value
    return scene


def add_user(
    scene: Scene,
    x: float,
    y: float,
    *,
    vx: float = 0.0,
    vy: float = 0.0,
    yaw: float = 0.0,
    kind: UserClass = UserClass.VEHICLE,
) -> None:
    """Put a road user into the first free row."""
    row = int(np.argmin(scene.valid))
    size = (0.6, 0.6) if kind == UserClass.WALKER else (4.6, 1.9)
    scene.users[row] = (x, y, np.cos(yaw), np.sin(yaw), vx, vy, *size, kind, 1.0)
    scene.valid[row] = True


class ToyWorlds:
    """A kinematic car on a straight road; a parked car stands in the lane of every 4th world."""

    def __init__(self, worlds: int, *, length: float = 120.0, obstacles: bool = True) -> None:
        self.routes = RouteSet.of([straight_route(length), straight_route(length + 20.0, "b")])
        self.actors = np.zeros((worlds, 2, len(Actor)), np.float32)
        self.ego = np.zeros((worlds, len(Ego)), np.float32)
        self.events = np.zeros((worlds, len(Event)), np.int32)
        self.route_index = np.zeros(worlds, np.int32)
        self.lights = np.zeros((worlds, 0), np.uint8)
        self.network: Any = None
        self._obstacle = np.full(worlds, 1e6, np.float32)
        if obstacles:
            self._obstacle[::4] = 60.0
        self._scene = Scene.empty(worlds)
        self.reset()

    def reset(self, mask: Any = None, routes: Any = None) -> None:
        mask = np.ones(len(self.ego), np.bool_) if mask is None else mask
        self.actors[mask] = 0.0
        self.actors[mask, 0, Actor.LENGTH], self.actors[mask, 0, Actor.WIDTH] = 4.9, 1.9
        self.ego[mask] = 0.0
        self.events[mask] = 0
        if routes is not None:
            self.route_index[mask] = routes[mask]

    def step_plan(self, accel: Any, curvature: Any, ticks: int = 2) -> None:
        dt = 0.05 * ticks
        me = self.actors[:, 0]
        before = me[:, Actor.SPEED].copy()
        me[:, Actor.SPEED] = np.maximum(before + accel * dt, 0.0)
        me[:, Actor.ACCEL] = (me[:, Actor.SPEED] - before) / dt
        me[:, Actor.YAW] += me[:, Actor.SPEED] * curvature * dt
        me[:, Actor.X] += me[:, Actor.SPEED] * np.cos(me[:, Actor.YAW]) * dt
        me[:, Actor.Y] += me[:, Actor.SPEED] * np.sin(me[:, Actor.YAW]) * dt
        self.ego[:, Ego.ROUTE_S] = np.maximum(me[:, Actor.X], 0.0)
        self.ego[:, Ego.PROGRESS] = np.maximum(self.ego[:, Ego.PROGRESS], me[:, Actor.X])
        self.ego[:, Ego.ROUTE_LATERAL] = me[:, Actor.Y]
        self.ego[:, Ego.ROUTE_HEADING] = me[:, Actor.YAW]
        stands = me[:, Actor.SPEED] < 0.1
        self.ego[:, Ego.BLOCKED_TIME] = np.where(stands, self.ego[:, Ego.BLOCKED_TIME] + dt, 0.0)
        ends = self.routes.points[self.routes.start[self.route_index + 1] - 1, RoutePoint.S]
        self.events[:] = 0
        self.events[:, Event.FINISHED] = me[:, Actor.X] > ends - 2.0
        near = np.abs(me[:, Actor.X] - self._obstacle) < 4.7
        self.events[:, Event.COLLISION_VEHICLE] = near & (np.abs(me[:, Actor.Y]) < 1.9)

    def scene(self, mask: Any = None) -> Scene:
        out = self._scene
        for w in range(len(self.ego)):
            if mask is not None and not mask[w]:
                continue
            me = self.actors[w, 0]
            one = make_scene(
                float(me[Actor.SPEED]), lateral=float(me[Actor.Y]), heading=float(me[Actor.YAW])
            )
            ahead = float(self._obstacle[w] - me[Actor.X])
            if -10.0 < ahead < 60.0:
                yaw = float(me[Actor.YAW])
                x, y = ahead, -float(me[Actor.Y])
                c, s = np.cos(yaw), np.sin(yaw)
                add_user(one, c * x + s * y, c * y - s * x, yaw=-yaw)
            out.users[w], out.valid[w], out.light[w] = one.users, one.valid, one.light
            out.route[w], out.ego[w] = one.route, one.ego
        return out


@pytest.fixture
def toy() -> type[ToyWorlds]:
    return ToyWorlds
