from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from roadworthy.agents.agent import Agent
from roadworthy.agents.evaluation.drive import Moment, Watching, drive
from roadworthy.agents.evaluation.routes import random_route
from roadworthy.agents.registry import make_agent
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.town import Town
from roadworthy.sim.world.settings import WorldSettings

FRAMES = 5
SETTINGS = WorldSettings(vehicles=12, walkers=6)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Marlow")


def drive_once(agent: Agent, town: Town, seed: int) -> tuple[object, list[str], list[object]]:
    """Drive four seconds; return the result, digests of the first frames, and all controls."""
    frames: list[str] = []
    controls: list[object] = []

    def observe(moment: Moment) -> None:
        controls.append(moment.control)
        if len(frames) < FRAMES:
            frame = moment.frame
            parts = [image.tobytes() for _, image in sorted(frame.images.items())]
            told = repr((frame.number, frame.time, frame.imu, frame.gnss, frame.speed)).encode()
            assert parts
            assert len(frame.lidar)
            frames.append(
                hashlib.sha256(b"".join([*parts, frame.lidar.tobytes(), told])).hexdigest()
            )

    scenario = Scenario(random_route("Marlow", 3), SETTINGS)
    watching = [Watching(observe)]
    result = drive(agent, town, scenario, seed=seed, observers=watching, time_limit=4.0)
    return replace(result, duration_system=0.0), frames, controls


def test_the_whole_agent_drives_the_same_way_twice_and_after_another_drive(town: Town) -> None:
    agent = make_agent("roadworthy", device="cpu")
    first = drive_once(agent, town, 1)
    other = drive_once(agent, town, 2)  # leaves nothing behind
    again = drive_once(agent, town, 1)
    fresh = drive_once(make_agent("roadworthy", device="cpu"), town, 1)
    assert first == again == fresh
    assert len(first[1]) == FRAMES
    assert len(set(first[1])) == FRAMES
    assert first[0] != other[0]
    assert first[1] != other[1]
