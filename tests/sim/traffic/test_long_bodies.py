from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.road.network import Point, RoadNetwork, Turn
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor

from .stage import empty_world, put, step, way_in

BUS = 10.3


def line(network: RoadNetwork, lanes: list[int]) -> np.ndarray:
    """A fine line through lanes that follow each other, [n, (x, y)]."""
    points = np.concatenate([network.lane_points(lane) for lane in lanes])[:, [Point.X, Point.Y]]
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    fine = np.arange(0.0, along[-1], 0.1)
    return np.stack([np.interp(fine, along, points[:, c]) for c in (0, 1)], 1)


def test_a_bus_lies_along_the_bend_that_it_drives(rivertown: Town, river_routes: RouteSet) -> None:
    n = rivertown.network
    lane = int(np.flatnonzero(n.lane_turn == Turn.LEFT)[0])
    before, after = way_in(n, lane), int(n.successors[n.successor_start[lane]])
    path = line(n, [before, lane, after])
    radius = 1.0 / np.abs(n.lane_points(lane)[:, Point.CURVATURE]).max()
    batch = empty_world(rivertown, river_routes, 1)
    put(batch, 1, before, lane, float(n.lane_length[before]) - 12.0, 4.0)
    batch.actors[0, 1, Actor.LENGTH], batch.actors[0, 1, Actor.WIDTH] = BUS, 2.5
    ends, middles = [], []
    for _ in range(150):
        batch.actors[0, 1, Actor.SPEED] = 4.0
        step(batch)
        me = batch.actors[0, 1].astype(float)
        heading = np.array([math.cos(me[Actor.YAW]), math.sin(me[Actor.YAW])])
        for share, found in ((0.5, ends), (-0.5, ends), (0.0, middles)):
            place = me[[Actor.X, Actor.Y]] + share * BUS * heading
            found.append(float(np.linalg.norm(path - place, axis=1).min()))
        if int(me[Actor.LANE]) == after and me[Actor.S] > BUS:
            break
    # Held at its middle, its ends would leave a bend of radius R by L^2 / 8 R.
    assert max(ends) < 0.08 * BUS**2 / radius
    assert 0.02 * BUS**2 / radius < max(middles) < 0.08 * BUS**2 / radius
    assert int(me[Actor.LANE]) == after
