"""`roadworthy/Drive-v1` on a server has the spaces, the observations and the reward of ours."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from carla_client import Served
from gymnasium.utils.env_checker import check_env

from roadworthy.sim.envs import DriveEnv, DriveVectorEnv
from roadworthy.sim.errors import (
    LostServerError,
    NoAnswerError,
    SettingsError,
    WorldError,
)
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.sensors.specs import CameraSpec, SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

pytest.importorskip("carla", reason="the carla wheel is not installed")

RIG = SensorRig(cameras=(CameraSpec(width=64, height=32),))
EMPTY = WorldSettings(vehicles=0, walkers=0)
GO, STAY = np.array([0.6, 0.0, 0.0], np.float32), np.array([0.0, 1.0, 0.0], np.float32)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


@pytest.fixture
def env(served: Served, town: Town) -> Iterator[DriveEnv]:
    routes = random_routes(town.network, 2, 5, min_length=120.0, max_length=250.0)
    made = DriveEnv(town, routes=routes, rig=RIG, settings=EMPTY, world=address(served))
    yield made
    made.close()


def address(server: Served) -> str:
    return f"carla://127.0.0.1:{server.port}"


def test_gymnasium_makes_it_by_name_and_its_checker_is_content(served: Served) -> None:
    env = gymnasium.make(
        "roadworthy.sim.envs:roadworthy/Drive-v1",
        town="Rivertown",
        world=address(served),
        rig=RIG,
        settings=EMPTY,
        disable_env_checker=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_spaces_observations_and_reward_are_those_in_process(env: DriveEnv, town: Town) -> None:
    routes = random_routes(town.network, 2, 5, min_length=120.0, max_length=250.0)
    ours = DriveEnv(town, routes=routes, rig=RIG, settings=EMPTY)
    assert (env.observation_space, env.action_space) == (ours.observation_space, ours.action_space)
    won = {}
    for name, one in (("server", env), ("ours", ours)):
        observation, info = one.reset(seed=3, options={"route": 1})
        assert one.observation_space.contains(observation)
        assert observation["camera_front"].std() > 10
        assert observation["route"][0, 0] == pytest.approx(2.5, abs=0.6)
        assert info["route_id"] == routes[1].id
        begun, rewards = info["progress"], 0.0
        for _ in range(40):
            observation, reward, ended, cut, info = one.step(GO)
            assert not ended
            assert not cut
            rewards += reward
        assert rewards == pytest.approx(0.1 * (info["progress"] - begun), abs=1e-3)
        won[name] = info["progress"] - begun
        assert observation["speed"][0] > 3.0
    assert won["server"] == pytest.approx(won["ours"], rel=0.05)


def test_a_seed_gives_the_same_drives_again(env: DriveEnv) -> None:
    runs = []
    for _ in range(2):
        seen: list[dict[str, Any]] = [env.reset(seed=8)[0]]
        seen += [env.step(GO)[0] for _ in range(10)]
        seen += [env.reset()[0]]  # of the next drive
        runs.append(seen)
    for one, two in zip(*runs, strict=True):
        for key, value in one.items():
            np.testing.assert_array_equal(value, two[key])


def test_a_collision_ends_the_drive_and_costs_as_much_as_in_process(
    env: DriveEnv, served: Served
) -> None:
    env.reset(seed=3)
    for _ in range(300):
        _, reward, ended, _, info = env.step(np.array([0.7, 0.0, 0.3], np.float32))
        if ended:
            break
    assert ended
    hits = sum(n for name, n in info["events"].items() if name.startswith("collision"))
    assert hits == 1 or info["events"]["route_deviation"]
    assert reward < -9.0 * hits


def test_a_server_that_comes_back_is_found_by_the_next_reset(town: Town) -> None:
    server = Served("--map", "Rivertown")
    env = DriveEnv(town, rig=RIG, settings=EMPTY, world=address(server), wait_for_server=60.0)
    try:
        env.reset(seed=1)
        server.process.kill()
        server.process.wait()
        with pytest.raises(LostServerError, match="the server is gone"):
            env.step(GO)
        server = Served("--map", "Rivertown", "--port", str(server.port))
        observation, _ = env.reset(seed=1)
        assert env.observation_space.contains(observation)
    finally:
        env.close()
        server.end()


def test_what_a_server_cannot_do_is_refused(served: Served, town: Town, env: DriveEnv) -> None:
    where = address(served)
    with pytest.raises(SettingsError, match="a server has one world"):
        DriveVectorEnv(2, town, world=where)
    with pytest.raises(SettingsError, match="randomisation is of the embedded world"):
        DriveEnv(town, world=where, randomisation=Randomisation())
    with pytest.raises(SettingsError, match="no walkers are let in"):
        DriveEnv(town, world=where, settings=WorldSettings(walkers=3))
    with pytest.raises(SettingsError, match="carla://HOST:PORT"):
        DriveEnv(town, world="mars")
    with pytest.raises(NoAnswerError):
        DriveEnv(town, world="carla://127.0.0.1:1")
    with pytest.raises(WorldError, match="call reset"):
        env.step(STAY)
    env.reset(seed=0)
    with pytest.raises(WorldError, match="cannot be copied"):
        env.batch.snapshot()
    with pytest.raises(SettingsError, match="there is no route 7"):
        env.reset(options={"route": 7})
