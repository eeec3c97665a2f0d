from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from roadworthy.agents.recording import Recording

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A drive of the expert that is blocked by its own limit: brake for a while."""
    from typer.testing import CliRunner

    from roadworthy.agents.commands.application import app

    path = tmp_path_factory.mktemp("recorded") / "drive.rwr"
    words = ["drive", "--agent", "random", "--town", "Marlow", "--seed", "3", "--vehicles", "6"]
    done = CliRunner().invoke(app, [*words, "--walkers", "2", "--record", str(path)])
    assert done.exit_code == 0, done.output
    assert f"recording: {path}" in done.output.replace("\n", "")
    return path


def test_a_replay_says_that_it_is_equal(run: Run, recorded: Path) -> None:
    done = run("replay", recorded, "--strict")
    assert done.exit_code == 0, done.output
    ticks = Recording.read(recorded)[-1].frame
    assert f"re-simulated: {ticks} ticks, byte for byte equal" in done.output


def test_a_replay_that_is_not_equal_says_so_and_still_shows(
    run: Run, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("roadworthy.agents.recording.stage.town_digest", lambda _: "another")
    words = ["replay", recorded, "--at", 1.0, "--picture", tmp_path / "at.png"]
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "played back from the recorded states: Marlow is another one" in done.output
    assert (tmp_path / "at.png").stat().st_size > 1000
    assert run(*words, "--strict").exit_code == 1


def test_a_jump_to_an_infraction_and_a_hand_over_before_it(
    run: Run, recorded: Path, tmp_path: Path
) -> None:
    incident = Recording.read(recorded).incidents[0]
    after = tmp_path / "after.rwr"
    done = run(
        "replay", recorded, "--infraction", 1, "--before", 2, "--after", 0.5, "--agent", "brake",
        "--picture", tmp_path / "both.png", "--camera", "chase,width=64,height=32",
        "--record", after,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert f"infraction 1, {incident.time:6.1f} s" in done.output
    assert f"brake took the wheel at {max(incident.time - 2.0, 0.0):.1f} s" in done.output
    assert "byte for byte as recorded" in done.output
    assert (tmp_path / "both.png").exists()
    assert run("replay", after, "--strict").exit_code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--at", 1e6], "the recording is"),
        (["--at", 1.0, "--infraction", 1], "not both"),
        (["--infraction", 99], "--infraction 99: the recording has"),
        (["--agent", "brake"], "--from TIME"),
        (["--record", "x.rwr"], "who takes the wheel"),
        (["--camera", "nowhere"], "front, chase, top"),
        (["--town", "Ringford"], "--map-dir"),
        (["--at", 1.0, "--picture", "a.gif"], "must end in .png"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    run: Run, recorded: Path, words: list[object], says: str, monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = run("replay", recorded, *words)
    assert done.exit_code == 2, done.output
    assert says in done.output


def test_a_name_that_is_no_recording_is_told_before_the_drive(run: Run, tmp_path: Path) -> None:
    done = run("drive", "--agent", "brake", "--town", "Marlow", "--record", tmp_path / "a.mp4")
    assert done.exit_code == 2
    assert "must end in .rwr" in done.output
