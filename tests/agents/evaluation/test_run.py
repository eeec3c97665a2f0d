"""Tasks become a result file, in one process, whatever the agent does and whoever interrupts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from roadworthy.agents.evaluation.results import Record
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.agents.evaluation.run import Here, run_tasks
from roadworthy.agents.evaluation.tasks import Shards, Task, make_tasks
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.errors import InputError, ModelError
from roadworthy.sim.frame import Control
from roadworthy.sim.road.route import Route
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

SETTINGS = WorldSettings(vehicles=6, walkers=2, blocked_time=2.0)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


@pytest.fixture(scope="module")
def tasks() -> list[Task]:
    return make_tasks([Scenario(route, SETTINGS) for route in suite_routes("quick")[:3]], 2)


class Clumsy(BrakeAgent):
    """Does something wrong on one route, and brakes on the others."""

    name = "clumsy"

    def __init__(self, route: str = "", act: Any = None, start: Any = None) -> None:
        self._bad, self._act, self._start, self._now = route, act, start, ""

    def start(self, town: Town, route: Route, seed: int) -> None:
        self._now = route.id
        if self._start is not None and route.id == self._bad:
            self._start()

    def act(self, frame: Any, truth: Any) -> Control:
        if self._act is not None and self._now == self._bad:
            return self._act()
        return Control(brake=1.0)


class BadRig(Clumsy):
    """Wants sensors that cannot be, from its second drive on."""

    def __init__(self, rig: Any) -> None:
        super().__init__()
        self._rig, self._begun = rig, False

    def start(self, town: Town, route: Route, seed: int) -> None:
        self._begun = True

    def rig(self) -> Any:
        return self._rig() if self._begun else None


def raising(kind: type[BaseException]) -> Any:
    def act() -> Control:
        raise kind("what now?")

    return act


def recorded(folder: Path) -> Any:
    """A result file, without what the clock has to say."""
    found = json.loads((folder / "results.json").read_text())
    checkpoint = found["_checkpoint"]
    for record in [*checkpoint["records"], checkpoint["global_record"]]:
        record.get("meta", {}).pop("duration_system", None)
    return found


def run(agent: Any, tasks: list[Task], town: Town, out: Path) -> list[Record]:
    return run_tasks(Here(agent, lambda _: town), tasks, out).records


@pytest.mark.parametrize(
    ("agent", "status", "why"),
    [
        ({"act": raising(ValueError)}, "Agent crashed", "ValueError: what now?"),
        ({"act": raising(MemoryError)}, "Agent crashed", "MemoryError: what now?"),
        ({"act": raising(SystemExit)}, "Agent crashed", "SystemExit: what now?"),
        ({"act": lambda: Control(throttle=math.nan)}, "Agent crashed", "Control.throttle is nan"),
        ({"act": lambda: Control(steer=2.0)}, "Agent crashed", "Control.steer is 2.0"),
        ({"act": lambda: None}, "Agent crashed", "NoneType"),
        ({"act": lambda: "brake"}, "Agent crashed", "'str' object"),
        ({"start": raising(OSError)}, "Agent couldn't be set up", "OSError: what now?"),
    ],
)
def test_an_agent_that_fails_ends_its_route_and_the_others_go_on(
    agent: Any, status: str, why: str, town: Town, tasks: list[Task], tmp_path: Path
) -> None:
    records = run(Clumsy(tasks[2].route.id, **agent), tasks, town, tmp_path)
    blocked, failed = "Failed - Agent got blocked", f"Failed - {status}"
    assert [r.status for r in records] == [blocked, blocked, failed, failed, blocked, blocked]
    assert why in records[2].meta.failure
    assert records[0].meta.failure == ""
    assert recorded(tmp_path)["_checkpoint"]["global_record"]["status"] == "Failed"


def test_an_evaluation_goes_on_whatever_bytes_a_failure_tells_of(
    town: Town, tasks: list[Task], tmp_path: Path
) -> None:
    def act() -> Control:
        raise OSError("no file 'model-\udcff.onnx'\x00")

    first = run(Clumsy(tasks[0].route.id, act=act), tasks[:2], town, tmp_path)
    assert "no file 'model-?.onnx'" in first[0].meta.failure
    assert run(Clumsy(tasks[0].route.id, act=act), tasks[:2], town, tmp_path) == first


@pytest.mark.parametrize(
    "rig",
    [
        raising(KeyError),
        lambda: "a camera",
        lambda: SensorRig(cameras=(CameraSpec(name="a"), CameraSpec(name="a"))),
    ],
)
def test_sensors_that_cannot_be_end_the_drives_that_they_are_wanted_for(
    rig: Any, town: Town, tasks: list[Task], tmp_path: Path
) -> None:
    records = run(BadRig(rig), tasks[:3], town, tmp_path)
    driven = [r for r in records if r.status == "Failed - Agent got blocked"]
    bad = [r for r in records if r.status == "Failed - Agent's sensors were invalid"]
    assert (len(driven), len(bad)) == (1, 2)
    assert all(r.meta.failure for r in bad)
    assert all(r.scores.score_composed == 0.0 for r in bad)


def test_an_interrupted_evaluation_ends_as_if_it_had_not_been(
    town: Town, tasks: list[Task], tmp_path: Path
) -> None:
    run(Clumsy(), tasks, town, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(Clumsy(tasks[0].route.id, raising(KeyboardInterrupt)), tasks, town, tmp_path / "parts")
    begun = recorded(tmp_path / "parts")
    assert begun["_checkpoint"]["progress"] == [2, 6]  # the longest route came first
    assert begun["entry_status"] == "Started"
    run(Clumsy(), tasks, town, tmp_path / "parts")
    assert recorded(tmp_path / "whole") == recorded(tmp_path / "parts")


def test_results_of_other_settings_are_not_mixed(
    town: Town, tasks: list[Task], tmp_path: Path
) -> None:
    run(BrakeAgent(), tasks[:1], town, tmp_path)
    with pytest.raises(InputError, match="settings differ"):
        run(BrakeAgent(), make_tasks([Scenario(tasks[0].route)], 1), town, tmp_path)


def test_an_error_with_a_sentence_ends_the_evaluation(
    town: Town, tasks: list[Task], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="what now"):
        run(Clumsy(tasks[0].route.id, raising(ModelError)), tasks, town, tmp_path)


def test_a_worker_keeps_its_town_and_begins_with_the_longest_route(tasks: list[Task]) -> None:
    from collections import Counter
    from dataclasses import replace

    far = [
        replace(t, scenario=replace(t.scenario, route=replace(t.route, town="Far"))) for t in tasks
    ]
    shards = Shards([*tasks, *far[:1]])
    first = shards.take(None, Counter())[0]
    assert first.town == "Marlow"
    assert first.route.length == max(task.route.length for task in tasks)
    assert shards.take("Far", Counter())[0].town == "Far"
    assert shards.take("Far", Counter({"Marlow": 1}))[0].town == "Marlow"
    shards.put_back([first])
    assert shards.take("Marlow", Counter()) == [first]
    assert len(shards) == 4
    assert len(shards.take("Marlow", Counter(), most=9)) == 4
    assert shards.take("Marlow", Counter()) == []
