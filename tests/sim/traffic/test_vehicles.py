from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.following import FREE, idm
from roadworthy.sim.traffic.kinds import Driver
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Kind, Light
from roadworthy.sim.world.settings import WorldSettings

BODY = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]


# Free acceleration 1.8 m/s^2, headway 1.25 s, 1 / (2 sqrt(1.8 * 2.5)), brakes of 8 m/s^2.
DRIVER = np.array([1.8, 1.25, 0.2357, 8.0, 1.0, 50.0, 1.0, 2.0], np.float32)


def test_idm_keeps_its_wanted_speed_on_a_free_road() -> None:
    assert idm(10.0, 10.0, FREE, 0.0, DRIVER) == pytest.approx(0.0, abs=1e-6)
    assert idm(0.0, 10.0, FREE, 0.0, DRIVER) == pytest.approx(1.8)


def test_idm_stands_two_metres_behind_a_standing_leader() -> None:
    assert idm(0.0, 10.0, 2.0, 0.0, DRIVER) == pytest.approx(0.0, abs=1e-6)


@given(st.floats(0, 30), st.floats(1, 30), st.floats(0.1, 100), st.floats(0, 30))
def test_idm_stays_within_what_a_car_can_do(
    speed: float, wanted: float, gap: float, leader: float
) -> None:
    accel = idm(speed, wanted, gap, leader, DRIVER)
    assert -DRIVER[Driver.HARDEST] <= accel <= DRIVER[Driver.ACCEL]


@given(st.floats(1, 20), st.floats(3, 50))
def test_idm_brakes_harder_for_a_nearer_leader(speed: float, gap: float) -> None:
    near, far = (idm(speed, 15.0, g, 0.0, DRIVER) for g in (gap, gap + 5.0))
    assert near <= far + 1e-6


@pytest.fixture(scope="module")
def busy(rivertown: Town, river_routes: RouteSet) -> BatchWorld:
    """Two minutes of traffic around a parked ego, in four worlds."""
    settings = WorldSettings(vehicles=25, walkers=12, blocked_time=1e9)
    return BatchWorld(rivertown, river_routes, 4, seed=11, settings=settings, threads=1)


def test_traffic_moves_stops_at_red_and_does_not_crash_into_itself(busy: BatchWorld) -> None:
    network = busy.network
    park = np.full(busy.worlds, -3.0, np.float32)
    straight = np.zeros(busy.worlds, np.float32)
    ran_red = touched = samples = 0
    distance = 0.0
    for step in range(1200):
        before = busy.actors[:, 1:26].copy()
        busy.step_plan(park, straight)
        after = busy.actors[:, 1:26]
        distance += float(after[..., Actor.SPEED].sum()) * 0.1
        for w, a in np.argwhere(before[..., Actor.ALIVE] > 0):
            lane = int(before[w, a, Actor.LANE])
            for k in range(network.stop_start[lane], network.stop_start[lane + 1]):
                signal, line = network.stop_signal[k], network.stop_s[k]
                if network.signal_kind[signal] != SignalKind.LIGHT:
                    continue
                half = 0.5 * before[w, a, Actor.LENGTH]
                passed = before[w, a, Actor.S] + half < line - 0.5 and (
                    after[w, a, Actor.LANE] == lane and after[w, a, Actor.S] + half > line + 0.5
                )
                ran_red += passed and busy.lights[w, signal] == Light.RED
        if step % 50 == 0:
            for w in range(busy.worlds):
                rows = [r for r in busy.actors[w, :26] if r[Actor.ALIVE] > 0]
                for i, one in enumerate(rows):
                    for other in rows[i + 1 :]:
                        samples += 1
                        touched += boxes_overlap(*map(float, one[BODY]), *map(float, other[BODY]))
    assert distance / (100 * 120) > 1.0  # m/s on average, lights and queues included
    assert ran_red == 0
    assert touched <= 2  # of tens of thousands of pairs: two bodies may brush while spawning
    assert samples > 10_000


def test_nobody_holds_a_junction_while_waiting_at_red(busy: BatchWorld) -> None:
    network = busy.network
    waiting = held = 0
    for _ in range(600):
        busy.step_plan(np.full(4, -3.0, np.float32), np.zeros(4, np.float32))
        cars = busy.actors[:, 1:26]
        stands = (cars[..., Actor.ALIVE] > 0) & (cars[..., Actor.SPEED] < 0.05)
        for w, a in np.argwhere(stands):
            car = cars[w, a]
            lane, goal = int(car[Actor.LANE]), int(car[Actor.GOAL])
            for k in range(network.stop_start[lane], network.stop_start[lane + 1]):
                if busy.lights[w, network.stop_signal[k]] == Light.RED:
                    waiting += 1
                    held += goal >= 0 and goal == int(car[Actor.NEXT_LANE])
    assert waiting > 100
    assert held == 0


def test_walkers_use_the_crosswalks(busy: BatchWorld) -> None:
    used = 0
    for _ in range(600):
        busy.step_plan(np.full(4, -3.0, np.float32), np.zeros(4, np.float32))
        used += int(busy.state.crossing_busy.sum())
        assert (busy.state.crossing_busy >= 0).all()
    assert used > 0


def test_kinds_of_vehicles_have_the_sizes_of_their_kind(busy: BatchWorld) -> None:
    vehicles = busy.actors[:, 1:26].reshape(-1, len(Actor))
    vehicles = vehicles[vehicles[:, Actor.ALIVE] > 0]
    cars = vehicles[vehicles[:, Actor.KIND] == Kind.CAR]
    assert ((cars[:, Actor.LENGTH] >= 3.7) & (cars[:, Actor.LENGTH] <= 5.0)).all()
    trucks = vehicles[vehicles[:, Actor.KIND] == Kind.TRUCK]
    assert (trucks[:, Actor.HEIGHT] >= 2.6).all()
    assert (trucks[:, Actor.MASS] > cars[:, Actor.MASS].max()).all()
