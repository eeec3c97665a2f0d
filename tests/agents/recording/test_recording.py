from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from roadworthy.agents.evaluation.drive import DriveResult, drive
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.recording import Recorder, Recording, RecordingError, Replay
from roadworthy.agents.recording.container import ChunkWriter, list_chunks, read_chunk
from roadworthy.agents.registry import make_agent
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.errors import SettingsError, StorageError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.world import World

from .conftest import LIMIT, SEED, Keeping, Parade, record_expert, scenario


def test_a_recording_holds_every_state_and_every_control_to_the_byte(
    town: Town, tmp_path: Path
) -> None:
    keeping, path = Keeping(), tmp_path / "drive.rwr"
    with Recorder(path) as recorder:
        watchers = [recorder, keeping]
        drive(ExpertAgent(), town, scenario(), seed=3, observers=watchers, time_limit=5.96)
    recording = Recording.read(path)
    assert recording.whole
    assert [moment.actors.tobytes() for moment in recording] == keeping.states
    assert [moment.control for moment in recording][:-1] == keeping.controls
    assert recording[-1].control is None
    assert [moment.frame for moment in recording] == [2 * i for i in range(61)]


def test_a_drive_that_is_recorded_goes_the_same_way(
    town: Town, driven: tuple[Path, DriveResult]
) -> None:
    alone = drive(ExpertAgent(), town, scenario(), seed=SEED, time_limit=LIMIT)
    assert alone.trajectory == driven[1].trajectory


def test_a_recording_tells_how_the_drive_went(driven: tuple[Path, DriveResult]) -> None:
    recording, result = Recording.read(driven[0]), driven[1]
    assert recording.result is not None
    assert recording.result.record == result.record(0, 0)
    assert recording.result.trajectory == result.trajectory
    assert recording.duration == pytest.approx(LIMIT)
    assert recording.head.driver.name == "expert"
    assert recording.head.seed == SEED


def test_the_plan_comes_back_as_the_agent_had_it(town: Town, recording: Recording) -> None:
    agent = ExpertAgent()
    plans = []

    class Asking(Keeping):
        def decided(self, moment: object) -> None:
            plans.append(agent.last_plan())

    drive(agent, town, scenario(), seed=SEED, observers=[Asking()], time_limit=3.0)
    for plan, moment in zip(plans, recording, strict=False):
        assert plan is not None
        assert moment.plan is not None
        assert moment.plan.acceleration == plan.acceleration
        assert moment.plan.curvature == plan.curvature
        np.testing.assert_array_equal(moment.plan.path, plan.path)


def test_a_minute_with_thirty_vehicles_takes_less_than_a_megabyte(
    town: Town, tmp_path: Path
) -> None:
    busy = dataclasses.replace(
        scenario(), settings=dataclasses.replace(scenario().settings, vehicles=30)
    )
    with Recorder(tmp_path / "busy.rwr") as recorder:
        drive(ExpertAgent(), town, busy, observers=[recorder], time_limit=20.0)
    assert 3 * (tmp_path / "busy.rwr").stat().st_size < 1_000_000


