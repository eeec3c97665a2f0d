from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from roadworthy.agents.evaluation.results import ResultFile

Run = Callable[..., Result]
QUIET = ("--town", "Marlow", "--vehicles", 0, "--walkers", 0)


def results(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text())


def test_a_drive_replaces_the_result_of_the_one_before(
    run: Run, foreign: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for vehicles in (0, 3):
        run(
            "drive", "--agent", f"{foreign}:Crashing", "--town", "Marlow", "--out", out,
            "--vehicles", vehicles, "--walkers", 1,
        )  # fmt: skip
    found = results(out)
    assert found["roadworthy"]["settings"]["vehicles"] == 3
    assert found["roadworthy"]["settings"]["walkers"] == 1
    assert found["roadworthy"]["version"]
    assert list(found["roadworthy"]["models"]) == ["another_package.py"]
    assert len(found["_checkpoint"]["records"]) == 1
    assert found["_checkpoint"]["progress"] == [1, 1]


def test_a_drive_does_not_replace_an_evaluation(run: Run, foreign: str, tmp_path: Path) -> None:
    ResultFile(tmp_path / "results.json", {"agent": "expert", "tasks": [["a", 0]]}, 1)
    before = (tmp_path / "results.json").read_bytes()
    done = run("drive", "--agent", f"{foreign}:Crashing", *QUIET, "--out", tmp_path)
    assert done.exit_code == 2
    assert "of an evaluation" in done.output
    assert (tmp_path / "results.json").read_bytes() == before


@pytest.mark.parametrize(
    ("agent", "code", "says"),
    [
        ("Crashing", 1, "ValueError: what now?"),
        ("Startless", 1, "ValueError: not today"),
        ("Rigless", 2, "rig() failed (KeyError: 'camera')"),
        ("Modelless", 2, "error: model eyes.onnx: wants another image"),
    ],
)
def test_an_agent_that_fails_is_a_sentence_and_an_exit_code(
    agent: str, code: int, says: str, run: Run, foreign: str
) -> None:
    done = run("drive", "--agent", f"{foreign}:{agent}", *QUIET)
    assert done.exit_code == code, done.output
    assert says in done.output
    assert ("error: the agent crashed" in done.output) is (code == 1)
    assert isinstance(done.exception, SystemExit)


def test_an_agent_without_a_scene_to_draw_is_told(run: Run, foreign: str, tmp_path: Path) -> None:
    video = ("--video", tmp_path / "drive.webm")
    done = run("drive", "--agent", f"{foreign}:Sceneless", *QUIET, *video)
    assert done.exit_code == 2, done.output
    assert "last_scene() failed (IndexError: no scene yet)" in done.output


@pytest.mark.parametrize("option", ["--out", "--video"])
def test_a_folder_that_cannot_be_written_is_told_before_the_drive(
    option: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drive(*_: object, **__: object) -> None:
        pytest.fail("it drove")

    monkeypatch.setattr("roadworthy.agents.commands.progress.drive_with_progress", drive)
    (tmp_path / "file").write_text("")
    done = run("drive", "--agent", "brake", *QUIET, option, tmp_path / "file" / "drive.mp4")
    assert done.exit_code == 1, done.output
    assert "cannot write" in done.output


def test_a_folder_in_the_place_of_the_video_is_told_before_the_drive(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "drive.mp4").mkdir()
    done = run("drive", "--agent", "brake", *QUIET, "--video", tmp_path / "drive.mp4")
    assert done.exit_code == 1
    assert "there is a folder of that name" in done.output


@pytest.mark.parametrize("option", ["--out", "--video"])
def test_a_disk_that_fills_up_while_driving_is_a_sentence(
    option: str,
    run: Run,
    foreign: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    full_disk: Callable[[], AbstractContextManager[None]],
) -> None:
    name = "results.json" if option == "--out" else "drive.mp4"
    target = tmp_path / "out" if option == "--out" else tmp_path / "out" / name
    command = ("drive", "--agent", f"{foreign}:Brief", *QUIET, option, target)
    run(*command)
    before = (tmp_path / "out" / name).read_bytes()
    if option == "--out":  # the settings make the new file larger than the disk
        monkeypatch.setattr("roadworthy.agents.registry.__version__", "9" * 5000)
    with full_disk():
        done = run(*command)
    assert done.exit_code == 1, done.output
    assert "cannot write" in done.output
    assert "Traceback" not in done.output
    assert isinstance(done.exception, SystemExit)
    assert [p.name for p in (tmp_path / "out").iterdir()] == [name]
    assert (tmp_path / "out" / name).read_bytes() == before


def test_the_largest_seed_drives_and_one_more_is_refused(run: Run, foreign: str) -> None:
    agent = ("--agent", f"{foreign}:Crashing", *QUIET)
    assert run("drive", *agent, "--seed", 2**63 - 1).exit_code == 1  # it crashes, as it always does
    done = run("drive", *agent, "--seed", 2**63)
    assert done.exit_code == 2
    assert "9223372036854775807" in done.output


@pytest.mark.parametrize(
    ("option", "says"),
    [
        (("--weather", "Sunny"), "choose one of"),
        (("--events", "HardBreakRoute,Earthquake"), "there is no event Earthquake"),
    ],
)
def test_weather_and_events_that_do_not_exist_are_wrong_input(
    option: tuple[str, str], says: str, run: Run
) -> None:
    done = run("drive", "--agent", "expert", *QUIET, *option)
    assert done.exit_code == 2
    assert says in " ".join(done.output.split())


def test_events_and_weather_are_told_in_the_results(run: Run, tmp_path: Path) -> None:
    run(
        "drive", "--agent", "expert", "--town", "Rivertown", "--seed", 5, "--vehicles", 0,
        "--walkers", 0, "--events", "HardBreakRoute", "--weather", "ClearNight", "--out", tmp_path,
    )  # fmt: skip
    found = results(tmp_path)
    assert found["roadworthy"]["settings"]["weather"]["sun_altitude_angle"] == -90.0
    (event,) = found["_checkpoint"]["records"][0]["meta"]["events"]
    assert event.startswith("HardBreakRoute at ")
