from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.flaws import LATE, brake_late
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Flaw, Light
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

from .stage import empty_world, put, step, way_in

SHARES = ("late_brake_share", "no_look_share", "red_runner_share", "tailgate_share")


def flaws_of(town: Town, routes: RouteSet, **shares: float) -> np.ndarray:
    settings = WorldSettings(vehicles=60, walkers=60, spawn_near=0.0, spawn_far=400.0, **shares)
    batch = BatchWorld(town, routes, 6, seed=2, settings=settings, threads=1)
    return np.asarray(batch.actors[:, 1:, Actor.FLAWS].astype(int))


def test_nobody_is_careless_where_the_shares_are_0(rivertown: Town, river_routes: RouteSet) -> None:
    none = dict.fromkeys((*SHARES, "jaywalk_share"), 0.0)
    assert not flaws_of(rivertown, river_routes, **none).any()


def test_the_shares_are_those_set(rivertown: Town, river_routes: RouteSet) -> None:
    flaws = flaws_of(rivertown, river_routes, late_brake_share=0.5, jaywalk_share=0.3)
    drivers, walkers = flaws[:, :60], flaws[:, 60:]
    assert (drivers & Flaw.LATE_BRAKE > 0).mean() == pytest.approx(0.5, abs=0.08)
    assert (drivers & Flaw.NO_LOOK > 0).mean() < 0.06
    assert (walkers & Flaw.JAYWALKS > 0).mean() == pytest.approx(0.3, abs=0.08)


@pytest.mark.parametrize(("factor", "share"), [(0.0, 0.0), (0.5, 0.25), (2.0, 1.0)])
def test_a_drive_may_have_more_or_fewer_careless_people(
    rivertown: Town, river_routes: RouteSet, factor: float, share: float
) -> None:
    settings = WorldSettings(
        vehicles=60,
        walkers=60,
        spawn_near=0.0,
        spawn_far=400.0,
        late_brake_share=0.5,
        jaywalk_share=0.5,
    )
    more = Randomisation(careless=(factor, factor))
    batch = BatchWorld(
        rivertown, river_routes, 6, seed=2, settings=settings, randomisation=more, threads=1
    )
    flaws = batch.actors[:, 1:, Actor.FLAWS].astype(int)
    for rows, flaw in ((flaws[:, :60], Flaw.LATE_BRAKE), (flaws[:, 60:], Flaw.JAYWALKS)):
        assert (rows & flaw > 0).mean() == pytest.approx(share, abs=0.08 if 0 < share < 1 else 0.0)


def test_a_drive_may_have_hastier_people(rivertown: Town, river_routes: RouteSet) -> None:
    settings = WorldSettings(vehicles=20, walkers=20)
    calm, hasty = (
        BatchWorld(
            rivertown, river_routes, 2, seed=2, settings=settings, threads=1,
            randomisation=Randomisation(temper=(shift, shift)),
        )
        for shift in (-1.0, 1.0)
    )  # fmt: skip
    assert (calm.actors[:, 1:, Actor.TEMPER] == 0.0).all()
    alive = hasty.actors[:, 1:, Actor.ALIVE] > 0.0
    assert (hasty.actors[:, 1:, Actor.TEMPER][alive] == 1.0).all()


def test_a_share_is_a_share() -> None:
    for name in SHARES:
        assert name in asdict(WorldSettings()) or hasattr(WorldSettings(), name)
        with pytest.raises(SettingsError, match=name):
            WorldSettings(**{name: 1.5}).validate()


@given(st.floats(-9, 3), st.floats(0, 30))
def test_a_late_braker_brakes_hard_or_not_at_all(accel: float, speed: float) -> None:
    late = brake_late(accel, speed)
    assert late == accel or (late == 0.0 and -LATE < accel < 0.0)


@pytest.mark.parametrize(("flaw", "stops"), [(0, True), (int(Flaw.RUNS_RED), False)])
def test_a_red_runner_passes_a_light_that_has_just_turned_red(
    rivertown: Town, river_routes: RouteSet, flaw: int, stops: bool
) -> None:
    batch = empty_world(rivertown, river_routes, 1)
    n, state = batch.network, batch.state
    k = next(
        k
        for lane in range(n.n_lanes)
        for k in range(n.stop_start[lane], n.stop_start[lane + 1])
        if n.signal_kind[n.stop_signal[k]] == 0 and n.lane_length[lane] > 50.0
    )
    signal = int(n.stop_signal[k])
    before = int(np.searchsorted(n.stop_start, k, side="right")) - 1
    following = int(n.successors[n.successor_start[before]])
    assert way_in(n, following) == before
    group, phase = int(n.signal_group[signal]), int(n.signal_phase[signal])
    green, yellow, red = map(float, state.light_times[0, group])
    state.light_clock[0, group] = (green + yellow + red) * phase + green + yellow - 1.0
    put(batch, 1, before, following, float(n.stop_s[k]) - 22.0, 9.0)
    batch.actors[0, 1, Actor.FLAWS] = flaw
    passed_at = Light.OFF
    for _ in range(50):
        step(batch)
        if batch.actors[0, 1, Actor.S] > n.stop_s[k] or batch.actors[0, 1, Actor.LANE] != before:
            passed_at = Light(int(batch.lights[0, signal]))
            break
    assert (passed_at == Light.OFF) == stops
