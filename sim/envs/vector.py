"""Many drives at once behind gymnasium's vector interface, in process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from roadworthy.sim.envs.drive import TICKS_PER_STEP, town_and_routes
from roadworthy.sim.envs.observation import (
    ACTION_HIGH,
    ACTION_LOW,
    Observation,
    action_space,
    observation_space,
    observe,
)
from roadworthy.sim.envs.reward import RewardSettings, rewards, terminated, truncated
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.route import Route
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Ego
from roadworthy.sim.world.driven import EMBEDDED
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

# Without camera and lidar a thousand worlds are cheap; ask for sensors by giving a rig.
LIGHT_RIG = SensorRig(cameras=(), lidar=None)


class DriveVectorEnv(VectorEnv[Observation, NDArray[np.float32], NDArray[Any]]):
    """`num_envs` vehicles, each alone with its traffic, stepped by one kernel.

    Observations, actions and rewards are those of DriveEnv with the world axis first. A drive
    that ended is begun anew in the next step (AutoresetMode.NEXT_STEP).
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "autoreset_mode": AutoresetMode.NEXT_STEP
    }

    def __init__(
        self,
        num_envs: int = 1,
        town: str | Town = "Rivertown",
        *,
        routes: Sequence[Route] | None = None,
        map_dir: str | Path | None = None,
        rig: SensorRig | None = None,
        settings: WorldSettings | None = None,
        reward: RewardSettings | None = None,
        randomisation: Randomisation | None = None,
        threads: int | None = None,
        world: str = EMBEDDED,
    ) -> None:
        """Load the town and build the worlds; the arguments are those of DriveEnv.

        Raises:
            InputError: the town, a route or a setting is wrong, or `world` is a server's.
        """
        if world != EMBEDDED:
            raise SettingsError(
                f"world {world!r}: a server has one world. Put a DriveEnv on each of several "
                "servers, with gymnasium.vector.AsyncVectorEnv"
            )
        place, chosen = town_and_routes(town, routes, map_dir)
        self.num_envs = num_envs
        self.rig = rig or LIGHT_RIG
        self.reward_settings = reward or RewardSettings()
        self.batch = BatchWorld(
            place,
            chosen,
            num_envs,
            settings=settings,
            randomisation=randomisation,
            threads=threads,
        )
        self.suite = SensorSuite(place, self.rig, seed=0)
        self.single_observation_space = observation_space(self.rig)
        self.single_action_space = action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._over = np.zeros(num_envs, np.bool_)

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a drive in every world; world i is world i of `seed`."""
        if isinstance(seed, list):
            raise SettingsError("give one seed: world i of it is what world i gets")
        if seed is not None:
            self.batch.reseed(seed)
        else:
            self.batch.reset()
        self._over[:] = False
        return self._observe(), self._info()

    def step(
        self, actions: NDArray[np.float32]
    ) -> tuple[Observation, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Hold `actions` [num_envs, 3] for 0.1 s; worlds that had ended begin anew instead."""
        before = self.batch.ego[:, Ego.PROGRESS].copy()
        wish = np.clip(actions, ACTION_LOW, ACTION_HIGH)
        self.batch.step(wish.astype(np.float32), TICKS_PER_STEP)
        reward = rewards(
            self.batch.ego[:, Ego.PROGRESS] - before, self.batch.events, self.reward_settings
        )
        ended = terminated(self.batch.events, self.reward_settings)
        cut = truncated(self.batch.events) & ~ended
        if self._over.any():
            self.batch.reset(self._over)
            reward[self._over], ended[self._over], cut[self._over] = 0.0, False, False
        self._over = ended | cut
        return self._observe(), reward, ended, cut, self._info()

    def _observe(self) -> Observation:
        rows = [observe(self.batch, w, self.suite)[0] for w in range(self.num_envs)]
        return {key: np.stack([row[key] for row in rows]) for key in rows[0]}

    def _info(self) -> dict[str, Any]:
        """Progress [m] and route of every world."""
        return {
            "progress": self.batch.ego[:, Ego.PROGRESS].copy(),
            "route_index": self.batch.route_index.copy(),
        }
