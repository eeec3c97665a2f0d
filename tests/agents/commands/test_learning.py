"""`train` and `export`, with the work itself replaced by what notes what was asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from typer.testing import Result

from roadworthy.agents.commands.train import PERCEPTION
from roadworthy.agents.registry import WEIGHTS

Run = Callable[..., Result]


class Noted:
    """What the commands asked for."""

    def __init__(self) -> None:
        self.collected: list[tuple[str, int, Path]] = []
        self.data: list[Path] = []
        self.held_out: list[Path] = []


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    notes = Noted()

    def collect(town: Any, frames: int, out: Path, *, seed: int) -> int:
        notes.collected.append((town.name, frames, out))
        shard(out, town.name)
        return frames

    def train(data: Any, out: Path, settings: Any, *, held_out: Any) -> dict[str, float]:
        notes.data, notes.held_out = list(data), list(held_out)
        return {"seconds": 60.0 * settings.minutes}

    monkeypatch.setattr("roadworthy.perception.collect.collect", collect)
    monkeypatch.setattr("roadworthy.perception.train.train", train)
    return notes


def shard(folder: Path, town: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{town}-0-0000.npz").write_bytes(b"")
    return folder


def test_perception_is_judged_on_the_held_out_town_with_data_given(
    run: Run, noted: Noted, tmp_path: Path
) -> None:
    data, out = shard(tmp_path / "data", "Rivertown"), tmp_path / "run"
    done = run("train", "perception", "--data", data, "--preset", "quick", "--out", out)
    assert done.exit_code == 0, done.output
    assert noted.data == [data]
    assert noted.held_out == [out / "held-out"]
    assert noted.collected == [("Marlow", PERCEPTION["quick"].held_out, out / "held-out")]


def test_perception_is_judged_on_the_frames_that_are_given(
    run: Run, noted: Noted, tmp_path: Path
) -> None:
    data, judge = shard(tmp_path / "data", "Rivertown"), shard(tmp_path / "judge", "Hillcrest")
    done = run("train", "perception", "--data", data, "--held-out", judge, "--out", tmp_path / "r")
    assert done.exit_code == 0, done.output
    assert (noted.held_out, noted.collected) == ([judge], [])


def test_what_was_learned_from_is_no_judge(run: Run, noted: Noted, tmp_path: Path) -> None:
    data = shard(tmp_path / "data", "Marlow")
    done = run("train", "perception", "--data", data, "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert (noted.held_out, noted.collected) == ([], [])
    assert "the data has Marlow" in done.output


def test_without_data_the_towns_of_training_and_the_held_out_one_are_collected(
    run: Run, noted: Noted, tmp_path: Path
) -> None:
    done = run("train", "perception", "--preset", "quick", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert [name for name, _, _ in noted.collected] == ["Rivertown", "Hillcrest", "Marlow"]
    assert (noted.data, noted.held_out) == ([tmp_path / "data"], [tmp_path / "held-out"])


def test_a_run_inside_its_own_data_is_refused(run: Run, noted: Noted, tmp_path: Path) -> None:
    data = shard(tmp_path / "runs", "Rivertown")
    done = run("train", "perception", "--data", data, "--out", data / "perception")
    assert done.exit_code == 2
    assert "choose another --out" in done.output


def test_another_training_in_the_folder_is_refused_before_frames_are_collected(
    run: Run, noted: Noted, tmp_path: Path
) -> None:
    torch.save({"settings": {"seed": 0}, "data": ["Hillcrest-0"]}, tmp_path / "checkpoint.pt")
    done = run("train", "perception", "--town", "Rivertown", "--out", tmp_path)
    assert done.exit_code == 2
    assert "data was Hillcrest-0 and is Rivertown-0 now" in " ".join(done.output.split())
    assert noted.collected == []
    assert run("train", "perception", "--town", "Hillcrest", "--out", tmp_path).exit_code == 0


def test_export_compares_both_networks_on_a_thousand_inputs_and_tells(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def export(model: Any, path: Path, **settings: Any) -> float:
        asked.update(settings)
        return 3.2e-06

    (tmp_path / "run" / "planner").mkdir(parents=True)
    (tmp_path / "run" / "perception").mkdir()
    shutil.copy(WEIGHTS / "planner.zip", tmp_path / "run" / "planner" / "best.zip")
    (tmp_path / "run" / "perception" / "checkpoint.pt").write_bytes(b"")
    monkeypatch.setattr("roadworthy.perception.train.load_checkpoint", lambda path: None)
    monkeypatch.setattr("roadworthy.perception.export.export", export)
    done = run("export", tmp_path / "run", "--out", tmp_path / "agent", "--seed", 5)
    assert done.exit_code == 0, done.output
    assert (asked["checks"], asked["seed"]) == (1000, 5)
    assert "perception: differs from torch by 3.2e-06 at most, over 1,000 inputs" in done.output
    assert "planner: differs from torch by " in done.output
    assert done.output.count("over 1,000 inputs") == 2
    assert json.loads((tmp_path / "agent" / "agent.json").read_text())["kind"] == "roadworthy"


def test_a_planner_that_differs_from_torch_is_not_left_behind(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(WEIGHTS / "planner.zip", tmp_path / "best.zip")
    inputs: list[object] = []

    def parity(model: Any, path: Path, count: int, seed: int) -> float:
        inputs.append((count, seed))
        return 0.5

    real = __import__("roadworthy.planning.export", fromlist=["export_planner"])
    monkeypatch.setattr(real, "export_planner", lambda model, path, run: path.write_bytes(b"x"))
    monkeypatch.setattr(real, "parity", parity)
    done = run("export", tmp_path, "--out", tmp_path / "agent", "--seed", 5)
    assert done.exit_code == 2
    assert "differs from torch by 0.5" in done.output
    assert inputs == [(1000, 5)]
    assert not (tmp_path / "agent" / "planner.onnx").exists()
