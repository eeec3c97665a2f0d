"""PlannerVecEnv: batches of worlds as one stable-baselines3 VecEnv, in this process.

One step of the environment is one decision (`TICKS` ticks). Worlds that end are reset at once;
the observation before the reset is in `info["terminal_observation"]`. The learner costs far more
than the worlds do, so there are no subprocesses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv

from roadworthy.perception.oracle import Oracle, WorldState
from roadworthy.perception.scene import Scene
from roadworthy.planning.action import (
    ACTION_SIZES,
    STEP_TIME,
    put_in_force,
)
from roadworthy.planning.endings import describe_end
from roadworthy.planning.noise import Disturbance, SceneNoise
from roadworthy.planning.observation import OBSERVATION_SIZE, encode
from roadworthy.planning.reward import Reward, RewardSettings
from roadworthy.sim.kernel import kernel
from roadworthy.sim.rng import derive, integer

ROUTES = 0x40  # stream of a group's seed that its routes are drawn from
TICKS = 2  # physics ticks per decision: 20 Hz to 10 Hz
Step = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]
_BOUND = 5.0  # of the observation space; the encoding stays well within


class Worlds(WorldState, Protocol):
    """What the environment needs of a batch of worlds; `BatchWorld` has it."""

    @property
    def events(self) -> NDArray[np.int32]:
        """[W, Event] of the last step."""

    def reset(
        self, mask: NDArray[np.bool_] | None = None, routes: NDArray[np.integer] | None = None
    ) -> Any:
        """Begin anew in the worlds of the mask, on these routes."""

    def step_plan(
        self, accel: NDArray[np.float32], curvature: NDArray[np.float32], ticks: int = 2
    ) -> Any:
        """Advance all worlds."""


class SceneSource(Protocol):
    """Where true Scenes come from; `Oracle` is one."""

    def scene(self, mask: NDArray[np.bool_] | None = None) -> Scene:
        """The batched Scene of now; with a mask, the rows of the other worlds stay as they were."""


class _Group:
    """One batch of worlds (of one town) with its scenes, its buffers and its rows."""

    def __init__(self, worlds: Worlds, scenes: SceneSource, rows: slice, seed: int) -> None:
        self.worlds, self.scenes, self.rows = worlds, scenes, rows
        self.n = len(worlds.actors)
        self.rng = np.random.default_rng(seed)
        self._key, self._drawn = np.uint64(derive(np.uint64(seed), ROUTES)), 0
        self._routes = np.zeros(self.n, np.int64)
        self.truth = scenes.scene()
        self.seen = self.truth
        self.base = np.zeros(self.n, np.float32)
        self.wish = np.zeros(self.n, np.float32)  # acceleration asked for [m/s^2]
        self._accel = np.zeros(self.n, np.float32)
        self._curvature = np.zeros(self.n, np.float32)
        self.disturb: Disturbance | None = None

    def act(self, action: NDArray[np.int64], last: NDArray[np.float32]) -> None:
        """Advance the worlds by one decision; `last`, what is in force, changes."""
        put_in_force(action, self.base, last, self.wish, self._accel, self._curvature)
        self.worlds.step_plan(self._accel, self._curvature, ticks=TICKS)

    def observe(self, last: NDArray[np.float32], out: NDArray[np.float32]) -> None:
        """Read the scenes and write the observations of this group's rows."""
        self.truth = self.scenes.scene()
        self.seen = self.disturb.of(self.truth) if self.disturb else self.truth
        encode(self.seen, last, out, tracking=self.base)

    def observe_some(
        self, mask: NDArray[np.bool_], last: NDArray[np.float32], out: NDArray[np.float32]
    ) -> None:
        """Like `observe`, but write only the rows of the mask."""
        self.truth = self.scenes.scene(mask)
        at = np.flatnonzero(mask)
        self.seen = self.disturb.of(self.truth, at) if self.disturb else self.truth
        encode(self.seen, last, out, at, self.base)

    def restart(self, mask: NDArray[np.bool_]) -> None:
        """Reset the worlds of the mask to routes drawn by this group's generator."""
        self._drawn = _draw_routes(
            mask, self._key, self._drawn, len(self.worlds.routes.routes), self._routes
        )
        self.worlds.reset(mask, routes=self._routes)


