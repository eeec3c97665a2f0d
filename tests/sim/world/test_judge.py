from __future__ import annotations

import numpy as np
import pytest

from roadworthy.sim.road.network import MarkType
from roadworthy.sim.road.route import RoutePoint, RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego, Event
from roadworthy.sim.world.settings import WorldSettings

EMPTY = WorldSettings(vehicles=0, walkers=0)


@pytest.fixture(scope="module")
def signed(rivertown: Town) -> BatchWorld:
    """A world on a route whose first stop sign lies 25 m or more from its beginning."""
    routes = RouteSet.of(random_routes(rivertown.network, 60, 1))
    batch = BatchWorld(rivertown, routes, 1, settings=EMPTY)
    paths = batch._paths
    for r in range(len(routes.routes)):
        first, last = paths.sign_start[r], paths.sign_start[r + 1]
        if first < last and paths.sign_s[first] > 25.0:
            batch.reset(routes=np.array([r]))
            return batch
    pytest.fail("no route with a stop sign")


def place(batch: BatchWorld, s: float, speed: float, lateral: float = 0.0) -> None:
    """Put the ego at `s` along its route."""
    route = batch.routes.routes[int(batch.route_index[0])].points
    me, ego = batch.actors[0, 0], batch.ego[0]
    at = np.array([np.interp(s, route[:, RoutePoint.S], route[:, c]) for c in range(4)])
    me[Actor.X] = at[0] - np.sin(at[3]) * lateral
    me[Actor.Y] = at[1] + np.cos(at[3]) * lateral
    me[Actor.YAW], me[Actor.SPEED] = at[3], speed
    ego[Ego.ROUTE_INDEX] = max(np.searchsorted(route[:, RoutePoint.S], s) - 1, 0)


def drive_past(batch: BatchWorld, halt: float | None) -> int:
    """Stop signs counted past the first one, whose line the front stands `halt` metres before."""
    batch.reset(routes=batch.route_index.copy())
    line = float(batch._paths.sign_s[int(batch.ego[0, Ego.STOP_LINE])])
    half = 0.5 * float(batch.actors[0, 0, Actor.LENGTH])
    count, stood = 0, halt is None
    for s in np.arange(line - 20.0, line + 12.0, 0.5):
        place(batch, float(s), 5.0)
        if not stood and s + half >= line - float(halt or 0.0):
            batch.actors[0, 0, Actor.SPEED] = 0.0
            stood = True
        batch.step(np.array([[0, 0, 0]], np.float32), ticks=1)
        count += int(batch.events[0, Event.STOP_SIGN])
    return count


def test_a_stop_sign_counts_once_for_who_does_not_stand_before_its_line(signed: BatchWorld) -> None:
    assert drive_past(signed, None) == 1
    assert drive_past(signed, 1.0) == 0
    assert drive_past(signed, 3.4) == 0
    assert drive_past(signed, 6.0) == 1  # too early: RunningStopTest wants it within 4 m


def test_the_ego_knows_the_next_stop_sign_and_whether_it_has_stood(signed: BatchWorld) -> None:
    signed.reset(routes=signed.route_index.copy())
    route = int(signed.route_index[0])
    first = int(signed._paths.sign_start[route])
    assert signed.ego[0, Ego.STOP_LINE] == first
    line = float(signed._paths.sign_s[first])
    place(signed, line - 4.0, 0.0)
    signed.step(np.array([[0, 1, 0]], np.float32))
    assert signed.ego[0, Ego.STOP_STOOD] == 1
    place(signed, line + 1.0, 3.0)
    signed.step(np.array([[0, 0, 0]], np.float32))
    assert signed.ego[0, Ego.STOP_STOOD] == 0
    last = int(signed._paths.sign_start[route + 1]) - 1
    assert signed.ego[0, Ego.STOP_LINE] == (first + 1 if first < last else -1)


def test_marks_are_counted_as_the_wheels_cross_them(rivertown: Town) -> None:
    routes = RouteSet.of(random_routes(rivertown.network, 20, 1))
    batch = BatchWorld(rivertown, routes, 1, settings=EMPTY)
    network, s = rivertown.network, 8.0
    half = 0.45 * float(batch.actors[0, 0, Actor.WIDTH])

    def step_to(lateral: float) -> int:
        place(batch, s, 0.0, lateral)
        batch.step(np.array([[0, 1, 0]], np.float32), ticks=1)
        return int(batch.events[0, Event.LANE_INVASION])

    step_to(0.0)
    lane = int(batch.actors[0, 0, Actor.LANE])
    assert network.lane_mark_right[lane] != MarkType.NONE
    width = float(np.interp(s, *batch.routes.routes[int(batch.route_index[0])].points[
        :, [RoutePoint.S, RoutePoint.WIDTH]].T))  # fmt: skip
    over = 0.5 * width - half
    assert step_to(over - 0.1) == 0
    assert step_to(over + 0.1) == 1
    assert batch.ego[0, Ego.LINE_CROSSED] == network.lane_mark_right[lane]
    assert step_to(over + 0.2) == 0
    assert batch.ego[0, Ego.LINE_CROSSED] == 0
    assert step_to(0.0) == 1  # and back again
    assert step_to(-over - 0.1) == 1
    assert batch.ego[0, Ego.LINE_CROSSED] == network.lane_mark_left[lane]
