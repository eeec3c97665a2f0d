"""BatchWorld: many worlds of one town, stepped together. The engine of everything."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.bound_kernel import bound
from roadworthy.sim.errors import RouteError, WorldError
from roadworthy.sim.physics.profile import VehicleProfile, carla_mkz
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.scenario.compile import compile_events
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.script import Script
from roadworthy.sim.town import Town
from roadworthy.sim.traffic.lights import BY_CLOCK, show_lights
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.allocate import allocate
from roadworthy.sim.world.build import build_paths
from roadworthy.sim.world.columns import Light
from roadworthy.sim.world.compiled import roads_of, statics_of
from roadworthy.sim.world.drives import ANY, name_drives
from roadworthy.sim.world.loose import find_lane
from roadworthy.sim.world.randomisation import Drawn, Randomisation, weather_of
from roadworthy.sim.world.rules import rules_of
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.snapshot import WorldSnapshot, keep, put_back, world_digest
from roadworthy.sim.world.step import (
    are_finite,
    judge_outside,
    place_ego,
    reset_worlds,
    step_worlds,
)

FEW = 16  # worlds; up to here one thread is faster than many


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class BatchWorld:
    """`worlds` worlds of one town, each with an ego on a route, traffic, walkers and lights.

    World i draws its random numbers from (seed, first_index + i, number of the episode) alone:
    the same world goes the same way whatever runs beside it.

    Attributes:
        actors: float32 [world, actor, Actor]; actor 0 is the ego.
        ego: float32 [world, Ego].
        events: int32 [world, Event], counts since the last `step`.
        lights: uint8 [world, signal] of Light.
        route_index: int32 [world], index into `routes.routes`.
        done: bool [world], the drive has ended (finished, deviated, blocked or timed out).
        weather: float32 [world, WeatherColumn]; `set_weather` changes it.
        hits: float32 [world, MAX_HITS, Hit], touches since the last `step`, newest last; the
            first `state.hit_count[w]` rows of world w count.
        time: float64 [world] seconds; frame: int64 [world] ticks; key: uint64 [world].
    """

    def __init__(
        self,
        town: Town,
        routes: RouteSet,
        worlds: int,
        *,
        seed: int = 0,
        settings: WorldSettings | None = None,
        first_index: int = 0,
        profile: VehicleProfile | None = None,
        randomisation: Randomisation | None = None,
        threads: int | None = None,
        events: Sequence[Sequence[ScenarioEvent]] | None = None,
    ) -> None:
        """Build the worlds and begin a drive in each.

        Args:
            town: where.
            routes: what the egos drive; each drive draws one unless `reset` is told otherwise.
            worlds: how many.
            seed: of all random numbers.
            settings: traffic, rules and limits.
            first_index: number of the first world; world i of this batch is world
                `first_index + i` of the seed.
            profile: the ego's vehicle.
            randomisation: how far each drive's world may differ; not at all by default.
            threads: that share the work, one for each processor by default; never changes
                results.
            events: what happens on each route, one list per route of `routes`.

        Raises:
            EventError: an event cannot stand where it should.
            RouteError: the routes are of another town.
            SettingsError: the settings make no world.
            WorldError: `worlds` is not positive, or the seed is not in 0..2^63 - 1.
        """
        if worlds < 1:
            raise WorldError(f"a BatchWorld needs at least 1 world, not {worlds}")
        if not 0 <= seed < 1 << 63:
            raise WorldError(f"the seed is {seed}; it must be in 0..2^63 - 1")
        if routes.routes[0].town != town.name:
            raise RouteError(
                f"the routes are of {routes.routes[0].town}, but the town is {town.name}"
            )
        self.town, self.routes, self.seed = town, routes, seed
        self.settings = (settings or WorldSettings()).validate()
        self.profile = profile or carla_mkz()
        self.randomisation = None if randomisation is None else randomisation.validate()
        self.worlds, self.first_index = worlds, first_index
        self.threads = max(threads or processors(), 1)
        # Threads of our own: the kernels leave the GIL, and Numba's parallel loops cannot take
        # the nested tuples of arrays that keep them readable.
        self._pool: ThreadPoolExecutor | None = None
        self._roads = roads_of(town.network)
        self._statics = statics_of(town.scenery)
        self._paths = build_paths(town.network, routes, self.settings)
        self._script, staged, most = compile_events(town.network, routes, events)
        staged += self.settings.guests
        self._rules = rules_of(self.settings, staged, self.profile)
        self.state = allocate(
            worlds,
            self._rules.everybody,
            town.network,
            staged,
            most,
            len(self._roads.crossing_points),
        )
        self.state.weather[:] = self.settings.weather.row()
        self.episode = np.zeros(worlds, np.int64)
        p = self.profile
        self._size = np.array([p.length, p.width, p.height, p.mass], np.float32)
        self._wishes = np.zeros((worlds, 4), np.float32)
        self.actors, self.ego, self.events = self.state.actors, self.state.ego, self.state.events
        self.lights, self.route_index = self.state.lights, self.state.route_index
        self.time, self.frame = self.state.time, self.state.frame
        self.key, self.done = self.state.key, self.state.done
        self.weather, self.hits = self.state.weather, self.state.hits
        self.reset()

    @property
    def network(self) -> RoadNetwork:
        """The town's roads."""
        return self.town.network

    @property
    def script(self) -> Script:
        """What the events of all routes do, as compiled."""
        return self._script

    def reseed(self, seed: int) -> None:
        """Begin first drives anew under another seed, as if the BatchWorld were made with it."""
        self.seed = seed
        self.episode[:] = 0
        self.reset()

    def reset(
        self, mask: NDArray[np.bool_] | None = None, routes: NDArray[np.integer] | None = None
    ) -> None:
        """Begin new drives.

        Args:
            mask: bool [worlds], which worlds; all by default.
            routes: int [worlds], index of each world's route; drawn from the world's random
                stream by default. Read only where `mask` is set.

        Raises:
            WorldError: `mask` or `routes` is not of one entry for each world, or there is no such
                route.
        """
        if mask is None:
            mask = np.ones(self.worlds, np.bool_)
        mask = np.ascontiguousarray(mask, np.bool_)
        wanted = ANY if routes is None else np.ascontiguousarray(routes, np.int64)
        for name, given in (("mask", mask), ("routes", wanted)):
            if given is not ANY and given.shape != (self.worlds,):
                raise WorldError(
                    f"{name} has the shape {given.shape}; it needs one entry for each of the "
                    f"{self.worlds} worlds"
                )
        count, seed = len(self.routes.routes), np.uint64(self.seed)
        names = self.episode, self.key, self.route_index
        wrong = name_drives(mask, wanted, count, seed, self.first_index, *names)
        if wrong >= 0:
            raise WorldError(f"route {wanted[wrong]} asked for, but there are {count}")
        if self.randomisation is not None:
            for w in np.flatnonzero(mask):
                self._tune(int(w), self.randomisation.draw(int(self.key[w])))
        self._reset_worlds(mask, *self._to_reset())

    def _tune(self, world: int, drawn: Drawn) -> None:
        """Let a world differ as was drawn."""
        self.state.tuning[world] = drawn.row()
        weather = weather_of(drawn)
        if weather is not None:
            self.weather[world] = weather.row()

    def drawn(self, world: int) -> dict[str, float | str | None]:
        """What randomisation drew for the drive in `world`, to be logged beside its results."""
        return Drawn.of_rows(self.state.tuning[world], self.weather[world]).log()

    @property
    def first_guest(self) -> int:
        """Index of the first guest's actor; `settings.guests` slots follow."""
        return self._rules.first_walker - self.settings.guests

    def find_lane(self, world: int, actor: int) -> None:
        """Note which lane an actor that was moved from outside is on, so that traffic sees it."""
        find_lane(self.state.actors[world, actor], self._roads)

    def place_ego(
        self, world: int, pose: tuple[float, float, float, float], speed: float = 0.0
    ) -> None:
        """Put the ego elsewhere, moving straight on.

        Args:
            world: which world.
            pose: x, y, z [m] of the ground below its centre and yaw [rad].
            speed: [m/s] forward.

        Raises:
            WorldError: there is no such world, or a number is not finite.
        """
        self._check_world(world)
        if not np.isfinite([*pose, speed]).all():
            raise WorldError(f"the ego cannot stand at {pose} with {speed} m/s: not finite")
        place_ego(world, np.array([*pose, speed], np.float32), self._paths, self.state)

    def judge_outside(self, world: int, first: bool = True) -> None:
        """Judge a tick in which somebody outside moved a world's actors; see `sim.carla.client`."""
        judge_outside(world, first, self._roads, self._paths, self.state, self._rules)

    def set_weather(self, world: int, weather: Weather) -> None:
        """Let a world have another weather from now on, until its next drive draws one.

        Raises:
            SettingsError: a value of the weather is not finite or out of CARLA's range.
            WorldError: there is no such world.
        """
        self._check_world(world)
        self.state.weather[world] = weather.validate().row()

    def set_light(self, world: int, signal: int, light: Light | None) -> None:
        """Set one light by hand.

        Args:
            world: which world.
            signal: index into the network's signals.
            light: what it shows from now on; None gives it back to its clock.

        Raises:
            WorldError: there is no such world, signal or state, or it is no traffic light.
        """
        self._check_world(world)
        if light is not None and light not in tuple(Light):
            raise WorldError(f"{light!r} is no state of a light; take one of {[*Light]} or None")
        if not 0 <= signal < len(self.network.signals) or self.network.signal_group[signal] < 0:
            raise WorldError(
                f"signal {signal} is no traffic light of {self.town.name}; those with a "
                "signal_group of 0 or more are"
            )
        self.state.light_hand[world, signal] = BY_CLOCK if light is None else int(light)
        show_lights(world, self._roads, self.state)

    def freeze_lights(self, world: int, frozen: bool = True) -> None:
        """Let the clocks of a world's lights stand still, or run again.

        Raises:
            WorldError: there is no such world.
        """
        self._check_world(world)
        self.state.frozen[world] = frozen

    def _check_world(self, world: int) -> None:
        if not 0 <= world < self.worlds:
            raise WorldError(f"world {world} asked for, but there are {self.worlds}")

    def step(self, controls: NDArray[np.float32], ticks: int = 2) -> None:
        """Advance all worlds under pedals and wheel.

        Args:
            controls: float32 [worlds, 3 or 4]: throttle, brake, steer and, where given, reverse.
            ticks: how many physics ticks the controls hold.
        """
        self._wishes[:, 3] = 0.0
        self._wishes[:, : controls.shape[1]] = controls
        self._advance(False, ticks)

    def step_plan(
        self, accel: NDArray[np.float32], curvature: NDArray[np.float32], ticks: int = 2
    ) -> None:
        """Advance all worlds under wishes that the vehicle's own inverse turns into pedals.

        Args:
            accel: float32 [worlds] wanted acceleration [m/s^2].
            curvature: float32 [worlds] wanted curvature [1/m], positive to the right.
            ticks: how many physics ticks the wish holds.
        """
        self._wishes[:, 0] = accel
        self._wishes[:, 1] = curvature
        self._advance(True, ticks)

    def _kept(self) -> dict[str, NDArray[Any]]:
        """All arrays that belong to a drive, [W, ...] by name."""
        more: dict[str, NDArray[Any]] = {"episode": self.episode, "wishes": self._wishes}
        return self.state._asdict() | more

    @cached_property
    def _digest(self) -> str:
        return world_digest(self.town, self.routes, self.settings, self.profile, self._script)

    def _numbers(self, world: int | Sequence[int] | None) -> list[int]:
        """The worlds meant by an argument `world`; all by None."""
        if world is None:
            return list(range(self.worlds))
        chosen = [int(world)] if isinstance(world, int | np.integer) else [int(w) for w in world]
        for w in chosen:
            if not 0 <= w < self.worlds:
                raise WorldError(f"world {w} asked for, but there are {self.worlds}")
        return chosen

    def snapshot(self, world: int | Sequence[int] | None = None) -> WorldSnapshot:
        """Copy the state of a world, of several, or of all (None), exact to the byte.

        Raises:
            WorldError: there is no such world.
        """
        return keep(self.town.name, self._digest, self._kept(), self._numbers(world))

    def restore(self, snapshot: WorldSnapshot, world: int | Sequence[int] | None = None) -> None:
        """Put a snapshot into a world, into several, or into all (None).

        A snapshot of one world fits any number of them; one of several needs as many. Each goes
        on as the world that was kept would have.

        Raises:
            WorldError: it is of another town, other settings, routes or vehicle, or does not
                hold as many worlds; nothing is changed then.
        """
        put_back(snapshot, self._digest, self._kept(), self._numbers(world))

    def _advance(self, as_plan: bool, ticks: int) -> None:
        if not are_finite(self._wishes):
            raise WorldError("the controls hold a value that is not finite")
        if self.worlds <= FEW or self.threads == 1:
            self._run(0, self.worlds, as_plan, ticks)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, "batch-world")
        cuts = [int(cut) for cut in np.linspace(0, self.worlds, self.threads + 1)]
        jobs = [
            self._pool.submit(self._run, first, last, as_plan, ticks)
            for first, last in pairwise(cuts)
        ]
        for job in jobs:
            job.result()

    def _to_step(self) -> tuple[Any, ...]:
        """The bundles that `step_worlds` takes."""
        return self._roads, self._statics, self._paths, self.state, self._rules, self._script

    def _to_reset(self) -> tuple[Any, ...]:
        """The bundles that `reset_worlds` takes."""
        return self._roads, self._paths, self.state, self._rules, self._size, self._script

    @cached_property
    def _step_worlds(self) -> Callable[..., None]:
        return bound(step_worlds, 0, self.worlds, self._wishes, True, 2, *self._to_step())

    @cached_property
    def _reset_worlds(self) -> Callable[..., None]:
        return bound(reset_worlds, np.ones(self.worlds, np.bool_), *self._to_reset())

    def _run(self, first: int, last: int, as_plan: bool, ticks: int) -> None:
        self._step_worlds(first, last, self._wishes, as_plan, ticks, *self._to_step())
