from __future__ import annotations

import pytest

from roadworthy.control.timing import StageClock


def test_percentiles_are_those_of_the_times_noted() -> None:
    clock = StageClock()
    for value in range(1, 101):
        clock.add("plan", float(value))
    (row,) = clock.table()
    assert (row.stage, row.count, row.most) == ("plan", 100, 100.0)
    assert row.p50 == pytest.approx(50.5)
    assert row.p99 == pytest.approx(99.01)


def test_only_the_last_times_count_when_the_ring_is_full() -> None:
    clock = StageClock(size=4)
    for value in (100.0, 100.0, 1.0, 1.0, 1.0, 1.0):
        clock.add("x", value)
    (row,) = clock.table()
    assert (row.count, row.mean) == (6, 1.0)


def test_a_stage_that_raises_is_measured_too() -> None:
    clock = StageClock()
    with pytest.raises(KeyError), clock.measure("bad"):
        raise KeyError
    assert clock.table()[0].count == 1
