from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.errors import WorldError
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.lights import cycle_time, light_state
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Light
from roadworthy.sim.world.settings import WorldSettings


def test_a_cycle_runs_green_yellow_red_at_the_times_set() -> None:
    # Slots of 10 + 3 + 2 seconds: phase 0 is green from 0 to 10, yellow to 13, then red.
    states = [light_state(t, 0, 10.0, 3.0, 2.0) for t in (0.0, 9.9, 10.0, 12.9, 13.0, 29.9)]
    expected = [Light.GREEN, Light.GREEN, Light.YELLOW, Light.YELLOW, Light.RED, Light.RED]
    assert states == expected
    assert light_state(15.0, 1, 10.0, 3.0, 2.0) == Light.GREEN
    assert cycle_time(2, 10.0, 3.0, 2.0) == 30.0
    assert cycle_time(1, 10.0, 3.0, 2.0) == 30.0  # a lone phase is red for as long as it is open


@given(st.floats(0, 75), st.integers(2, 5))
def test_two_phases_of_one_junction_are_never_open_together(clock: float, phases: int) -> None:
    states = [light_state(clock, phase, 10.0, 3.0, 2.0) for phase in range(phases)]
    assert sum(state in (Light.GREEN, Light.YELLOW) for state in states) <= 1


@pytest.fixture
def batch(rivertown: Town, river_routes: RouteSet) -> BatchWorld:
    settings = WorldSettings(vehicles=0, walkers=0, blocked_time=1e9)
    return BatchWorld(rivertown, river_routes, 2, seed=2, settings=settings, threads=1)


def wait(batch: BatchWorld, seconds: float) -> None:
    for _ in range(int(seconds * 10)):
        batch.step_plan(np.full(batch.worlds, -3.0, np.float32), np.zeros(2, np.float32))


def test_groups_have_times_of_their_own_and_show_their_clocks(batch: BatchWorld) -> None:
    times = batch.state.light_times
    assert len(np.unique(times[..., 0])) > 2
    assert (times[..., 0] >= 8.0).all()
    assert (times[..., 0] <= 12.0).all()
    n = batch.network
    for _ in range(200):
        wait(batch, 0.1)
        for k in np.flatnonzero(n.signal_group >= 0):
            group = n.signal_group[k]
            green, yellow, red = map(float, times[1, group])
            clock, phase = float(batch.state.light_clock[1, group]), int(n.signal_phase[k])
            assert batch.lights[1, k] == light_state(clock, phase, green, yellow, red)


def test_frozen_lights_stay_as_they_are(batch: BatchWorld) -> None:
    batch.freeze_lights(0)
    before = batch.lights.copy()
    wait(batch, 20.0)
    assert (batch.lights[0] == before[0]).all()
    assert (batch.lights[1] != before[1]).any()
    batch.freeze_lights(0, False)
    wait(batch, 20.0)
    assert (batch.lights[0] != before[0]).any()


def test_a_light_set_by_hand_stays_so_until_it_is_given_back(batch: BatchWorld) -> None:
    signal = int(np.flatnonzero(batch.network.signal_group >= 0)[0])
    batch.set_light(0, signal, Light.YELLOW)
    for _ in range(3):
        assert batch.lights[0, signal] == Light.YELLOW
        wait(batch, 10.0)
    batch.set_light(0, signal, None)
    seen = set()
    for _ in range(40):
        wait(batch, 1.0)
        seen.add(int(batch.lights[0, signal]))
    assert {int(Light.RED), int(Light.GREEN)} <= seen


def test_what_is_no_light_cannot_be_set(batch: BatchWorld) -> None:
    sign = int(np.flatnonzero(batch.network.signal_group < 0)[0])
    with pytest.raises(WorldError, match="no traffic light"):
        batch.set_light(0, sign, Light.GREEN)
    with pytest.raises(WorldError, match="there are 2"):
        batch.freeze_lights(2)
