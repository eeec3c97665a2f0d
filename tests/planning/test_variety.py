"""Varied towns: stop lines and limits move, within the lanes; the roads stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from roadworthy.planning.variety import Variety, vary
from roadworthy.sim.road.network import SignalKind
from roadworthy.sim.road.towns import load_town


@pytest.fixture(scope="module")
def town():
    return load_town("Rivertown")


def test_a_seed_names_one_copy_and_the_town_itself_stays(town):
    before = town.network.stop_s.copy(), town.network.lane_speed_limit.copy()
    one, same, other = vary(town, 1).network, vary(town, 1).network, vary(town, 2).network
    for name in ("stop_s", "lane_speed_limit"):
        assert np.array_equal(getattr(one, name), getattr(same, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
    assert np.array_equal(town.network.stop_s, before[0])
    assert np.array_equal(town.network.lane_speed_limit, before[1])
    assert one.points is town.network.points


@pytest.mark.parametrize("seed", range(5))
def test_lines_stay_on_their_lanes_and_move_by_no_more_than_was_asked(town, seed):
    net, varied = town.network, vary(town, seed).network
    lane = np.repeat(np.arange(net.n_lanes), np.diff(net.stop_start))
    moved = varied.stop_s - net.stop_s
    light = net.signal_kind[net.stop_signal] == SignalKind.LIGHT
    asked = Variety()
    for kind, (low, high) in ((light, asked.light_shift), (~light, asked.sign_shift)):
        assert moved[kind].min() >= low - 1e-4
        assert moved[kind].max() <= high + 1e-4
    inside = (net.stop_s >= 0.5) & (net.stop_s <= net.lane_length[lane] - 0.5)
    assert inside.any()
    assert (varied.stop_s[inside] >= 0.5 - 1e-4).all()
    assert (varied.stop_s[inside] <= net.lane_length[lane][inside] - 0.5 + 1e-3).all()
    assert np.ptp(moved[light]) > 4.0  # else the junction would still tell where the line is


def test_lines_of_one_signal_move_together(town):
    net, varied = town.network, vary(town, 3, Variety(light_shift=(-0.4, 0.0))).network
    moved = varied.stop_s - net.stop_s
    for signal in np.unique(net.stop_signal[net.stop_signal >= 0]):
        assert np.ptp(moved[net.stop_signal == signal]) < 1e-3


def test_limits_are_those_of_the_factors_and_junctions_keep_theirs(town):
    net = town.network
    varied = vary(town, 1, Variety(limit_factors=(2.0,), greatest_limit=20.0)).network
    street = net.lane_junction < 0
    wanted = np.minimum(2.0 * net.lane_speed_limit[street], 20.0)
    assert varied.lane_speed_limit[street] == pytest.approx(wanted)
    assert np.array_equal(varied.lane_speed_limit[~street], net.lane_speed_limit[~street])


def test_a_limit_above_the_greatest_is_left_alone(town):
    fast = replace(
        town,
        network=replace(
            town.network, lane_speed_limit=np.full_like(town.network.lane_speed_limit, 30.0)
        ),
    )
    varied = vary(fast, 1, Variety(limit_factors=(1.5,))).network
    assert (varied.lane_speed_limit == 30.0).all()
