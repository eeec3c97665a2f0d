"""The vectorised environment, the reward and the actions, on a toy road."""

from __future__ import annotations

import numpy as np
import pytest

from roadworthy.perception.scene import EgoCol, LightCol, LightState
from roadworthy.planning.action import (
    ACCELERATIONS,
    ACTION_SIZES,
    CURVATURE_OFFSETS,
    FALL_LIMIT,
    RISE_LIMIT,
    limit_rates,
    nearest_acceleration,
    plan_of,
)
from roadworthy.planning.env import PlannerVecEnv
from roadworthy.planning.noise import DRIFT_TIME, Disturbance, SceneNoise
from roadworthy.planning.observation import OBSERVATION_SIZE, encode
from roadworthy.planning.reward import Reward, RewardSettings
from roadworthy.sim.world.columns import Actor, Ego, Event

from .conftest import ToyWorlds, add_user, make_scene

GO, GENTLE, BRAKE = (6, 4), (5, 4), (0, 4)  # without an offset


def make_env(worlds: int = 8, **kwargs) -> PlannerVecEnv:
    toy = ToyWorlds(worlds, obstacles=kwargs.pop("obstacles", True))
    return PlannerVecEnv([toy], [toy], **kwargs)


def drive(env: PlannerVecEnv, action: tuple[int, int], steps: int):
    """Drive and collect the infos of episodes that ended."""
    ends = []
    for _ in range(steps):
        observation, reward, done, infos = env.advance(np.tile(action, (env.num_envs, 1)))
        ends += [(w, infos[w], float(reward[w])) for w in np.flatnonzero(done)]
    return observation, ends


def test_tables_hold_the_neutral_action_and_find_their_own_entries():
    assert ACTION_SIZES == (7, 9)
    assert 0.0 in ACCELERATIONS
    assert CURVATURE_OFFSETS[4] == 0.0
    assert list(nearest_acceleration(ACCELERATIONS)) == list(range(7))


def test_actions_change_no_faster_than_their_limits():
    last = np.array([[2.4, 0.0], [-5.0, 0.0]], np.float32)
    limit_rates(last, np.array([-5.0, 2.4], np.float32), np.zeros(2, np.float32))
    assert last[0, 0] == pytest.approx(2.4 - FALL_LIMIT)
    assert last[1, 0] == pytest.approx(-5.0 + RISE_LIMIT)


def test_the_path_of_a_plan_stops_where_the_vehicle_stops():
    path = plan_of(4.0, -4.0, 0.0).path  # stands after 1 s and 2 m
    assert path[-1, 0] == pytest.approx(2.0, abs=0.1)
    assert path[-1, 1] == 0.0


def test_spaces_and_shapes_are_what_stable_baselines_expects():
    env = make_env(6)
    observation = env.reset()
    assert observation.shape == (6, OBSERVATION_SIZE)
    assert env.observation_space.contains(observation[0])
    assert env.action_space.contains(np.array(GO))


def test_progress_pays_and_standing_does_not():
    env = make_env(4, obstacles=False)
    env.reset()
    drive(env, GENTLE, 20)
    _, reward, _, _ = env.advance(np.tile(GENTLE, (4, 1)))
    speed = 15.0 * env.observations[:, 0]
    assert reward == pytest.approx(0.05 * speed * 0.1, rel=0.05)
    drive(env, BRAKE, 40)
    assert (env.advance(np.tile(BRAKE, (4, 1)))[1] <= 0.0).all()


def test_a_finished_route_is_cut_off_with_its_last_observation():
    env = make_env(4, obstacles=False)
    env.reset()
    env._age[:] = 0
    _, ends = drive(env, GENTLE, 140)
    assert ends
    for _, info, _ in ends:
        assert info["end"]["finished"] == 1.0
        assert info["TimeLimit.truncated"]
        assert info["terminal_observation"][0] > 0.3  # still moving
        assert info["episode"]["r"] > 0.0
    assert (env.observations[[w for w, _, _ in ends], 0] < 1.0).all()


def test_a_collision_ends_the_episode_at_a_price():
    env = make_env(4)
    env.reset()
    _, ends = drive(env, GO, 75)
    world, info, reward = ends[0]
    assert world == 0  # where the parked car is
    assert info["end"]["collision_vehicle"] == 1.0
    assert not info["TimeLimit.truncated"]
    assert reward < -2.0


def test_an_episode_is_cut_off_after_its_time():
    env = make_env(4, obstacles=False, max_steps=10)
    env.reset()
    env._age[:] = 0
    _, ends = drive(env, BRAKE, 10)
    assert len(ends) == 4
    assert all(info["TimeLimit.truncated"] for _, info, _ in ends)


