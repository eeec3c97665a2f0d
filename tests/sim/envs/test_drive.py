from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from roadworthy.sim.envs import DriveEnv, DriveVectorEnv, RewardSettings
from roadworthy.sim.envs.reward import rewards, terminated, truncated
from roadworthy.sim.errors import MapError, SettingsError
from roadworthy.sim.town import Town
from roadworthy.sim.world.columns import Event
from roadworthy.sim.world.settings import WorldSettings

LIGHT = WorldSettings(vehicles=6, walkers=3)


def test_gymnasium_makes_it_by_name_and_its_checker_is_content() -> None:
    env = gymnasium.make(
        "roadworthy.sim.envs:roadworthy/Drive-v1", settings=LIGHT, disable_env_checker=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_the_same_seed_gives_the_same_observations(rivertown: Town) -> None:
    env = DriveEnv(rivertown, settings=LIGHT)
    runs = []
    for _ in range(2):
        observation, _ = env.reset(seed=8)
        seen = [observation]
        for _ in range(5):
            observation, *_ = env.step(np.array([0.8, 0.0, 0.1], np.float32))
            seen.append(observation)
        runs.append(seen)
    for one, two in zip(*runs, strict=True):
        for key, value in one.items():
            np.testing.assert_array_equal(value, two[key])


def test_an_observation_has_camera_lidar_and_route(rivertown: Town) -> None:
    env = DriveEnv(rivertown, settings=LIGHT, render_mode="rgb_array")
    observation, info = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert observation["camera_front"].std() > 10  # a picture, not a blank
    returns = observation["lidar"][np.abs(observation["lidar"]).sum(1) > 0]
    assert len(returns) > 2000
    ahead = observation["route"]
    assert ahead[0, 0] == pytest.approx(2.5, abs=0.6)
    assert info["progress"] == 0.0
    picture = env.render()
    assert picture is not None
    assert picture.shape == (160, 320, 3)


def test_many_worlds_step_behind_the_vector_interface() -> None:
    env = gymnasium.make_vec(
        "roadworthy.sim.envs:roadworthy/Drive-v1",
        num_envs=6,
        vectorization_mode="vector_entry_point",
        settings=LIGHT,
    )
    assert isinstance(env, DriveVectorEnv)
    observation, _ = env.reset(seed=3)
    assert env.observation_space.contains(observation)
    again, _ = env.reset(seed=3)
    np.testing.assert_array_equal(observation["route"], again["route"])
    ended = np.zeros(6, np.int64)
    for _ in range(150):
        # Full throttle into the first bend ends every drive sooner or later.
        action = np.tile(np.array([1.0, 0.0, 0.05], np.float32), (6, 1))
        _, reward, over, cut, _ = env.step(action)
        ended += over | cut
        assert np.isfinite(reward).all()
    assert ended.sum() > 0


def test_reward_is_progress_less_what_went_wrong() -> None:
    events = np.zeros((3, len(Event)), np.int32)
    events[1, Event.COLLISION_WALKER] = 1
    events[2, Event.RED_LIGHT] = 1
    events[2, Event.OFF_ROAD] = 1
    got = rewards(np.array([2.0, 1.0, 0.0], np.float32), events, RewardSettings())
    np.testing.assert_allclose(got, [0.2, 0.1 - 10.0, -5.0 - 0.2], rtol=1e-6)
    np.testing.assert_array_equal(terminated(events, RewardSettings()), [False, True, False])
    events[0, Event.TIMEOUT] = 1
    np.testing.assert_array_equal(truncated(events), [True, False, False])


def test_bad_arguments_are_a_sentence() -> None:
    with pytest.raises(SettingsError, match="rgb_array"):
        DriveEnv(render_mode="human")
    with pytest.raises(MapError, match="Atlantis"):
        DriveEnv("Atlantis")
