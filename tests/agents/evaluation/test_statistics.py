"""Intervals hold what they promise, and a difference is only told where it is shown."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.agents.evaluation.statistics import estimate, student
from roadworthy.sim.errors import SettingsError


def test_mean_and_deviation_are_those_of_the_values() -> None:
    found = estimate([("a", 1.0), ("a", 2.0), ("b", 6.0)])
    assert found.mean == pytest.approx(3.0)
    assert found.deviation == pytest.approx(math.sqrt(7.0))
    assert (found.values, found.groups) == (3, 2)


def test_one_value_has_no_interval() -> None:
    found = estimate([("a", 5.0)])
    assert not found.known
    assert not found.excludes_zero
    assert "no interval" in str(found)


@given(st.lists(st.tuples(st.integers(0, 4), st.floats(-100.0, 100.0)), min_size=2, max_size=30))
def test_the_mean_lies_within_its_interval_and_that_within_the_values(
    values: list[tuple[int, float]],
) -> None:
    found = estimate(values)
    numbers = [value for _, value in values]
    assert min(numbers) - 1e-9 <= found.low <= found.high <= max(numbers) + 1e-9


def test_the_interval_holds_the_true_mean_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        routes = generator.normal(50.0, 10.0, 20)
        drives = [(r, routes[r] + generator.normal(0.0, 5.0)) for r in range(20) for _ in range(3)]
        found = estimate(drives)
        hits += found.low <= 50.0 <= found.high
    # Percentile intervals of 20 groups are a little short: 0.95 at best, 0.88 at worst.
    assert 176 <= hits <= 199


def test_seeds_of_a_route_are_no_independent_drives() -> None:
    """Two routes driven 50 times each tell less than a hundred routes driven once."""
    few = estimate([(k % 2, float(k % 2)) for k in range(100)])
    many = estimate([(k, float(k % 2)) for k in range(100)])
    assert few.high - few.low > 3.0 * (many.high - many.low)


def test_the_same_values_give_the_same_interval() -> None:
    values = [(k % 5, float(k * k % 17)) for k in range(30)]
    assert estimate(values) == estimate(values)


@pytest.mark.parametrize("values", [[], [("a", math.nan)], [("a", 1.0), ("b", math.inf)]])
def test_values_that_have_no_mean_are_refused(values: list[tuple[str, float]]) -> None:
    with pytest.raises(SettingsError):
        estimate(values)


def test_students_quantile_is_that_of_the_tables() -> None:
    for freedom in range(1, 200):
        assert student(freedom) == pytest.approx(scipy.stats.t.ppf(0.975, freedom), rel=1e-3)


def test_an_interval_that_decides_is_students_where_that_is_wider() -> None:
    values = [(route, gain) for route, gain in enumerate((1.0, 2.0, 3.0))]
    wide, narrow = estimate(values, decides=True), estimate(values)
    assert (narrow.low, narrow.high) == (1.0, 3.0)
    reach = 4.3027 / np.sqrt(3.0)
    assert (wide.low, wide.high) == pytest.approx((2.0 - reach, 2.0 + reach))
    assert wide.mean == narrow.mean == 2.0


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=12))
def test_deciding_never_narrows(values: list[float]) -> None:
    groups = list(enumerate(values))
    wide, narrow = estimate(groups, decides=True), estimate(groups)
    assert wide.low <= narrow.low
    assert narrow.high <= wide.high
