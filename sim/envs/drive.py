"""`roadworthy/Drive-v1`: camera, lidar, speed, IMU, GNSS and the route in; pedals and wheel out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.envs.observation import (
    ACTION_HIGH,
    ACTION_LOW,
    Observation,
    action_space,
    observation_of,
    observation_space,
    observe,
)
from roadworthy.sim.envs.reward import RewardSettings, rewards, terminated, truncated
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.frame import Frame
from roadworthy.sim.road.route import Route, RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Ego, Event
from roadworthy.sim.world.driven import EMBEDDED
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

if TYPE_CHECKING:
    from roadworthy.sim.envs.remote import RemoteDrives

N_RANDOM_ROUTES = 64
TICKS_PER_STEP = 2  # agents act at 10 Hz on a world of 20 Hz


def town_and_routes(
    town: str | Town, routes: Sequence[Route] | None, map_dir: str | Path | None
) -> tuple[Town, RouteSet]:
    """Load what an environment drives on; random routes where none are given."""
    place = load_town(town, map_dir) if isinstance(town, str) else town
    chosen = routes if routes is not None else random_routes(place.network, N_RANDOM_ROUTES, 0)
    return place, RouteSet.of(list(chosen))


class DriveEnv(gymnasium.Env[Observation, NDArray[np.float32]]):
    """One vehicle that drives one route after another.

    Observation (Dict): `camera_<name>` uint8 [height, width, 3] RGB; `lidar` float32 [rays, 4]
    x, y, z [m] in the sensor's frame and intensity, padded with zero rows; `speed` [1] m/s;
    `imu` [7]; `gnss` float64 [3]; `route` [10, 2] next route points in the ego's frame [m].
    Action: throttle, brake in [0, 1], steer in [-1, 1], positive to the right. One step is 0.1 s.
    Reward: see RewardSettings. A drive ends (terminated) when the route is finished or left, or
    at a collision, and is cut off (truncated) when blocked or out of time.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["rgb_array"],
        "render_fps": 10,
    }

    def __init__(
        self,
        town: str | Town = "Rivertown",
        *,
        routes: Sequence[Route] | None = None,
        map_dir: str | Path | None = None,
        rig: SensorRig | None = None,
        settings: WorldSettings | None = None,
        reward: RewardSettings | None = None,
        randomisation: Randomisation | None = None,
        render_mode: str | None = None,
        world: str = EMBEDDED,
        wait_for_server: float = 0.0,
    ) -> None:
        """Load the town and build the world.

        Args:
            town: a name (see `roadworthy towns list`), a .xodr file, or a loaded Town.
            routes: what to drive; 64 random routes of the town by default.
            map_dir: where further maps lie.
            rig: sensors; one camera, a lidar, GNSS and IMU by default.
            settings: traffic and rules.
            reward: weights.
            randomisation: how far each drive's world may differ; `info["drawn"]` tells how far.
            render_mode: None or "rgb_array" (the first camera's picture).
            world: "embedded", or `carla://HOST:PORT` of a server that has the town (docs/carla.md).
                `batch` is then the shadow of a server's world: read it, do not step it.
            wait_for_server: seconds that the server may take to come, here and in the next `reset`
                after it was lost.

        Raises:
            InputError: the town, a route or a setting is wrong, or there is no such server.
        """
        if render_mode not in (None, "rgb_array"):
            raise SettingsError(f"render_mode {render_mode!r} is not known; use 'rgb_array'")
        place, chosen = town_and_routes(town, routes, map_dir)
        self.rig, self.render_mode = rig or SensorRig(), render_mode
        self.reward_settings = reward or RewardSettings()
        self._remote: RemoteDrives | None = None
        self._routes = len(chosen.routes)
        if world == EMBEDDED:
            self.batch = BatchWorld(
                place, chosen, 1, settings=settings, randomisation=randomisation, threads=1
            )
            self.suite = SensorSuite(place, self.rig, seed=0)
        else:
            from roadworthy.sim.envs.remote import RemoteDrives

            self._remote = RemoteDrives(
                world, place, chosen.routes, self.rig, settings, randomisation, wait_for_server
            )
        self.observation_space = observation_space(self.rig)
        self.action_space = action_space()
        self._frame: Frame | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin a drive.

        Args:
            seed: makes this drive and those after it the same every time; a server loads its town
                anew for it.
            options: {"route": index} picks the route; it is drawn otherwise.

        Raises:
            CarlaError: the server does not let the drive begin, or is gone.
        """
        super().reset(seed=seed)
        if self._remote is not None:
            drawn = int(self.np_random.integers(self._routes))
            number = int((options or {}).get("route", drawn))
            self._remote.begin(number, int(self.np_random.integers(2**31)), seed is not None)
            self.batch = self._remote.batch
            return self._observe(), self._info()
        route = None if not options or "route" not in options else np.array([options["route"]])
        if seed is not None:
            self.batch.seed = seed
            self.batch.episode[:] = 0
        self.batch.reset(routes=route)
        return self._observe(), self._info()

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Hold throttle, brake and steer for 0.1 s.

        Raises:
            LostServerError: the server is gone; `reset` looks for it again.
        """
        if self._remote is not None:
            self.batch = self._remote.batch
        before = float(self.batch.ego[0, Ego.PROGRESS])
        wish = np.clip(action, ACTION_LOW, ACTION_HIGH)
        if self._remote is not None:
            self._remote.step(wish.astype(np.float32), TICKS_PER_STEP)
        else:
            self.batch.step(wish[None].astype(np.float32), TICKS_PER_STEP)
        won = self.batch.ego[:, Ego.PROGRESS] - before
        events = self.batch.events
        reward = float(rewards(won, events, self.reward_settings)[0])
        ended = bool(terminated(events, self.reward_settings)[0])
        cut = bool(truncated(events)[0]) and not ended
        return self._observe(), reward, ended, cut, self._info()

    def render(self) -> NDArray[np.uint8] | None:
        """Picture of the first camera, or None without cameras."""
        if self.render_mode is None or self._frame is None or not self._frame.images:
            return None
        return next(iter(self._frame.images.values()))

    def close(self) -> None:
        """End the drive; a server gets its settings back."""
        if self._remote is not None:
            self._remote.close()

    def _observe(self) -> Observation:
        if self._remote is not None:
            self._frame = self._remote.sense()
            return observation_of(self._frame, self.rig, self.batch, 0)
        observation, self._frame = observe(self.batch, 0, self.suite)
        return observation

    def _info(self) -> dict[str, Any]:
        route = self.batch.routes.routes[int(self.batch.route_index[0])]
        return {
            "route_id": route.id,
            "route_length": route.length,
            "progress": float(self.batch.ego[0, Ego.PROGRESS]),
            "frame": int(self.batch.frame[0]),
            "drawn": self.batch.drawn(0),
            "events": {e.name.lower(): int(self.batch.events[0, e]) for e in Event},
        }
