from __future__ import annotations

import numpy as np
import pytest

from roadworthy.sim.road.network import Control
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.right_of_way import time_to_drive
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.settings import WorldSettings

from .stage import CAREFUL, empty_world, put, step, way_in


def gives_way(batch: BatchWorld, control: Control) -> tuple[int, int]:
    """A lane that gives way to another one under `control`; both approached from outside."""
    n = batch.network
    for lane in np.flatnonzero(n.lane_control == control):
        for k in range(n.conflict_start[lane], n.conflict_start[lane + 1]):
            other = int(n.conflict_lane[k])
            if n.conflict_priority[k] < 0 and way_in(n, other) != way_in(n, int(lane)):
                return int(lane), other
    pytest.skip(f"no lane of the town gives way under {control.name}")


def test_the_time_for_a_distance_is_that_of_even_acceleration() -> None:
    assert time_to_drive(8.0, 0.0, 1.0) == pytest.approx(4.0)  # s = a t^2 / 2
    assert time_to_drive(10.5, 4.0, 2.0) == pytest.approx(-2.0 + np.sqrt(4.0 + 10.5))


@pytest.mark.parametrize("control", [Control.YIELD, Control.STOP])
@pytest.mark.parametrize(("seconds", "goes"), [(2.0, False), (9.0, True)])
def test_who_gives_way_takes_only_gaps_that_are_long_enough(
    rivertown: Town, river_routes: RouteSet, control: Control, seconds: float, goes: bool
) -> None:
    batch = empty_world(rivertown, river_routes, 2)
    mine, other = gives_way(batch, control)
    n, state = batch.network, batch.state
    before, there = way_in(n, mine), way_in(n, other)
    speed = 7.0
    put(batch, 1, before, mine, float(n.lane_length[before]) - 2.25 - 1.5, 0.0)
    state.wait[0, 1] = 2.0  # it has stood at the line
    put(batch, 2, there, other, float(n.lane_length[there]) - 2.25 - seconds * speed, speed)
    for _ in range(4):  # far from the ego every fourth decision counts
        step(batch)
    assert (int(batch.actors[0, 1, Actor.GOAL]) == mine) == goes


def test_who_has_the_right_of_way_does_not_wait(rivertown: Town, river_routes: RouteSet) -> None:
    batch = empty_world(rivertown, river_routes, 2)
    minor, major = gives_way(batch, Control.YIELD)
    n = batch.network
    before, there = way_in(n, minor), way_in(n, major)
    put(batch, 1, before, minor, float(n.lane_length[before]) - 2.25 - 3.0, 4.0)
    put(batch, 2, there, major, float(n.lane_length[there]) - 2.25 - 10.0, 7.0)
    step(batch)
    step(batch)
    assert int(batch.actors[0, 2, Actor.GOAL]) == major
    assert int(batch.actors[0, 1, Actor.GOAL]) != minor


def test_nobody_enters_a_zone_in_which_the_ego_stands(
    rivertown: Town, river_routes: RouteSet
) -> None:
    batch = empty_world(rivertown, river_routes, 1)
    minor, major = gives_way(batch, Control.YIELD)
    n = batch.network
    there = way_in(n, major)
    k = next(
        k
        for k in range(n.conflict_start[major], n.conflict_start[major + 1])
        if n.conflict_lane[k] == minor
    )
    # The ego stands on the lane that gives way, in the middle of the zone.
    at = 0.5 * float(n.conflict_s[k, 2] + n.conflict_s[k, 3])
    put(batch, 1, there, major, float(n.lane_length[there]) - 30.0, 8.0)
    ego, points = batch.actors[0, 0], n.lane_points(minor)
    ego[Actor.ALIVE] = 1.0
    for _ in range(120):
        nearest = points[np.abs(points[:, 4] - at).argmin()]
        ego[[Actor.X, Actor.Y, Actor.Z, Actor.YAW]] = nearest[:4]
        ego[Actor.LANE], ego[Actor.S], ego[Actor.SPEED] = minor, at, 0.0
        step(batch)
    car = batch.actors[0, 1]
    inside = int(car[Actor.LANE]) == major and car[Actor.S] + 2.25 > n.conflict_s[k, 0] + 0.5
    assert not inside
    assert int(car[Actor.LANE]) in (there, major)
    assert car[Actor.SPEED] < 0.1


def test_a_stop_sign_is_stopped_at(rivertown: Town, river_routes: RouteSet) -> None:
    batch = empty_world(rivertown, river_routes, 1)
    n = batch.network
    lane = int(np.flatnonzero(n.lane_control == Control.STOP)[0])
    before = way_in(n, lane)
    put(batch, 1, before, lane, float(n.lane_length[before]) - 40.0, 9.0)
    slowest = 9.0
    for _ in range(200):
        step(batch)
        slowest = min(slowest, float(batch.actors[0, 1, Actor.SPEED]))
        if int(batch.actors[0, 1, Actor.LANE]) == lane:
            break
    assert int(batch.actors[0, 1, Actor.LANE]) == lane
    assert slowest < 0.3


def entered_while_occupied(batch: BatchWorld, before: np.ndarray, after: np.ndarray) -> int:
    """How many fronts came into a conflict zone in which somebody else was, before and after."""
    n, count = batch.network, 0
    lanes = before[:, Actor.LANE].astype(int)
    front = [rows[:, Actor.S] + 0.5 * rows[:, Actor.LENGTH] for rows in (before, after)]
    tail = [rows[:, Actor.S] - 0.5 * rows[:, Actor.LENGTH] for rows in (before, after)]
    same = (lanes == after[:, Actor.LANE]) & (before[:, Actor.ALIVE] > 0) & (lanes >= 0)
    for a in np.flatnonzero(same):
        for k in range(n.conflict_start[lanes[a]], n.conflict_start[lanes[a] + 1]):
            enter, _, low, high = n.conflict_s[k]
            if not front[0][a] < enter - 0.1 <= front[1][a] - 0.2:
                continue
            there = same & (lanes == n.conflict_lane[k])
            for rows_front, rows_tail in zip(front, tail, strict=True):
                there &= (rows_front > low + 0.5) & (rows_tail < high - 0.5)
            count += int(there.sum())
    return count


def test_no_careful_driver_enters_an_occupied_conflict_zone(
    rivertown: Town, river_routes: RouteSet
) -> None:
    settings = WorldSettings(vehicles=40, walkers=5, blocked_time=1e9, **CAREFUL)
    batch = BatchWorld(rivertown, river_routes, 4, seed=5, settings=settings, threads=1)
    entered = crossed = 0
    for _ in range(600):
        before = batch.actors[:, :41].copy()
        batch.step_plan(np.full(4, -3.0, np.float32), np.zeros(4, np.float32))
        after = batch.actors[:, :41]
        assert np.isfinite(batch.actors).all()
        for w in range(4):
            entered += entered_while_occupied(batch, before[w], after[w])
        lanes = before[..., Actor.LANE].astype(int)
        crossed += int(((batch.network.lane_junction[lanes] >= 0) & (lanes >= 0)).sum())
    assert crossed > 1000
    assert entered == 0
