from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.rng import derive, integer, normal, uniform


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**40))
def test_a_draw_is_a_pure_function_in_the_unit_interval(key: int, counter: int) -> None:
    value = uniform(np.uint64(key), counter)
    assert 0.0 <= value < 1.0
    assert value == uniform(np.uint64(key), counter)


@given(st.integers(0, 2**63 - 1), st.integers(1, 1000))
def test_integers_stay_below_their_bound(key: int, n: int) -> None:
    assert all(0 <= integer(np.uint64(key), i, n) < n for i in range(20))


def test_uniform_and_normal_have_the_moments_of_their_distributions() -> None:
    key = np.uint64(derive(np.uint64(7), 3))
    u = np.array([uniform(key, i) for i in range(20_000)])
    z = np.array([normal(key, i) for i in range(20_000)])
    assert abs(u.mean() - 0.5) < 0.01
    assert abs(u.var() - 1 / 12) < 0.005
    assert abs(z.mean()) < 0.03
    assert abs(z.std() - 1.0) < 0.03


def test_neighbouring_streams_are_not_correlated() -> None:
    a, b = np.uint64(derive(np.uint64(1), 0)), np.uint64(derive(np.uint64(1), 1))
    x = np.array([uniform(a, i) for i in range(5000)])
    y = np.array([uniform(b, i) for i in range(5000)])
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.05