@kernel
def _draw_routes(
    mask: NDArray[np.bool_], key: np.uint64, drawn: int, count: int, routes: NDArray[np.int64]
) -> int:
    """Draw one of `count` routes for each world of the mask; returns the number drawn so far."""
    for w in range(len(mask)):
        if mask[w]:
            routes[w] = integer(key, drawn, count)
            drawn += 1
    return drawn


@kernel
def _tally(
    value: NDArray[np.float32],
    over: NDArray[np.int8],
    age: NDArray[np.int64],
    max_steps: int,
    steps: NDArray[np.int64],
    total: NDArray[np.float64],
    ended: NDArray[np.int8],
) -> bool:
    """Count a step in each world, sum its reward, and cut episodes off; True where any ended.

    A kernel, because each call of numpy takes 2 µs after the worlds have had the caches.
    """
    some = False
    for w in range(len(value)):
        steps[w] += 1
        total[w] += value[w]
        if over[w] == 0 and steps[w] + age[w] >= max_steps:
            over[w] = 2
        ended[w] = over[w]
        some = some or over[w] > 0
    return some


class PlannerVecEnv(VecEnv):
    """Many worlds to plan in.

    Observation: float32 [OBSERVATION_SIZE]; action: MultiDiscrete of `action.ACTION_SIZES`.
    """

    def __init__(
        self,
        batches: Sequence[Worlds],
        scenes: Sequence[SceneSource] | None = None,
        *,
        reward: RewardSettings | None = None,
        noise: SceneNoise | None = None,
        seed: int = 0,
        max_steps: int = 1500,
    ) -> None:
        """Join batches of worlds.

        Args:
            batches: one per town.
            scenes: where each batch's Scenes come from; Oracles by default.
            reward: constants of the reward.
            noise: what to do to the Scenes before the policy sees them; nothing by default.
            seed: of the routes drawn and of the noise.
            max_steps: decisions after which an episode is cut off.
        """
        if scenes is None:
            scenes = [Oracle(batch) for batch in batches]
        self._groups: list[_Group] = []
        at = 0
        for i, (batch, source) in enumerate(zip(batches, scenes, strict=True)):
            n = len(batch.actors)
            group = _Group(batch, source, slice(at, at + n), seed * 1000 + i)
            if noise is not None:
                group.disturb = Disturbance(noise, n, seed * 1000 + i)
            self._groups.append(group)
            at += n
        space = gymnasium.spaces.Box(-_BOUND, _BOUND, (OBSERVATION_SIZE,), np.float32)
        super().__init__(at, space, gymnasium.spaces.MultiDiscrete(list(ACTION_SIZES)))
        self.reward_settings = reward or RewardSettings()
        self._rewards = [Reward(group.n, self.reward_settings) for group in self._groups]
        self._max_steps = max_steps
        self.last = np.zeros((at, 2), np.float32)  # action in force
        self.observations = np.zeros((at, OBSERVATION_SIZE), np.float32)
        self._reward = np.zeros(at, np.float32)
        self._ended = np.zeros(at, np.int8)
        self._steps = np.zeros(at, np.int64)  # of the episode
        self._age = np.zeros(at, np.int64)  # steps by which a first episode ends before its time
        self._return = np.zeros(at)
        self._action = np.zeros((at, 2), np.int64)
        self._blank: list[dict[str, Any]] = [{} for _ in range(at)]
        # How the last episodes ended, see `describe_end`.
        self.history: deque[dict[str, float]] = deque(maxlen=400)

    def reset(self) -> NDArray[np.float32]:
        """Begin anew everywhere; returns the observations [W, D]."""
        self.last[:] = 0.0
        self._steps[:] = 0
        self._return[:] = 0.0
        self.observations = np.empty_like(self.observations)
        for group, reward in zip(self._groups, self._rewards, strict=True):
            everyone = np.ones(group.n, np.bool_)
            group.restart(everyone)
            reward.begin(everyone, group.worlds.actors, group.worlds.ego)
            group.observe(self.last[group.rows], self.observations[group.rows])
        # Episodes of one age would all end together and make the batches lopsided.
        self._age[:] = self._groups[0].rng.integers(0, self._max_steps // 2, self.num_envs)
        return self.observations

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions, int [W, 2], of the next step."""
        self._action[:] = actions

    def advance(self, actions: NDArray[Any]) -> Step:
        """Take one decision everywhere: observations, rewards, ends and infos."""
        self.step_async(actions)
        return self.step_wait()

    def step_wait(self) -> Step:
        """Advance every world by one decision."""
        infos = self._no_news()
        # A new array for whoever called: the one before is theirs. To fill it is all it costs.
        self.observations = np.empty_like(self.observations)
        for group, reward in zip(self._groups, self._rewards, strict=True):
            rows, worlds = group.rows, group.worlds
            group.act(self._action[rows], self.last[rows])
            group.observe(self.last[rows], self.observations[rows])
            reward.step(
                worlds.actors, worlds.ego, worlds.events, group.truth, STEP_TIME, group.wish
            )
            self._reward[rows], ended = reward.value, self._ended[rows]
            if _tally(
                reward.value,
                reward.ended,
                self._age[rows],
                self._max_steps,
                self._steps[rows],
                self._return[rows],
                ended,
            ):
                self._restart(group, reward, ended > 0, infos)
        return self.observations, self._reward.copy(), self._ended > 0, infos

    def _no_news(self) -> list[dict[str, Any]]:
        """One empty dictionary for each world, the same ones as long as nobody writes into them.

        New ones at each step keep the garbage collector busy: 4 % of a step of 256 worlds.
        """
        if any(self._blank):
            self._blank = [{} for _ in range(self.num_envs)]
        return self._blank.copy()

    def _restart(
        self, group: _Group, reward: Reward, mask: NDArray[np.bool_], infos: list[dict[str, Any]]
    ) -> None:
        """Note how the episodes of the mask ended, and reset their worlds."""
        worlds, first = group.worlds, group.rows.start
        for w in np.flatnonzero(mask).tolist():
            row = first + w
            end = describe_end(worlds, w, self.reward_settings.blocked_time)
            end["return"], end["length"] = self._return.item(row), float(self._steps[row])
            self.history.append(end)
            infos[row] = {
                "terminal_observation": self.observations[row].copy(),
                "TimeLimit.truncated": bool(reward.ended[w] == 2),
                "episode": {"r": end["return"], "l": end["length"], "t": 0.0},
                "end": end,
            }
            self._steps[row], self._age[row], self._return[row] = 0, 0, 0.0
            self.last[row] = 0.0
        group.restart(mask)
        reward.begin(mask, worlds.actors, worlds.ego)
        group.observe_some(mask, self.last[group.rows], self.observations[group.rows])

    def statistics(self) -> dict[str, float]:
        """Means over the last episodes; empty where none has ended yet."""
        if not self.history:
            return {}
        keys = self.history[0].keys()
        return {key: float(np.mean([end[key] for end in self.history])) for key in keys}

    def scenes(self) -> list[tuple[slice, Scene]]:
        """Rows and Scene, as seen, of each batch; valid until the next step."""
        return [(group.rows, group.seen) for group in self._groups]

    def truths(self) -> list[tuple[slice, Scene]]:
        """Rows and true Scene of each batch; valid until the next step."""
        return [(group.rows, group.truth) for group in self._groups]

    def close(self) -> None:
        """Nothing to close: everything lives in this process."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Attributes of the environment, the same for all worlds."""
        value = getattr(self, attr_name, None)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute for all worlds."""
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any
    ) -> list[Any]:
        """Call a method once; worlds are no objects of their own."""
        return [getattr(self, method_name)(*args, **kwargs)]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Tell that no world is wrapped."""
        return [False for _ in self._get_indices(indices)]
