from __future__ import annotations

import pytest

from roadworthy.agents import world_scaling
from roadworthy.agents.benchmarks import place


def test_other_simulators_run_where_they_are_and_are_told_where_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> float:
        raise OSError("no display")

    others = {
        "json": ("Here", lambda: 12.0),
        "decimal": ("Broken", broken),
        "no_such_simulator": ("Elsewhere", lambda: 1.0),
    }
    monkeypatch.setattr(world_scaling, "OTHERS", others)
    told: list[str] = []
    assert world_scaling.other_rates(told.append) == {"json": 12.0}
    assert told == [
        "world: Broken: did not run (no display)",
        "world: Elsewhere: not installed",
    ]


def test_four_thousand_worlds_fit_into_little_memory() -> None:
    town, routes = place(0, 4)
    assert 5.0 < world_scaling.state_size(town, routes) < 100.0


def test_steps_that_cost_more_now_and_then_count_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, made = [0.0], [0]

    def step() -> None:
        made[0] += 1
        clock[0] += 4.0 if made[0] % 4 == 0 else 1.0

    monkeypatch.setattr(world_scaling.time, "perf_counter", lambda: clock[0])
    assert world_scaling._best(step, 100.0) == (3 * 1.0 + 4.0) / 4
