"""DrivenWorld: what a drive needs of a world, wherever that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.story import Telling
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Event


class DrivenWorld(Protocol):
    """A world with one drive in it: `World`, or `sim.carla.client.world.CarlaWorld`."""

    batch: BatchWorld  # of one; a mere shadow where the world is a server's
    town: Town
    route: Route
    telling: Telling | None

    @property
    def network(self) -> RoadNetwork:
        """The town's roads."""
        ...

    @property
    def time(self) -> float:
        """Seconds since the drive began."""
        ...

    @property
    def frame(self) -> int:
        """Ticks since the drive began."""
        ...

    @property
    def actors(self) -> NDArray[np.float32]:
        """All actors, float32 [actor, Actor]; row 0 is the ego."""
        ...

    @property
    def ego(self) -> NDArray[np.float32]:
        """What only the ego has, float32 [Ego]."""
        ...

    @property
    def speed(self) -> float:
        """Ego's forward speed [m/s]."""
        ...

    @property
    def events(self) -> dict[Event, int]:
        """What happened since the last step, by kind; zeros left out."""
        ...

    def attach(self, rig: SensorRig, seed: int) -> Callable[[], Frame]:
        """Mount sensors; what is returned reads them all, at the tick that is now."""
        ...

    def step(self, control: Control, ticks: int = 2) -> None:
        """Hold `control` for `ticks` physics ticks."""
        ...

    def close(self) -> None:
        """Give back what the drive holds."""
        ...
