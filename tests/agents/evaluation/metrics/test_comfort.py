"""Comfort: each bound by a motion that was worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from roadworthy.agents.evaluation.metrics import comfort
from roadworthy.agents.evaluation.metrics.comfort import (
    Motion,
    comfort_bounds,
    is_comfortable,
    smoothness,
)
from roadworthy.sim.errors import SettingsError

STEP = 0.1


def motion(
    along: float | np.ndarray = 0.0,
    across: float | np.ndarray = 0.0,
    yaw: float | np.ndarray = 0.0,
    count: int = 20,
) -> Motion:
    """A motion of `count` samples from constants or series."""
    zeros = np.zeros(count)
    return Motion(STEP, zeros + along, zeros + across, zeros + yaw)


def broken(found: Motion) -> set[str]:
    """Names of the bounds that were not kept."""
    return {name for name, kept in comfort_bounds(found).items() if not kept}


def test_a_steady_drive_is_comfortable() -> None:
    assert is_comfortable(motion(1.0, 2.0, 0.3))


@pytest.mark.parametrize(
    ("value", "kept"), [(2.39, True), (2.41, False), (-4.04, True), (-4.06, False)]
)
def test_braking_may_be_harder_than_accelerating(value: float, kept: bool) -> None:
    assert (broken(motion(value)) == set()) is kept


def test_hard_cornering_is_not_comfortable() -> None:
    assert broken(motion(across=4.88)) == set()
    assert broken(motion(across=-4.90)) == {"lateral_acceleration"}


def test_jerk_is_the_slope_of_the_acceleration() -> None:
    time = np.arange(20) * STEP  # a ramp's slope passes the filter as it is
    assert broken(motion(-2.0 + 2.0 * time)) == set()
    assert "longitudinal_jerk" in broken(motion(-4.0 + 4.2 * time[:11], count=11))
    assert "jerk" in broken(motion(across=-4.0 + 8.4 * time[:10], count=10))


def test_turning_fast_and_turning_suddenly_are_told_apart() -> None:
    time = np.arange(20) * STEP
    assert broken(motion(yaw=0.94 * time)) == set()
    assert broken(motion(yaw=0.96 * time)) == {"yaw_rate"}
    # Yaw = a t^2 / 2 over 0.7 s: the rate stays below 0.95 while the acceleration is 2.
    assert broken(motion(yaw=np.arange(7) ** 2 * STEP**2 - 0.3 * STEP * np.arange(7), count=7)) == {
        "yaw_acceleration"
    }


def test_a_yaw_that_wraps_is_no_turn() -> None:
    yaw = math.pi - 0.05 + 0.01 * np.arange(20)
    wrapped = (yaw + math.pi) % (2.0 * math.pi) - math.pi
    assert broken(motion(yaw=wrapped)) == set()


def test_smoothness_is_the_share_of_good_windows() -> None:
    along = np.zeros(75)
    along[25:35] = -6.0  # within the second of three whole windows
    assert smoothness(motion(along, count=75)) == pytest.approx(2.0 / 3.0)
    assert smoothness(motion(count=10)) == 1.0


@given(st.lists(st.floats(-20.0, 20.0), min_size=20, max_size=100))
def test_smoothness_is_a_share(values: list[float]) -> None:
    assert 0.0 <= smoothness(motion(np.array(values), count=len(values))) <= 1.0


@pytest.mark.parametrize("along", [np.zeros(19), np.full(20, math.nan)])
def test_motions_that_make_no_sense_are_refused(along: np.ndarray) -> None:
    with pytest.raises(SettingsError):
        comfort_bounds(Motion(STEP, along, np.zeros(20), np.zeros(20)))


@given(st.lists(st.floats(-20, 20), min_size=7, max_size=60))
def test_the_filter_is_that_of_savitzky_and_golay(values: list[float]) -> None:
    series = np.array(values)
    for order, derivative in ((2, 0), (2, 1), (3, 2)):
        ours = comfort._filtered(series, order, derivative, STEP)
        theirs = savgol_filter(series, 7, order, deriv=derivative, delta=STEP)
        assert ours == pytest.approx(theirs, abs=1e-8)
