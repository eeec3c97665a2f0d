"""Kernels bound to types do what they do when called as usual."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from roadworthy.sim.bound_kernel import bound
from roadworthy.sim.kernel import kernel


class Bundle(NamedTuple):
    values: NDArray[np.float32]
    total: NDArray[np.float64]


@kernel
def add_up(first: int, negate: bool, bundle: Bundle) -> None:
    for i in range(first, len(bundle.values)):
        bundle.total[0] += -bundle.values[i] if negate else bundle.values[i]


def make(n: int) -> Bundle:
    return Bundle(np.arange(n, dtype=np.float32), np.zeros(1))


def test_a_bound_kernel_does_what_the_kernel_does() -> None:
    usual, fast = make(5), make(5)
    run = bound(add_up, 0, True, fast)
    add_up(2, False, usual)
    run(2, False, fast)
    assert usual.total[0] == fast.total[0] == 9.0


def test_a_bound_kernel_takes_other_arrays_of_the_same_types() -> None:
    run, other = bound(add_up, 0, False, make(5)), make(7)
    run(np.int64(1), True, other)
    assert other.total[0] == -21.0


def test_a_bound_kernel_wants_its_number_of_arguments() -> None:
    run = bound(add_up, 0, False, make(5))
    with pytest.raises(TypeError):
        run(0)
