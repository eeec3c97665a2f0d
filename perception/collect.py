"""Collect a data set: drive around in the embedded world and write down what is seen.

Each shard is a pure function of (town, seed, shard number), and a short one is the beginning of the
whole one. So a collection that was cut off goes on where it stopped, one that is asked to be larger
makes its last shard whole, and two machines can share the work.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from roadworthy.perception.dataset import Samples, count_frames, write_shard
from roadworthy.perception.follower import Follower
from roadworthy.perception.grid import Rasteriser
from roadworthy.perception.guide import Guide
from roadworthy.perception.labels import MAX_LABELS, count_hits
from roadworthy.perception.oracle import Oracle
from roadworthy.perception.oracle_kernel import fill_users
from roadworthy.perception.scene import USER_RANGE, LightCol, LightState, Scene, User
from roadworthy.perception.user_box import UserBox
from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.standard import standard_events
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Ego
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings

SHARD: Final = 96  # frames
_WORLDS: Final = 8  # that a shard's frames come from
_STEP: Final = 0.1  # [s]
_BETWEEN: Final = 5  # steps between two frames of one world
_STANDING: Final = 0.3  # [m/s]
_KEEP_STANDING: Final = 0.15  # share of frames kept in which the ego stands still
_KEEP_LIGHTLESS: Final = 0.5  # share of frames kept that no light governs
_STUCK: Final = 25.0  # [s] of standing after which a world begins anew
_ROUTES: Final = 24


class _Shard:
    """Drives a few worlds and takes samples from them."""

    def __init__(
        self,
        town: Town,
        routes: RouteSet,
        events: Sequence[Sequence[ScenarioEvent]],
        rig: SensorRig,
        seed: int,
        number: int,
    ) -> None:
        self._rng = np.random.default_rng([seed, number])
        settings = WorldSettings(
            vehicles=int(self._rng.integers(12, 50)),
            walkers=int(self._rng.integers(4, 28)),
            # Yellow is rare on the road and matters most: here it lasts as long as green.
            green_time=6.0,
            yellow_time=6.0,
            all_red_time=1.0,
        )
        self._batch = BatchWorld(
            town,
            routes,
            _WORLDS,
            seed=seed,
            settings=settings,
            # Parked cars, cones, and people who step out are rare without events.
            events=events,
            randomisation=Randomisation(weathers=tuple(PRESETS)),
            first_index=number * _WORLDS,
        )
        self._oracle = Oracle(self._batch, signs=False)
        self._driver = Follower(_WORLDS, self._rng)
        self._suite = SensorSuite(town, rig, seed)
        assert rig.lidar is not None
        self._lidar, self._camera = rig.lidar, rig.cameras[0]
        self._rasteriser = Rasteriser(rig.lidar)
        self._users = np.zeros((MAX_LABELS, len(User)), np.float32)
        self._valid = np.zeros(MAX_LABELS, np.bool_)
        self._nearest = np.zeros(MAX_LABELS, np.int32)
        self._near = np.zeros(self._batch.actors.shape[1], np.int64)

    def run(self, frames: int) -> Samples:
        """Return `frames` samples."""
        out = Samples.empty(frames, self._camera.height, self._camera.width)
        # A different waiting time for each shard shows lights in all of their phases.
        self._drive(int(self._rng.integers(20, 150)))
        taken = 0
        while taken < frames:
            self._drive(_BETWEEN)
            scene = self._oracle.scene()
            for w in range(_WORLDS):
                if taken < frames and self._worth(w, scene.of_world(w)):
                    self._sample(w, scene.of_world(w), out, taken)
                    taken += 1
        return out

    def _drive(self, steps: int) -> None:
        batch = self._batch
        for _ in range(steps):
            accel, curvature = self._driver.act(self._oracle.scene(), batch.time)
            batch.step_plan(accel, curvature)
            over = batch.done | (batch.ego[:, Ego.BLOCKED_TIME] > _STUCK)
            if over.any():
                batch.reset(over)

    def _worth(self, w: int, scene: Scene) -> bool:
        """Whether a world shows something new.

        Waiting at a light shows the same for long, and most stretches have no light ahead.
        """
        keep = 1.0
        if self._batch.actors[w, 0, Actor.SPEED] <= _STANDING:
            keep = _KEEP_STANDING
        elif scene.light[LightCol.STATE] == LightState.NONE:
            keep = _KEEP_LIGHTLESS
        return bool(self._rng.random() < keep)

    def _sample(self, w: int, scene: Scene, out: Samples, at: int) -> None:
        batch, lidar = self._batch, self._lidar
        actors = batch.actors[w]
        frame = self._suite.sense(
            actors,
            batch.ego[w],
            batch.lights[w],
            int(batch.frame[w]),
            float(batch.time[w]),
            batch.key[w],
            batch.weather[w],
        )
        out.image[at] = frame.images[self._camera.name]
        out.raster[at] = self._rasteriser.raster(frame.lidar)
        out.route[at], out.light[at] = scene.route, scene.light
        out.speed[at] = actors[0, Actor.SPEED]
        guide = Guide(
            batch.network,
            batch.routes.routes[int(batch.route_index[w])],
            ego_length=float(actors[0, Actor.LENGTH]),
        )
        guide.index = int(batch.ego[w, Ego.ROUTE_INDEX])
        guide.update(*(float(actors[0, c]) for c in (Actor.X, Actor.Y, Actor.YAW)))
        out.hint[at] = guide.hint
        fill_users(actors, self._users, self._valid, USER_RANGE, self._nearest, self._near)
        columns = [User.X, User.Y, User.COS, User.SIN, User.LENGTH, User.WIDTH, User.CLASS]
        out.labels[at, :, : UserBox.HITS] = self._users[:, columns]
        count_hits(frame.lidar, lidar.x, lidar.y, lidar.z, out.labels[at], int(self._valid.sum()))


def collect(
    town: Town,
    frames: int,
    out: Path,
    *,
    seed: int = 0,
    rig: SensorRig | None = None,
    quiet: bool = False,
) -> int:
    """Collect frames of one town into shards `out/TOWN-SEED-NUMBER.npz`.

    Each drive draws one of CARLA's weathers, and has the standard events of its route.

    Args:
        town: where.
        frames: how many.
        out: the folder; shards that are there already are kept and counted, save one that is
            shorter than asked for, which is collected anew to its full length.
        seed: of traffic, weather, routes, events and driving.
        rig: the sensors; the default rig if None.
        quiet: show no progress bar.

    Returns:
        The number of frames that were newly collected.

    Raises:
        InputError: a shard that is there is damaged.
        SettingsError: `frames` is not positive, or the rig lacks a camera or a lidar.
        StorageError: a shard cannot be written.
    """
    if frames < 1:
        raise SettingsError(f"{frames} frames asked for; ask for at least 1")
    rig = rig or SensorRig()
    if not rig.cameras or rig.lidar is None:
        raise SettingsError("collecting needs a rig with a camera and a lidar")
    routes = RouteSet.of(
        random_routes(town.network, _ROUTES, seed, min_length=200.0, max_length=900.0)
    )
    events = [standard_events(town.network, route, seed) for route in routes.routes]
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    new = 0
    with Progress(*columns, disable=quiet) as progress:
        task = progress.add_task(f"collecting in {town.name}", total=frames)
        for number, first in enumerate(range(0, frames, SHARD)):
            size = min(SHARD, frames - first)
            path = out / f"{town.name}-{seed}-{number:04d}.npz"
            there = count_frames(path) if path.exists() else 0
            if there < size:
                write_shard(path, _Shard(town, routes, events, rig, seed, number).run(size))
                new += size - there
            progress.advance(task, size)
    return new


def describe(samples: Samples) -> dict[str, float]:
    """Sum up what a data set holds, for its card.

    Returns:
        Shares and counts by name.
    """
    seen = samples.labels[samples.labels[:, :, UserBox.HITS] > 0]
    states = samples.light[:, LightCol.STATE]
    summary = {"frames": float(len(samples)), "standing": float((samples.speed < 0.3).mean())}
    for state in LightState:
        summary[f"light_{state.name.lower()}"] = float((states == state).mean())
    for kind, name in enumerate(("vehicles", "walkers", "cyclists")):
        count = (seen[:, UserBox.CLASS] == kind).sum()
        summary[f"{name}_per_frame"] = float(count / max(len(samples), 1))
    return summary
