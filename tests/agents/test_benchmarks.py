from __future__ import annotations

import importlib.util

import pytest

from roadworthy.agents import benchmarks
from roadworthy.agents.benchmarks import GROUPS, Figure, rate, run
from roadworthy.sim.errors import SettingsError


@pytest.mark.parametrize(
    ("figure", "share"),
    [
        (Figure("a_per_s", "", 500.0, 1000.0), 0.5),
        (Figure("a_ms", "", 5.0, 15.0, least=False), 3.0),
        (Figure("a_ms", "", 5.0, None), None),
    ],
)
def test_the_share_is_above_1_where_the_target_is_beaten(
    figure: Figure, share: float | None
) -> None:
    assert figure.share == share


def test_a_rate_counts_calls() -> None:
    calls: list[int] = []
    assert rate(lambda: calls.append(1), 0.05) > 1000.0
    assert len(calls) > 50


def test_the_groups_are_those_of_the_command_line() -> None:
    assert set(GROUPS) == {"world", "camera", "lidar", "train", "loop", "evaluate", "wire"}
    with pytest.raises(
        SettingsError, match="world, camera, lidar, train, loop, evaluate, wire or all"
    ):
        run("everything", print)


def test_all_leaves_the_wire_out_with_a_sentence_where_carla_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(benchmarks, "GROUPS", {"wire": GROUPS["wire"]})
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert run("all", said.append) == []
    assert said == ["wire: left out, the package carla (CARLA's own client) is not installed"]
    with pytest.raises(SettingsError, match="package carla"):
        run("wire", said.append)
