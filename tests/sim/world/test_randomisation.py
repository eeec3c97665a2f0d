from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.envs.observation import observe
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS, Weather
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import TUNING_DEFAULT, Actor, Tuning
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

SETTINGS = WorldSettings(vehicles=6, walkers=3)
WIDE = Randomisation.wide()


def make(town: Town, routes: RouteSet, worlds: int, **more: object) -> BatchWorld:
    return BatchWorld(town, routes, worlds, settings=SETTINGS, **more)  # type: ignore[arg-type]


@given(st.integers(0, 2**63))
def test_what_is_drawn_lies_in_its_range_and_depends_on_the_key_alone(key: int) -> None:
    drawn = WIDE.draw(key)
    assert drawn == WIDE.draw(key)
    for column in Tuning:
        low, high = getattr(WIDE, column.name.lower())
        assert low <= getattr(drawn, column.name.lower()) <= high
    assert drawn.weather in PRESETS


def test_draws_cover_their_range() -> None:
    masses = [WIDE.draw(key).mass for key in range(400)]
    assert min(masses) < 0.81
    assert max(masses) > 1.24
    assert len({WIDE.draw(key).weather for key in range(400)}) == len(PRESETS)


def test_ranges_that_hold_nothing_change_no_byte(rivertown: Town, river_routes: RouteSet) -> None:
    plain = make(rivertown, river_routes, 2, seed=3)
    still = make(rivertown, river_routes, 2, seed=3, randomisation=Randomisation())
    for batch in (plain, still):
        for _ in range(30):
            batch.step(np.tile(np.array([0.6, 0, 0.02], np.float32), (2, 1)))
    np.testing.assert_array_equal(plain.state.tuning, np.tile(TUNING_DEFAULT, (2, 1)))
    assert plain.snapshot().to_bytes() == still.snapshot().to_bytes()


def test_each_drive_gets_its_own_and_the_same_seed_the_same(
    rivertown: Town, river_routes: RouteSet
) -> None:
    one, two = (make(rivertown, river_routes, 3, seed=5, randomisation=WIDE) for _ in range(2))
    assert one.drawn(0) != one.drawn(1)
    assert [one.drawn(w) for w in range(3)] == [two.drawn(w) for w in range(3)]
    alone = make(rivertown, river_routes, 1, seed=5, first_index=2, randomisation=WIDE)
    assert alone.drawn(0) == one.drawn(2)
    before = one.drawn(1)
    one.reset(np.array([False, True, False]))
    assert one.drawn(1) != before
    assert one.drawn(0) == two.drawn(0)


def test_the_log_says_what_the_world_does(rivertown: Town, river_routes: RouteSet) -> None:
    only = Randomisation(mass=(1.2, 1.2), weathers=("HardRainNoon",))
    batch = make(rivertown, river_routes, 1, randomisation=only)
    log = batch.drawn(0)
    assert log["mass"] == pytest.approx(1.2)
    assert log["weather"] == "HardRainNoon"
    assert Weather.of_row(batch.weather[0]).precipitation == 100.0
    assert batch.actors[0, 0, Actor.MASS] == pytest.approx(1.2 * batch.profile.mass)


@pytest.mark.parametrize(
    ("changed", "slower"),
    [
        ({"throttle_gain": (0.8, 0.8)}, True),
        ({"mass": (1.25, 1.25)}, True),
        ({"pedal_lag": (0.15, 0.15)}, True),
        ({"throttle_gain": (1.2, 1.2)}, False),
    ],
)
def test_gains_lags_and_masses_change_how_the_ego_drives(
    rivertown: Town, river_routes: RouteSet, changed: dict[str, tuple[float, float]], slower: bool
) -> None:
    speeds = []
    for randomisation in (None, Randomisation(**changed)):  # type: ignore[arg-type]
        batch = make(rivertown, river_routes, 1, randomisation=randomisation)
        for _ in range(10):
            batch.step(np.array([[0.7, 0, 0]], np.float32))
        speeds.append(float(batch.actors[0, 0, Actor.SPEED]))
    assert (speeds[1] < speeds[0]) == slower


def test_a_bias_of_the_steering_pulls_the_ego_aside(
    rivertown: Town, river_routes: RouteSet
) -> None:
    biased = Randomisation(steer_bias=(0.05, 0.05))
    batch = make(rivertown, river_routes, 1, randomisation=biased)
    yaw = float(batch.actors[0, 0, Actor.YAW])
    for _ in range(10):
        batch.step(np.array([[0.7, 0, 0]], np.float32))
    assert batch.actors[0, 0, Actor.YAW] > yaw + 0.01


def test_longer_green_holds_the_lights_longer(rivertown: Town, river_routes: RouteSet) -> None:
    share = []
    for factor in (0.5, 2.0):
        only = Randomisation(green=(factor, factor))
        batch = make(rivertown, river_routes, 8, randomisation=only)
        changes, last = 0, batch.lights.copy()
        for _ in range(200):
            batch.step(np.zeros((8, 3), np.float32))
            changes += int((batch.lights != last).sum())
            last = batch.lights.copy()
        share.append(changes)
    assert share[0] > 1.4 * share[1] > 0


def test_sensors_are_as_noisy_as_was_drawn(rivertown: Town, river_routes: RouteSet) -> None:
    suite = SensorSuite(rivertown, SensorRig(cameras=(), lidar=None), seed=0)
    errors = []
    for factor in (0.0, 1.0, 3.0):
        only = Randomisation(noise=(factor, factor))
        batch = make(rivertown, river_routes, 1, randomisation=only)
        seen = []
        for _ in range(20):
            batch.step(np.array([[0.6, 0, 0]], np.float32))
            frame = observe(batch, 0, suite)[1]
            seen.append(frame.speed - float(batch.actors[0, 0, Actor.SPEED]))
        errors.append(float(np.std(seen)))
    assert errors[0] == pytest.approx(0.0, abs=1e-6)
    assert errors[1] > 0.005
    assert errors[2] == pytest.approx(3.0 * errors[1], rel=1e-3)


def test_wrong_ranges_are_a_sentence() -> None:
    for wrong in ({"mass": (1.2, 0.8)}, {"mass": (0.0, 1.0)}, {"noise": (-1.0, 1.0)},
                  {"friction": (float("nan"), 1.0)}):  # fmt: skip
        with pytest.raises(SettingsError, match="randomisation"):
            Randomisation(**wrong).validate()  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="Drizzle"):
        Randomisation(weathers=("Drizzle",)).validate()
