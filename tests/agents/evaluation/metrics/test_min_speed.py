"""Minimum speed: four checkpoints, each a ratio of means since the one before."""

from __future__ import annotations

import math

import pytest

from roadworthy.agents.evaluation.metrics.min_speed import MinimumSpeed


def drive(speeds: list[float], traffic: float = 10.0) -> tuple[MinimumSpeed, list[float]]:
    """One step of 1 m for each speed; returns what was told on the way."""
    test = MinimumSpeed(float(len(speeds)))
    told = [test.note(i + 1.0, speed, traffic) for i, speed in enumerate(speeds)]
    return test, [percent for percent in told if percent is not None]


def test_each_quarter_is_judged_by_its_own_means() -> None:
    test, told = drive([5.0] * 25 + [10.0] * 25 + [12.0] * 25 + [8.0] * 25)
    assert told == [50.0]
    assert test.percents == [50.0, 100.0, 120.0]
    assert test.close(100.0) == 80.0
    assert test.percents == [50.0, 100.0, 120.0, 80.0]


def test_the_last_checkpoint_needs_most_of_the_route() -> None:
    test, _ = drive([5.0] * 100)
    assert test.close(94.9) is None
    assert test.close(95.1) == 50.0
    assert test.close(100.0) is None  # only once


@pytest.mark.parametrize("traffic", [math.nan, 0.0])
def test_without_moving_traffic_nobody_is_too_slow(traffic: float) -> None:
    test, told = drive([1.0] * 100, traffic)
    assert told == []
    assert test.percents == [100.0] * 3


def test_standing_time_counts() -> None:
    test = MinimumSpeed(100.0)
    for _ in range(50):
        assert test.note(20.0, 0.0, 10.0) is None
    for _ in range(49):
        test.note(24.0, 10.0, 10.0)
    assert test.note(25.0, 10.0, 10.0) == 50.0
