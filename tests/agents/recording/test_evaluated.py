"""Evaluations that record their drives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from roadworthy.agents.evaluation.evaluate import evaluate
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.agents.recording import Recording, Replay
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

SETTINGS = WorldSettings(vehicles=5, walkers=2, blocked_time=2.0)
SLEEPY = """
import time
from roadworthy.agents.simple import BrakeAgent
class Sleepy(BrakeAgent):
    name = "sleepy"
    def act(self, frame, truth):
        if frame.time > 1.0:
            time.sleep(60.0)
        return super().act(frame, truth)
"""


def scenarios(count: int) -> list[Scenario]:
    return [Scenario(route, SETTINGS) for route in suite_routes("quick")[:count]]


@pytest.mark.parametrize("workers", [0, 1])
def test_every_drive_of_an_evaluation_is_recorded(workers: int, town: Town, tmp_path: Path) -> None:
    done = evaluate("brake", scenarios(2), seeds=2, workers=workers, record=tmp_path)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(
        record.route_id for record in done.records
    )
    for record in done.records:
        recording = Recording.read(tmp_path / f"{record.route_id}.rwr")
        assert recording.result is not None
        assert recording.result.trajectory == record.meta.trajectory
        assert recording.head.seed == record.meta.seed
    assert Replay(recording, town).prove().equal


def test_recording_changes_no_result(tmp_path: Path) -> None:
    def run(record: Path | None) -> list[Any]:
        done = evaluate(BrakeAgent(), scenarios(1), seeds=2, record=record)
        rows = [record.model_dump() for record in done.records]
        for row in rows:
            row["meta"].pop("duration_system")
        return rows

    assert run(tmp_path) == run(None)


def test_the_drive_of_an_agent_that_hangs_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, town: Town
) -> None:
    (tmp_path / "sleepy_package.py").write_text(SLEEPY)
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "recordings"
    done = evaluate("sleepy_package:Sleepy", scenarios(1), workers=1, record=folder, step_limit=1.0)
    recording = Recording.read(folder / f"{done.records[0].route_id}.rwr")
    assert recording.result is not None
    assert recording.result.record.status == done.records[0].status
    assert recording.duration == pytest.approx(1.0)
    assert recording.head.driver.name == "sleepy"
    assert list(recording.head.driver.models) == ["sleepy_package.py"]
    assert Replay(recording, town).prove().equal
