"""The motion of the ego in the world against the published fit of CARLA's car.

FIELD_NOTES 3.2 (PDM-Lite and World on Rails): next speed by polynomials, yaw rate by a kinematic
bicycle, both at 20 Hz. The fit knows no actuator lag, so the curves are driven without it.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from roadworthy.sim.physics.profile import (
    VehicleProfile,
    carla_mkz,
    fitted_speed_after_brake,
    fitted_speed_after_throttle,
)
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego, Tuning
from roadworthy.sim.world.settings import WorldSettings

from ..walls import wall_in

PROMPT = replace(carla_mkz(), pedal_lag=0.0, steer_lag=0.0)
EMPTY = WorldSettings(vehicles=0, walkers=0)


def make(town: Town, routes: RouteSet, profile: VehicleProfile = PROMPT) -> BatchWorld:
    batch = BatchWorld(town, routes, 1, settings=EMPTY, profile=profile)
    wall_in(batch)  # nothing to hit
    return batch


def tick(batch: BatchWorld, throttle: float, brake: float, steer: float) -> float:
    batch.step(np.array([[throttle, brake, steer]], np.float32), ticks=1)
    return float(batch.actors[0, 0, Actor.SPEED])


@pytest.mark.parametrize("throttle", [0.4, 0.6, 0.75, 1.0])
def test_speed_under_throttle_follows_the_fit_within_5_percent(
    rivertown: Town, river_routes: RouteSet, throttle: float
) -> None:
    batch, fitted, compared = make(rivertown, river_routes), np.zeros(1), 0
    for _ in range(240):
        fitted = fitted_speed_after_throttle(fitted, throttle)
        driven = tick(batch, throttle, 0.0, 0.0)
        if 1.0 < fitted[0] / 3.6 < 21.0:
            assert driven == pytest.approx(fitted[0] / 3.6, rel=0.05)
            compared += 1
    assert compared > 50


@pytest.mark.parametrize("speed", [6.0, 12.0, 20.0])
def test_braking_follows_the_fit_within_5_percent(
    rivertown: Town, river_routes: RouteSet, speed: float
) -> None:
    batch = make(rivertown, river_routes)
    batch.actors[0, 0, Actor.SPEED] = speed
    fitted, way, fitted_way = np.array([speed * 3.6]), 0.0, 0.0
    for _ in range(100):
        before, fitted_before = float(batch.actors[0, 0, Actor.SPEED]), fitted[0] / 3.6
        fitted = fitted_speed_after_brake(fitted)
        driven = tick(batch, 0.0, 1.0, 0.0)
        way += 0.025 * (before + driven)
        fitted_way += 0.025 * (fitted_before + fitted[0] / 3.6)
        if fitted[0] / 3.6 > 2.0:
            assert driven == pytest.approx(fitted[0] / 3.6, rel=0.05)
    assert driven == 0.0
    assert way == pytest.approx(fitted_way, rel=0.05)


@pytest.mark.parametrize(("speed", "steer"), [(3.0, 1.0), (6.0, -0.7), (9.0, 0.3), (15.0, 0.1)])
def test_cornering_follows_the_fit_within_5_percent(
    rivertown: Town, river_routes: RouteSet, speed: float, steer: float
) -> None:
    batch = make(rivertown, river_routes)
    me = batch.actors[0, 0]
    l_front, l_rear = -0.090769015, 1.4178275
    slip = math.atan(l_rear / (l_front + l_rear) * math.tan(0.36848336 * steer))
    x, y, yaw = float(me[Actor.X]), float(me[Actor.Y]), float(me[Actor.YAW])
    beginning = np.array([x, y])
    for _ in range(30):
        x += 0.05 * speed * math.cos(yaw + slip)
        y += 0.05 * speed * math.sin(yaw + slip)
        yaw += 0.05 * speed / l_rear * math.sin(slip)
        me[Actor.SPEED] = speed
        tick(batch, 0.32, 0.0, steer)
    assert me[Actor.YAW_RATE] == pytest.approx(speed / l_rear * math.sin(slip), rel=0.05)
    way = np.hypot(*(np.array([x, y]) - beginning))
    assert np.hypot(me[Actor.X] - x, me[Actor.Y] - y) < 0.05 * max(way, 1.5 * speed)


def stopping_way(batch: BatchWorld, weather: str, steer: float = 0.0) -> float:
    """Metres from 15 m/s to a stand under full brake."""
    batch.reset()
    batch.weather[0] = PRESETS[weather].row()
    batch.actors[0, 0, Actor.SPEED] = 15.0
    way = 0.0
    for _ in range(150):
        way += 0.05 * tick(batch, 0.0, 1.0, steer)
    assert batch.actors[0, 0, Actor.SPEED] == 0.0
    return way


def test_a_wet_road_takes_longer_to_stop_on(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes)
    dry, damp, wet = (stopping_way(batch, w) for w in ("ClearNoon", "WetNoon", "HardRainNoon"))
    assert dry < damp < wet
    # Wong's table: wet asphalt holds 0.6 of 0.85; of 100 % water all of it counts.
    assert wet / dry == pytest.approx(0.85 / 0.6, rel=0.05)


def test_who_brakes_in_a_bend_needs_longer(rivertown: Town, river_routes: RouteSet) -> None:
    batch = make(rivertown, river_routes)
    assert stopping_way(batch, "ClearNoon", 0.5) > 1.05 * stopping_way(batch, "ClearNoon")


def test_too_fast_for_a_bend_the_car_runs_wide_and_does_not_snap(
    rivertown: Town, river_routes: RouteSet
) -> None:
    rates, bends = [], []
    for speed in (4.0, 8.0, 14.0, 20.0):
        batch = make(rivertown, river_routes)
        for _ in range(6):
            batch.actors[0, 0, Actor.SPEED] = speed
            tick(batch, 0.3, 0.0, 0.6)
        rates.append(abs(float(batch.actors[0, 0, Actor.YAW_RATE])))
        bends.append(float(batch.ego[0, Ego.CURVATURE]))
        assert abs(batch.ego[0, Ego.LATERAL_ACCEL]) <= 8.05
    assert bends[0] == pytest.approx(bends[1], rel=0.35)
    assert bends[1] > bends[2] > bends[3] > 0.0
    assert rates[3] == pytest.approx(8.0 / 20.0, rel=0.05)


def test_a_load_weakens_engine_and_brakes(rivertown: Town, river_routes: RouteSet) -> None:
    speeds = []
    for factor in (1.0, 1.25):
        batch = make(rivertown, river_routes)
        batch.state.tuning[0, Tuning.MASS] = factor
        batch.reset()
        assert batch.actors[0, 0, Actor.MASS] == pytest.approx(1750 * factor)
        speeds.append(tick(batch, 1.0, 0.0, 0.0))
    assert speeds[1] == pytest.approx(speeds[0] / 1.25, rel=1e-4)
