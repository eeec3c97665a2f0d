"""World: one world with an object's face. It is a BatchWorld of one, seen through a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.physics.profile import VehicleProfile
from roadworthy.sim.road.route import Route, RouteSet
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.scenario import Scenario, weather_at
from roadworthy.sim.scenario.story import Story, Telling
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.sensors.suite import SensorSuite
from roadworthy.sim.town import Town
from roadworthy.sim.weather import Weather
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import MAX_HITS, Ego, Hit, Tuning
from roadworthy.sim.world.driven import DrivenWorld
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.snapshot import WorldSnapshot


class World(DrivenWorld):
    """One drive of one vehicle.

    Attributes:
        batch: the BatchWorld of one that does the work; oracles read it.
    """

    def __init__(
        self,
        town: Town,
        route: Route,
        *,
        seed: int = 0,
        index: int = 0,
        settings: WorldSettings | None = None,
        profile: VehicleProfile | None = None,
        randomisation: Randomisation | None = None,
        events: Sequence[ScenarioEvent] | None = None,
        weathers: Sequence[tuple[float, Weather]] = (),
        story: Story | None = None,
    ) -> None:
        """Begin a drive of `route`; world `index` of `seed` (see BatchWorld for errors).

        `weathers` and `story` are those of a Scenario; `settings` must have a story's guests.
        """
        self.batch = BatchWorld(
            town,
            RouteSet.of([route]),
            1,
            seed=seed,
            settings=settings,
            first_index=index,
            profile=profile,
            randomisation=randomisation,
            threads=1,
            events=None if events is None else [events],
        )
        self.town, self.route = town, route
        self.planned = tuple(events or ())  # events that were set, by their place
        self._weathers = tuple(weathers)
        self._story = story
        self.telling = None if story is None else story.begin(self)

    @classmethod
    def of(cls, scenario: Scenario, town: Town, seed: int = 0) -> World:
        """Begin a drive of a scenario.

        Raises:
            EventError: an event has no place on the route.
            RouteError: the route is of another town.
            SettingsError: the scenario's settings make no world.
        """
        return cls(
            town,
            scenario.route,
            seed=seed,
            settings=scenario.world_settings(),
            events=scenario.happening(town.network, seed),
            weathers=scenario.weathers,
            story=scenario.story,
        )

    def reset(self) -> None:
        """Begin the drive anew, with the next random stream of this world."""
        self.batch.reset()
        if self._story is not None:
            self.telling = self._story.begin(self)

    def snapshot(self) -> WorldSnapshot:
        """Copy the whole state of the drive, exact to the byte."""
        return self.batch.snapshot()

    def restore(self, snapshot: WorldSnapshot) -> None:
        """Go on from a snapshot of a World or BatchWorld of the same town, route and settings.

        Raises:
            WorldError: it is of another one.
        """
        self.batch.restore(snapshot, 0)

    def step(self, control: Control, ticks: int = 2) -> None:
        """Hold `control` for `ticks` physics ticks.

        Raises:
            SettingsError: a command is not finite or out of range.
        """
        control.validate()
        brake = 1.0 if control.hand_brake else control.brake
        row = [control.throttle, brake, control.steer, float(control.reverse)]
        wishes = np.array([row], np.float32)
        # Who goes tick by tick gets the weather of who goes by two, as drives do.
        if self._weathers and (ticks > 1 or self.frame % 2 == 0):
            share = float(self.ego[Ego.PROGRESS]) / max(self.route.length, 1e-3)
            self.batch.set_weather(0, weather_at(self._weathers, min(max(share, 0.0), 1.0)))
        if self.telling is None:
            self.batch.step(wishes, ticks)
        else:
            self._step_story(self.telling, wishes, ticks)

    def _step_story(self, telling: Telling, wishes: NDArray[np.float32], ticks: int) -> None:
        """Go tick by tick, and let what happened in each count for the whole step."""
        events = np.zeros_like(self.batch.events)
        hits: list[NDArray[np.float32]] = []
        for _ in range(ticks):
            telling.tick()
            self.batch.step(wishes, 1)
            telling.ticked()
            events += self.batch.events
            hits += list(self.batch.hits[0, : self.batch.state.hit_count[0]].copy())
        self.batch.events[:] = events
        kept = hits[:MAX_HITS]
        self.batch.state.hit_count[0] = len(kept)
        self.batch.hits[0, : len(kept)] = np.array(kept).reshape(len(kept), len(Hit))

    def attach(self, rig: SensorRig, seed: int) -> Callable[[], Frame]:
        """Mount sensors; what is returned reads them all, at the tick that is now.

        Raises:
            SettingsError: two sensors share a name, or a size or angle makes no sense.
        """
        return partial(self.sense, SensorSuite(self.town, rig, seed))

    def close(self) -> None:
        """Nothing is held beyond memory."""

    def sense(self, suite: SensorSuite) -> Frame:
        """What the sensors of the ego see now."""
        return suite.sense(
            self.batch.actors[0],
            self.batch.ego[0],
            self.batch.lights[0],
            self.frame,
            self.time,
            self.batch.key[0],
            self.batch.weather[0],
            self.batch.hits[0, : self.batch.state.hit_count[0]],
            self.batch.events[0],
            float(self.batch.state.tuning[0, Tuning.NOISE]),
        )