def test_first_episodes_end_at_different_times_and_tell_their_true_length():
    env = make_env(64, obstacles=False, max_steps=20)
    env.reset()
    lengths = []
    for step in range(1, 21):
        _, _, done, infos = env.advance(np.tile(BRAKE, (64, 1)))
        lengths += [(infos[w]["episode"]["l"], step) for w in np.flatnonzero(done)]
    assert all(length == step for length, step in lengths)
    assert len(lengths) == 64
    assert len({step for _, step in lengths}) > 5


def test_the_first_scene_of_an_episode_is_as_noisy_as_all_others():
    toy = ToyWorlds(64)
    env = PlannerVecEnv([toy], [toy], noise=SceneNoise(lateral=0.3, miss=0.0), max_steps=4)
    env.reset()
    env._age[:] = np.where(np.arange(64) < 40, 3, 0)  # the first 40 end with the next step
    observation, _, done, _ = env.advance(np.tile(BRAKE, (64, 1)))
    assert list(done) == [True] * 40 + [False] * 24
    (_, seen), (_, truth) = env.scenes()[0], env.truths()[0]
    off = (seen.ego - truth.ego)[:, EgoCol.LATERAL]
    assert off[:40].std() == pytest.approx(0.3, rel=0.4)
    again = np.empty_like(observation)
    encode(seen, env.last, again)  # what was seen is what was observed, in every world
    assert np.array_equal(again, observation)


def test_the_same_seed_gives_the_same_bytes_with_noise():
    def run(seed: int) -> bytes:
        env = make_env(8, noise=SceneNoise(), seed=seed)
        env.reset()
        return b"".join(env.advance(np.tile(GO, (8, 1)))[0].tobytes() for _ in range(45))

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_noise_has_the_size_it_says_and_leaves_the_truth_alone():
    toy = ToyWorlds(400, obstacles=True)
    toy.actors[:, 0, Actor.X] = 30.0
    toy._obstacle[:] = 60.0
    truth = toy.scene()
    before = truth.users.copy()
    seen = Disturbance(SceneNoise(position=0.3, miss=0.1), 400, 5).of(truth)
    assert np.array_equal(truth.users, before)
    there = seen.valid[:, 0]
    assert there.mean() == pytest.approx(0.9, abs=0.05)
    assert (seen.users[there, 0, 0] - 30.0).std() == pytest.approx(0.3, abs=0.05)


def test_the_line_of_a_light_is_off_by_what_changes_slowly_and_little_else():
    toy = ToyWorlds(200, obstacles=False)
    truth = toy.scene()
    truth.light[:, LightCol.STATE], truth.light[:, LightCol.DISTANCE] = LightState.RED, 20.0
    noise = SceneNoise(light=0.0, light_distance=0.1, light_drift=0.3)
    disturb = Disturbance(noise, 200, 5)
    told = np.array(
        [disturb.of(truth).light[:, LightCol.DISTANCE].copy() for _ in range(2 * DRIFT_TIME)]
    )
    first, second = told[:DRIFT_TIME].mean(0), told[DRIFT_TIME:].mean(0)
    assert told[:DRIFT_TIME].std(0).mean() == pytest.approx(0.1, rel=0.2)
    assert (first - 20.0).std() == pytest.approx(0.3, rel=0.2)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.3


def step_reward(reward: Reward, toy: ToyWorlds, scene=None, wish: float = 0.0):
    asked = np.full(len(toy.ego), wish, np.float32)
    reward.step(toy.actors, toy.ego, toy.events, scene or toy.scene(), 0.1, asked)
    return reward.value.copy(), reward.ended.copy()


def prepared(speed: float = 8.0) -> tuple[Reward, ToyWorlds]:
    toy = ToyWorlds(1, obstacles=False)
    toy.actors[:, 0, Actor.SPEED] = speed
    reward = Reward(1)
    reward.begin(np.ones(1, np.bool_), toy.actors, toy.ego)
    return reward, toy


def test_reward_of_a_metre_and_its_factors():
    reward, toy = prepared()
    toy.ego[:, Ego.PROGRESS] = 1.0
    assert step_reward(reward, toy)[0] == pytest.approx(0.05)
    toy.ego[:, Ego.PROGRESS] = 2.0
    toy.ego[:, Ego.ROUTE_LATERAL] = 0.8
    assert step_reward(reward, toy)[0] == pytest.approx(0.05 * 0.75)
    toy.ego[:, Ego.PROGRESS] = 3.0
    toy.events[:, Event.WRONG_LANE] = 1
    assert step_reward(reward, toy)[0] == pytest.approx(0.0)


