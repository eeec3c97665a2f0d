from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.network import LaneType, Turn
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.lookup import sort_actors
from roadworthy.sim.world.columns import Actor, Kind, Lamp, Mover

from .stage import empty_world, put, step

LENGTH = 4.5
BODY = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]


@pytest.fixture(scope="module")
def town() -> tuple[Town, RouteSet]:
    """A town with lanes beside each other."""
    folder = os.environ.get("ROADWORTHY_DATA")
    if not folder:
        pytest.skip("ROADWORTHY_DATA is not set: CARLA's maps are there")
    pytest.importorskip("carla", reason="the carla wheel is not installed")
    found = load_town("Town04", Path(folder) / "maps")
    return found, RouteSet.of(random_routes(found.network, 2, 1))


def pair(town: Town, marks_allow: bool = True) -> tuple[int, int, int]:
    """A long lane, its left neighbour, and the lane that follows the first."""
    n = town.network
    for lane in np.flatnonzero(n.lane_type == LaneType.DRIVING):
        left = int(n.lane_left[lane])
        first, last = n.successor_start[lane : lane + 2]
        fits = left >= 0 and n.lane_length[lane] > 200.0 and last > first
        if fits and n.lane_junction[lane] < 0 and bool(n.lane_change_left[lane]) == marks_allow:
            return int(lane), left, int(n.successors[first])
    pytest.skip("no such pair of lanes in the town")


def test_a_driver_overtakes_what_stands_in_its_lane(town: tuple[Town, RouteSet]) -> None:
    batch = empty_world(*town, 2)
    lane, left, following = pair(town[0])
    put(batch, 1, lane, following, 60.0, 10.0)
    put(batch, 2, lane, following, 120.0, 0.0)
    batch.actors[0, 2, [Actor.KIND, Actor.MOVER]] = Kind.PROP, Mover.EVENT
    blinked, sideways, straddled = False, 0.0, 0
    before = float(batch.actors[0, 1, Actor.LATERAL])
    for _ in range(150):
        step(batch)
        me = batch.actors[0, 1]
        blinked |= bool(int(me[Actor.LAMPS]) & Lamp.LEFT_BLINKER) and int(me[Actor.LANE]) == lane
        if int(me[Actor.OTHER_LANE]) >= 0:
            straddled += 1
            sideways = max(sideways, abs(float(me[Actor.LATERAL]) - before))
        before = float(me[Actor.LATERAL])
    assert blinked
    assert 20 <= straddled <= 60  # 2 to 6 seconds
    assert sideways < 4.0  # [m] the jump of the bookkeeping, from lane to lane
    assert me[Actor.OTHER_LANE] == -1.0
    assert me[Actor.LATERAL] == 0.0
    assert me[Actor.S] > 130.0 or int(me[Actor.LANE]) not in (lane, left)


def test_its_body_moves_smoothly_from_lane_to_lane(town: tuple[Town, RouteSet]) -> None:
    batch = empty_world(*town, 2)
    lane, _, following = pair(town[0])
    put(batch, 1, lane, following, 60.0, 10.0)
    put(batch, 2, lane, following, 120.0, 0.0)
    batch.actors[0, 2, [Actor.KIND, Actor.MOVER]] = Kind.PROP, Mover.EVENT
    step(batch)
    last = batch.actors[0, 1].copy()
    for _ in range(100):
        step(batch)
        me = batch.actors[0, 1].copy()
        moved = np.hypot(me[Actor.X] - last[Actor.X], me[Actor.Y] - last[Actor.Y])
        assert moved < 0.1 * max(float(me[Actor.SPEED]), float(last[Actor.SPEED])) + 0.35
        turned = (me[Actor.YAW] - last[Actor.YAW] + np.pi) % (2 * np.pi) - np.pi
        assert abs(turned) < 0.2
        last = me


def test_nobody_changes_where_the_marks_forbid_it(town: tuple[Town, RouteSet]) -> None:
    batch = empty_world(*town, 2)
    lane, _, following = pair(town[0], marks_allow=False)
    n = town[0].network
    if n.lane_change_right[lane]:
        pytest.skip("the lane has another neighbour to change to")
    put(batch, 1, lane, following, 60.0, 10.0)
    put(batch, 2, lane, following, 120.0, 0.0)
    batch.actors[0, 2, [Actor.KIND, Actor.MOVER]] = Kind.PROP, Mover.EVENT
    for _ in range(150):
        step(batch)
        assert int(batch.actors[0, 1, Actor.LANE]) == lane
    assert batch.actors[0, 1, Actor.SPEED] < 0.1


