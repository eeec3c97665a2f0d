"""Recordings of drives that end badly, and of stories that come from files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from roadworthy.agents.evaluation.drive import drive
from roadworthy.agents.evaluation.routes import load_scenarios
from roadworthy.agents.expert import ExpertAgent
from roadworthy.agents.recording import Recorder, Recording, Replay
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.town import Town

DRIVING = """
import sys
from roadworthy.agents.evaluation.drive import DriveObserver, drive
from roadworthy.agents.evaluation.routes import suite_routes
from roadworthy.agents.recording import record
from roadworthy.agents.simple import BrakeAgent
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.settings import WorldSettings

class Stuck(DriveObserver):
    steps = 0
    def decided(self, moment):
        self.steps += 1
        if self.steps == 130:
            print("far enough", flush=True)
            sys.stdin.read()  # the drive stands still until it is killed

scenario = Scenario(suite_routes("quick")[0], WorldSettings(vehicles=6, walkers=2))
watchers = [record(sys.argv[1]), Stuck()]
drive(BrakeAgent(), load_town("Marlow"), scenario, seed=4, observers=watchers)
"""


def test_a_drive_that_is_killed_can_be_replayed_up_to_the_last_five_seconds(
    town: Town, tmp_path: Path
) -> None:
    path = tmp_path / "drive.rwr"
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVING, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "far enough"
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    time.sleep(0.1)
    assert not path.exists()
    recording = Recording.read(tmp_path / "drive.rwr.part")
    assert len(recording) == 100
    assert not recording.damage
    assert recording.result is None
    assert Replay(recording, town).prove().equal


@pytest.mark.parametrize("name", ["FollowLeadingVehicle", "PedestrianCrossingFront"])
def test_an_openscenario_story_is_told_again_from_the_recording_alone(
    name: str, tmp_path: Path
) -> None:
    data = os.environ.get("ROADWORTHY_DATA")
    if not data:
        pytest.skip("ROADWORTHY_DATA is not set: it names the folder with openscenario/ and maps/")
    maps = Path(data) / "maps"
    scenario = load_scenarios(str(Path(data) / "openscenario" / f"{name}.xosc"), maps)[0]
    place = load_town(scenario.town, maps)
    path = tmp_path / "story.rwr"
    with Recorder(path) as recorder:
        drive(ExpertAgent(), place, scenario, seed=1, observers=[recorder], time_limit=10.0)
    replay = Replay(Recording.read(path), place)
    assert replay.recording.head.story is not None
    proof = replay.prove()
    assert proof.equal, proof.sentence()
