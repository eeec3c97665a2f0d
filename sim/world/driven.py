"""DrivenWorld: what a drive needs of a world, wherever that is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.story import Telling
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Event

EMBEDDED = "embedded"  # what a `world` argument says for ours; else it is a server's address


class DrivenWorld(ABC):
    """A world with one drive in it: `World`, or `sim.carla.client.world.CarlaWorld`.

    Attributes:
        batch: a BatchWorld of one that oracles and tallies read; a mere shadow where the world is
            a server's.
        telling: the story on its way; None where there is none.
    """

    batch: BatchWorld
    town: Town
    route: Route
    telling: Telling | None = None

    @property
    def network(self) -> RoadNetwork:
        """The town's roads."""
        return self.town.network

    @property
    def time(self) -> float:
        """Seconds since the drive began."""
        return float(self.batch.time[0])

    @property
    def frame(self) -> int:
        """Ticks since the drive began."""
        return int(self.batch.frame[0])

    @property
    def done(self) -> bool:
        """Whether the drive has ended (see BatchWorld.events for how)."""
        return bool(self.batch.done[0])

    @property
    def actors(self) -> NDArray[np.float32]:
        """All actors, float32 [actor, Actor]; row 0 is the ego."""
        return self.batch.actors[0]

    @property
    def ego(self) -> NDArray[np.float32]:
        """What only the ego has, float32 [Ego]."""
        return self.batch.ego[0]

    @property
    def speed(self) -> float:
        """Ego's forward speed [m/s]."""
        return float(self.batch.actors[0, 0, Actor.SPEED])

    @property
    def events(self) -> dict[Event, int]:
        """What happened since the last step, by kind; zeros left out."""
        return {e: int(n) for e in Event if (n := self.batch.events[0, e])}

    @abstractmethod
    def attach(self, rig: SensorRig, seed: int) -> Callable[[], Frame]:
        """Mount sensors; what is returned reads them all, at the tick that is now.

        Raises:
            SettingsError: two sensors share a name, or the rig asks for what cannot be.
        """

    @abstractmethod
    def step(self, control: Control, ticks: int = 2) -> None:
        """Hold `control` for `ticks` physics ticks.

        Raises:
            SettingsError: a command is not finite or out of range.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what the drive holds."""