def test_nobody_changes_into_one_who_comes_from_behind(town: tuple[Town, RouteSet]) -> None:
    batch = empty_world(*town, 3)
    lane, left, following = pair(town[0])
    put(batch, 1, lane, following, 60.0, 6.0)
    put(batch, 2, lane, following, 90.0, 0.0)
    batch.actors[0, 2, [Actor.KIND, Actor.MOVER]] = Kind.PROP, Mover.EVENT
    first = town[0].network.successor_start[left]
    put(batch, 3, left, int(town[0].network.successors[first]), 50.0, 14.0)
    nearest = 1e9
    for _ in range(60):
        step(batch)
        one, other = batch.actors[0, 1], batch.actors[0, 3]
        if int(one[Actor.LANE]) == left and int(other[Actor.LANE]) == left:
            nearest = min(nearest, abs(float(one[Actor.S] - other[Actor.S])) - LENGTH)
        assert other[Actor.ACCEL] > -4.0
    assert nearest > 1.0


def test_who_overlaps_two_lanes_is_seen_on_both(town: tuple[Town, RouteSet]) -> None:
    batch = empty_world(*town, 1)
    lane, left, following = pair(town[0])
    put(batch, 1, lane, following, 60.0, 10.0)
    batch.actors[0, 1, Actor.OTHER_LANE] = left
    sort_actors(0, 2, batch._roads, batch.state)
    assert batch.state.placed[0] == 2
    assert set(batch.state.order_lane[0, :2]) == {lane, left}
    assert (batch.state.order[0, :2] == 1).all()


def test_traffic_makes_way_for_an_emergency_vehicle(town: tuple[Town, RouteSet]) -> None:
    batch = empty_world(*town, 2)
    lane, _, following = pair(town[0])
    for siren in (0, int(Lamp.SPECIAL)):
        put(batch, 1, lane, following, 80.0, 12.0)
        put(batch, 2, lane, following, 50.0, 12.0)
        batch.actors[0, 2, Actor.LAMPS] = siren
        for _ in range(30):
            step(batch)
        if siren == 0:
            unhurried = float(batch.actors[0, 1, Actor.SPEED])
    assert batch.actors[0, 1, Actor.SPEED] < unhurried - 2.0
    assert batch.actors[0, 1, Actor.LATERAL] > 0.3


def test_who_turns_blinks_before(rivertown: Town, river_routes: RouteSet) -> None:
    n = rivertown.network
    for turn, lamp in ((Turn.LEFT, Lamp.LEFT_BLINKER), (Turn.RIGHT, Lamp.RIGHT_BLINKER)):
        batch = empty_world(rivertown, river_routes, 1)
        lane = int(np.flatnonzero((n.lane_turn == turn) & (n.lane_junction >= 0))[0])
        before = int(n.predecessors[n.predecessor_start[lane]])
        put(batch, 1, before, lane, float(n.lane_length[before]) - 20.0, 6.0)
        for _ in range(6):
            step(batch)
        assert int(batch.actors[0, 1, Actor.LAMPS]) & lamp


def test_who_changes_lanes_does_not_pass_into_one_who_stands_in_the_new_lane(
    town: tuple[Town, RouteSet],
) -> None:
    batch = empty_world(*town, 3)
    lane, left, following = pair(town[0])
    put(batch, 1, lane, following, 60.0, 8.0)
    put(batch, 2, lane, following, 95.0, 0.0)
    first = town[0].network.successor_start[left]
    put(batch, 3, left, int(town[0].network.successors[first]), 80.0, 8.0)
    batch.actors[0, 2, [Actor.KIND, Actor.MOVER]] = Kind.PROP, Mover.EVENT
    changed = False
    for _ in range(200):
        if batch.actors[0, 1, Actor.OTHER_LANE] >= 0.0:  # just then the one before it stops
            changed = True
            batch.actors[0, 3, Actor.SPEED] = 0.0
        step(batch)
        one, other = batch.actors[0, [1, 3]][:, BODY].astype(float)
        assert not boxes_overlap(*one, *other)
    assert changed


def test_nobody_jumps_where_lanes_bend_unevenly(town: tuple[Town, RouteSet]) -> None:
    # By shares of the lengths, who changed lanes on this road was 4 m ahead of itself.
    n = town[0].network
    lane = max(
        (int(x) for x in np.flatnonzero(n.lane_change_left)),
        key=lambda x: abs(float(n.lane_length[x] - n.lane_length[n.lane_left[x]])),
    )
    following = int(n.successors[n.successor_start[lane]])
    length = float(n.lane_length[lane])
    for place in (0.3 * length, 0.5 * length, 0.7 * length):
        batch = empty_world(*town, 2)
        put(batch, 1, lane, following, place, 10.0)
        put(batch, 2, lane, following, place + 50.0, 0.0)
        batch.actors[0, 2, [Actor.KIND, Actor.MOVER]] = Kind.PROP, Mover.EVENT
        step(batch)
        changed, last = False, batch.actors[0, 1].copy()
        for _ in range(100):
            step(batch)
            me = batch.actors[0, 1].copy()
            changed |= me[Actor.OTHER_LANE] >= 0.0
            moved = np.hypot(me[Actor.X] - last[Actor.X], me[Actor.Y] - last[Actor.Y])
            assert moved < 0.1 * max(float(me[Actor.SPEED]), float(last[Actor.SPEED])) + 0.35
            last = me
        assert changed