@pytest.mark.parametrize("agent", ["expert", "roadworthy"])
def test_a_replay_is_equal_to_the_byte(town: Town, tmp_path: Path, agent: str) -> None:
    path = tmp_path / "drive.rwr"
    with Recorder(path) as recorder:
        drive(make_agent(agent), town, scenario(), seed=5, observers=[recorder], time_limit=4.96)
    proof = Replay.open(path).prove()
    assert proof.equal
    assert (proof.ticks, proof.moments) == (100, 51)
    assert "re-simulated: 100 ticks, byte for byte equal" in proof.sentence()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"scores": {"score_composed": 100.0}}, r"tells a driving score of 100, and this drive"),
        ({"infractions": {"red_light": ["at (x=1)"]}}, "tells 1 of red_light other than the 0"),
    ],
)
def test_a_result_that_the_drive_does_not_come_to_is_told(
    town: Town, recording: Recording, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    forged = ChunkWriter(tmp_path / "forged.rwr")
    for chunk in list_chunks(recording.path)[0]:
        content = read_chunk(recording.path, chunk)
        if chunk.kind == "DONE":
            told = json.loads(content)
            for part, values in change.items():
                told["record"][part] |= values
            content = json.dumps(told).encode()
        forged.add(chunk.kind, content)
    forged.close()
    proof = Replay(Recording.read(forged.path), town).prove()
    assert proof.equal  # the states are
    assert not proof.holds
    assert re.search(says, proof.sentence())
    assert Replay(recording, town).prove().holds


def test_the_events_that_a_seed_drew_are_in_the_recording(town: Town, tmp_path: Path) -> None:
    drawn = dataclasses.replace(scenario(), drawn="standard", events=())
    path = tmp_path / "drive.rwr"
    with Recorder(path) as recorder:
        drive(ExpertAgent(), town, drawn, seed=2, observers=[recorder], time_limit=4.0)
    replay = Replay.open(path)
    assert replay.recording.head.events
    assert replay.prove().equal


def test_a_story_is_told_again_if_it_is_given(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "drive.rwr"
    record_expert(town, path, Parade())
    recording = Recording.read(path)
    assert recording.head.story is not None
    assert recording.head.story.files == {"parade.txt": "one car, 5 m/s"}
    assert Replay(recording, town, story=Parade()).prove().equal
    without = Replay(recording, town).prove()
    assert not without.equal
    assert "its story 'parade' cannot be told" in without.sentence()


def test_sensors_see_from_the_recording_what_the_agent_saw(town: Town, tmp_path: Path) -> None:
    keeping, path = Keeping(), tmp_path / "drive.rwr"
    agent = make_agent("roadworthy")
    with Recorder(path) as recorder:
        drive(agent, town, scenario(), observers=[recorder, keeping], time_limit=2.0)
    seen = [frame for _, frame in Replay.open(path).frames()]
    for then, now in zip(keeping.frames, seen, strict=False):
        assert isinstance(then, Frame)
        np.testing.assert_array_equal(then.images["front"], now.images["front"])
        np.testing.assert_array_equal(then.lidar, now.lidar)
        assert then.imu == now.imu
        assert then.gnss == now.gnss
    believed = Recording.read(path)[10].belief
    assert believed is not None
    assert believed.valid.dtype == np.bool_


class Sly(BrakeAgent):
    """Uses every switch, and numbers that no float32 holds."""

    name = "sly"

    def act(self, frame: Frame, truth: object) -> Control:
        if frame.time < 1.0:
            return Control(0.0, 0.0, 0.1, hand_brake=True)
        return Control(0.1 + 0.2, 0.0, -1.0 / 3.0, reverse=frame.time < 2.0)


def test_controls_come_back_exactly_as_given(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "drive.rwr"
    with Recorder(path) as recorder:
        drive(Sly(), town, scenario(), observers=[recorder], time_limit=3.0)
    recording = Recording.read(path)
    assert recording[0].control == Control(0.0, 0.0, 0.1, hand_brake=True)
    assert recording[15].control == Control(0.1 + 0.2, 0.0, -1.0 / 3.0, reverse=True)
    assert Replay(recording, town).prove().equal


class Failing(BrakeAgent):
    name = "failing"

    def act(self, frame: Frame, truth: object) -> Control:
        if frame.time > 1.0:
            raise ValueError("what now?")
        return Control(throttle=0.5)


def test_the_drive_of_an_agent_that_crashed_is_whole(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "drive.rwr"
    with Recorder(path) as recorder:
        drive(Failing(), town, scenario(), observers=[recorder])
    recording = Recording.read(path)
    assert recording.whole
    assert recording.result is not None
    assert recording.result.record.status == "Failed - Agent crashed"
    assert Replay(recording, town).prove().equal


class Stopping(Keeping):
    def decided(self, moment: object) -> None:
        if len(self.states) > 70:
            raise KeyboardInterrupt
        super().decided(moment)


def test_a_drive_that_is_broken_off_leaves_what_was_driven(town: Town, tmp_path: Path) -> None:
    path = tmp_path / "drive.rwr"
    with pytest.raises(KeyboardInterrupt), Recorder(path) as recorder:
        drive(ExpertAgent(), town, scenario(), observers=[recorder, Stopping()])
    recording = Recording.read(path)
    assert len(recording) == 71
    assert not recording.whole
    assert recording.result is None
    assert Replay(recording, town).prove().equal


def test_a_disk_that_fills_up_leaves_what_was_recorded(
    town: Town, tmp_path: Path, full_disk: Callable[[], AbstractContextManager[None]]
) -> None:
    path = tmp_path / "drive.rwr"
    with (
        full_disk(),
        pytest.raises(StorageError, match="was recorded before is in"),
        Recorder(path) as recorder,
    ):
        drive(ExpertAgent(), town, scenario(), observers=[recorder], time_limit=10.0)
    assert not path.exists()
    assert list_chunks(tmp_path / "drive.rwr.part")[0][0].kind == "HEAD"


def test_a_recording_that_was_cut_reads_up_to_its_last_whole_chunk(
    driven: tuple[Path, DriveResult], town: Town, tmp_path: Path
) -> None:
    data = driven[0].read_bytes()
    steps = [chunk for chunk in list_chunks(driven[0])[0] if chunk.kind == "STEP"]
    cut = tmp_path / "cut.rwr.part"
    cut.write_bytes(data[: steps[1].start + steps[1].length // 2])
    recording = Recording.read(cut)
    assert len(recording) == 50
    assert "the file ends in the middle of a chunk" in recording.damage
    assert Replay(recording, town).prove().equal


def test_a_missing_file_names_the_part_that_was_left(tmp_path: Path) -> None:
    (tmp_path / "a.rwr.part").write_bytes(b"")
    with pytest.raises(RecordingError, match=r"left .*a\.rwr\.part"):
        Recording.read(tmp_path / "a.rwr")


def test_a_recorder_refuses_another_name_and_another_drive(town: Town, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"must end in \.rwr"):
        Recorder(tmp_path / "drive.mp4")
    recorder = Recorder(tmp_path / "drive.rwr")
    drive(BrakeAgent(), town, scenario(), observers=[recorder], time_limit=0.5)
    with pytest.raises(SettingsError, match="one drive only"):
        drive(BrakeAgent(), town, scenario(), observers=[recorder], time_limit=0.5)


def test_a_world_that_behaves_otherwise_is_told_with_the_first_tick(
    recording: Recording, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = World.step

    def other(self: World, control: Control, ticks: int = 2) -> None:
        step(self, control, ticks)
        if self.frame == 40:
            self.actors[3, Actor.SPEED] += np.float32(1e-3)

    monkeypatch.setattr(World, "step", other)
    proof = Replay(recording, town).prove()
    assert not proof.equal
    assert proof.ticks == 38
    assert "tick 40 is the first that differs, in SPEED of actor 3" in proof.sentence()


def test_what_no_sensor_sees_is_compared_too(
    recording: Recording, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = World.step

    def other(self: World, control: Control, ticks: int = 2) -> None:
        step(self, control, ticks)
        if self.frame == 100:
            self.batch.state.crowd[0, 0] += 1

    monkeypatch.setattr(World, "step", other)
    assert "at tick 100 something that no sensor sees" in Replay(recording, town).prove().reason


def test_another_control_is_told_with_the_first_tick(recording: Recording, town: Town) -> None:
    class Altered(Recording):
        def __getitem__(self, index: int):  # type: ignore[no-untyped-def]
            moment = super().__getitem__(index)
            if index != 20 or moment.control is None:
                return moment
            other = np.nextafter(np.float32(moment.control.throttle), np.float32(2.0))
            return dataclasses.replace(moment, control=Control(throttle=float(other)))

    altered = Altered.read(recording.path)
    proof = Replay(altered, town).prove()
    assert not proof.equal
    assert proof.ticks == 40
    assert "tick 42 is the first that differs" in proof.reason


def test_another_version_of_the_town_is_played_back(
    recording: Recording, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    speeds = town.network.lane_speed_limit * np.float32(0.5)
    network = dataclasses.replace(town.network, lane_speed_limit=speeds)
    other = Town(town.name, network, town.scenery)
    proof = Replay(recording, other).prove()
    assert not proof.equal
    assert "Marlow is another one than it was" in proof.sentence()
    assert proof.sentence().startswith("played back from the recorded states")


def test_a_town_that_the_route_does_not_fit_is_refused(recording: Recording) -> None:
    from roadworthy.sim.road.towns import load_town

    with pytest.raises(RecordingError, match="--map-dir"):
        Replay(recording, load_town("Ringford"))


def test_a_jump_finds_the_moment_before(recording: Recording) -> None:
    assert recording.index_at(-3.0) == 0
    assert recording.index_at(1.0) == 10
    assert recording.index_at(1.05) == 10
    assert recording.index_at(1e9) == len(recording) - 1
    assert recording[recording.index_at(2.5)].time == pytest.approx(2.5)
    with pytest.raises(IndexError):
        recording[len(recording)]


def test_the_scenario_comes_back(recording: Recording) -> None:
    again, given = recording.scenario(), scenario()
    assert again.settings == given.settings
    assert again.weathers == given.weathers
    assert [event.kind for event in again.events] == [EventKind.HARD_BREAK_ROUTE]
    np.testing.assert_array_equal(again.route.points, given.route.points)
