from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from roadworthy.agents.evaluation.drive import DriveResult, drive
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.recording import Recorder, Recording, RecordingError, Replay, hand_over
from roadworthy.agents.registry import make_agent
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.world import World

from .conftest import LIMIT, SEED, Keeping, Parade, record_expert, scenario


class Witness(BrakeAgent):
    """Brakes, and notes what it is shown."""

    name = "witness"

    def __init__(self) -> None:
        self.seen: list[float] = []
        self.started = 0

    def rig(self) -> SensorRig | None:
        return SensorRig()

    def start(self, town: Town, route: Route, seed: int) -> None:
        self.started += 1

    def act(self, frame: Frame, truth: object) -> Control:
        assert frame.images["front"].shape == (160, 320, 3)
        self.seen.append(round(frame.time, 2))
        return Control(brake=1.0)


def test_until_the_hand_over_the_drive_is_the_recorded_one_and_then_another(
    recording: Recording, town: Town
) -> None:
    keeping = Keeping()
    replay = Replay(recording, town)
    result = hand_over(replay, BrakeAgent(), 6.0, observers=[keeping], time_limit=LIMIT)
    recorded = [moment.actors.tobytes() for moment in recording]
    assert keeping.states[:61] == recorded[:61]
    assert keeping.states[62] != recorded[62]
    assert keeping.controls[:60] == [moment.control for moment in recording][:60]
    assert set(keeping.controls[60:]) == {Control(brake=1.0)}
    assert (result.time, result.ticks) == (pytest.approx(6.0), 120)
    assert result.before is not None
    assert result.before.trajectory != result.after.trajectory


def test_the_same_hand_over_goes_the_same_way(recording: Recording, town: Town) -> None:
    replay = Replay(recording, town)
    results = [
        hand_over(replay, make_agent("random"), 3.0, time_limit=8.0).after.trajectory
        for _ in range(2)
    ]
    assert results[0] == results[1]


def test_who_drove_and_takes_over_from_the_beginning_drives_the_same(
    driven: tuple[Path, DriveResult], town: Town
) -> None:
    replay = Replay(Recording.read(driven[0]), town)
    again = hand_over(replay, ExpertAgent(), 0.0, time_limit=LIMIT).after
    assert again.trajectory == driven[1].trajectory
    assert again.score == driven[1].score


def test_who_takes_over_is_started_and_sees_three_seconds_before(
    recording: Recording, town: Town
) -> None:
    witness = Witness()
    hand_over(Replay(recording, town), witness, 6.0, warm_up=2.0, time_limit=7.0)
    assert witness.started == 1
    assert witness.seen[0] == pytest.approx(4.0)
    assert len(witness.seen) == pytest.approx(30, abs=1)


def test_a_sensor_agent_takes_over_from_the_expert(
    recording: Recording, town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "after.rwr"
    with Recorder(path) as recorder:
        hand_over(
            Replay(recording, town),
            make_agent("roadworthy"),
            5.0,
            warm_up=1.0,
            observers=[recorder],
            time_limit=7.0,
        )
    after = Recording.read(path)
    assert after.head.driver.name == "expert, from 5.0 s roadworthy"
    assert after[20].belief is None
    assert after[45].belief is not None
    assert Replay(after, town).prove().equal
    # It drives on as a driver does that has been there: no leap of the wheel.
    before, first = after[49].control, after[50].control
    assert before is not None
    assert first is not None
    assert abs(first.steer - before.steer) < 0.2


def test_a_story_goes_on_when_the_wheel_changes_hands(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "story.rwr"
    record_expert(town, path, Parade(), limit=4.0)
    replay = Replay(Recording.read(path), town, story=Parade())
    result = hand_over(replay, BrakeAgent(), 2.0)
    assert result.after.status in ("Perfect", "Completed")  # the story's end is the drive's
    assert result.after.duration_game == pytest.approx(5.0)


def test_a_world_that_has_changed_is_not_handed_over(
    recording: Recording, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = World.step

    def other(self: World, control: Control, ticks: int = 2) -> None:
        step(self, control, ticks)
        self.actors[2, 0] += np.float32(self.frame == 20)

    monkeypatch.setattr(World, "step", other)
    with pytest.raises(RecordingError, match="tick 20 is the first that differs, in X of actor 2"):
        hand_over(Replay(recording, town), BrakeAgent(), 4.0)


@pytest.mark.parametrize("time", [-1.0, 1e6, float("nan")])
def test_a_time_outside_of_the_recording_is_told(
    time: float, recording: Recording, town: Town
) -> None:
    with pytest.raises(RecordingError, match=r"it ends at 12\.00 s"):
        hand_over(Replay(recording, town), BrakeAgent(), time)
    with pytest.raises(SettingsError, match="warm-up"):
        hand_over(Replay(recording, town), BrakeAgent(), 1.0, warm_up=-1.0)


class Late(BrakeAgent):
    name = "late"

    def act(self, frame: Frame, truth: object) -> Control:
        if frame.time > 3.0:
            raise ValueError("what now?")
        return Control(brake=1.0)


def test_who_crashes_in_its_warm_up_ends_the_drive_with_a_status(
    recording: Recording, town: Town
) -> None:
    result = hand_over(Replay(recording, town), Late(), 5.0)
    assert result.after.status == "Failed - Agent crashed"


def test_a_hand_over_leaves_the_recorded_drive_as_it_is(
    driven: tuple[Path, DriveResult], town: Town
) -> None:
    before = driven[0].read_bytes()
    hand_over(Recording.read(driven[0]), BrakeAgent(), 3.0, time_limit=4.0)
    assert driven[0].read_bytes() == before
    again = drive(ExpertAgent(), town, scenario(), seed=SEED, time_limit=LIMIT)
    assert again.trajectory == driven[1].trajectory