def test_overspeed_halves_the_reward_at_half_its_range():
    reward, toy = prepared(10.0 + 0.3 + 1.115)
    toy.ego[:, Ego.PROGRESS] = 1.0
    assert step_reward(reward, toy)[0] == pytest.approx(0.025, rel=1e-3)


def test_a_red_light_costs_when_the_front_crosses_its_line():
    reward, toy = prepared(2.0)
    scene = toy.scene()
    for distance, position, expected in ((1.0, 0.0, 0), (0.1, 0.9, 0), (-0.9, 1.9, 1)):
        scene.light[0] = (LightState.RED, distance, 1.0)
        toy.ego[:, Ego.ROUTE_S] = position
        value, ended = step_reward(reward, toy, scene)
        assert ended[0] == expected
    assert value[0] < -1.5


@pytest.mark.parametrize(
    ("state", "distance", "wish", "costs"),
    [
        (LightState.RED, 1.0, 0.8, True),
        (LightState.RED, -0.6, 0.8, True),  # it has rolled over, and the light is still there
        (LightState.RED, 1.0, 0.0, False),
        (LightState.RED, 1.0, -1.5, False),
        (LightState.RED, 2.0, 0.8, False),  # there is room to close up
        (LightState.YELLOW, 1.0, 0.8, False),
        (LightState.GREEN, 1.0, 0.8, False),
    ],
)
def test_to_wish_to_go_at_a_red_line_costs(state, distance, wish, costs):
    reward, toy = prepared(0.0)
    scene = toy.scene()
    scene.light[0] = (state, distance, 1.0)
    value, ended = step_reward(reward, toy, scene, wish)
    waiting = RewardSettings().waiting
    assert value[0] == pytest.approx(-waiting - (RewardSettings().creep if costs else 0.0))
    assert ended[0] == 0


@pytest.mark.parametrize(
    ("x", "y", "speed", "costs"),
    [
        (6.0, 0.0, 0.0, True),  # bumpers 1.25 m apart
        (6.5, 0.0, 0.0, False),
        (6.0, 3.0, 0.0, False),  # beside the way
        (6.0, 0.0, 2.0, False),  # it drives off
        (-6.0, 0.0, 0.0, False),
    ],
)
def test_to_wish_to_go_at_a_standing_bumper_costs(x, y, speed, costs):
    reward, toy = prepared(0.0)
    scene = make_scene(0.0)
    add_user(scene, x, y, vx=speed)
    value, _ = step_reward(reward, toy, scene.batched(), 0.8)
    assert (value[0] < -0.04) == costs


def test_crossing_a_line_at_yellow_costs_nothing():
    reward, toy = prepared(2.0)
    scene = toy.scene()
    for distance, position in ((0.5, 0.0), (-0.5, 1.0)):
        scene.light[0, LightCol.STATE] = LightState.YELLOW
        scene.light[0, LightCol.DISTANCE] = distance
        toy.ego[:, Ego.ROUTE_S] = position
        assert step_reward(reward, toy, scene)[1][0] == 0


def test_who_is_hit_while_standing_is_not_to_blame():
    reward, toy = prepared(0.0)
    toy.events[:, Event.COLLISION_VEHICLE] = 1
    value, ended = step_reward(reward, toy)
    assert ended[0] == 2
    assert value[0] == pytest.approx(-RewardSettings().waiting)


def test_creeping_into_somebody_is_a_collision_like_any_other():
    reward, toy = prepared(0.2)
    toy.actors[:, 0, Actor.SPEED] = 0.0  # the bump has stopped us
    toy.events[:, Event.COLLISION_VEHICLE] = 1
    value, ended = step_reward(reward, toy)
    assert ended[0] == 1
    assert value[0] <= -RewardSettings().collision


def test_a_collision_about_to_happen_lowers_the_reward_for_a_while():
    reward, toy = prepared(8.0)
    scene, one = toy.scene(), make_scene(8.0)
    add_user(one, 9.0, 0.0)
    scene.users[0], scene.valid[0], scene.ego[0] = one.users, one.valid, one.ego
    toy.ego[:, Ego.PROGRESS] = 1.0
    assert step_reward(reward, toy, scene)[0] == pytest.approx(0.015)
    scene.valid[:] = False
    toy.ego[:, Ego.PROGRESS] = 2.0
    assert step_reward(reward, toy, scene)[0] == pytest.approx(0.015)
