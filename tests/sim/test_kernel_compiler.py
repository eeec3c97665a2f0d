"""Indices of kernels count from the front."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.kernel import kernel


@kernel
def read(array: NDArray[np.float64], i: int) -> float:
    return float(array[i])


@kernel
def read_row(array: NDArray[np.float64], i: int, j: int) -> float:
    return float(array[i][j] + array[i, j])


@kernel
def write(array: NDArray[np.float64], i: int, value: float) -> None:
    array[i] = value


@kernel
def last(array: NDArray[np.float64]) -> float:
    return float(array[-1])


def test_an_index_that_is_not_negative_means_what_it_says() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert read(array[1], 2) == 6.0
    assert read_row(array, 2, 1) == 18.0
    write(array[2], 3, 5.0)
    assert array[2, 3] == 5.0


def test_a_negative_index_is_not_counted_from_the_end() -> None:
    # Views of an array that goes on before them, so that what is read is not somebody else's.
    array = np.arange(12.0)
    assert read(array[4:8], -1) == 3.0
    assert read_row(array.reshape(3, 4)[1:], -1, 2) == 4.0
    write(array[4:8], -2, 9.0)
    assert array[2] == 9.0


def test_a_constant_may_count_from_the_end() -> None:
    assert last(np.arange(4.0)) == 3.0
