"""The drives of an environment on a CARLA server, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.client.link import Address, Link
from roadworthy.sim.carla.client.world import CarlaWorld
from roadworthy.sim.errors import SettingsError, WorldError
from roadworthy.sim.frame import Control, Frame
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.sensors.specs import SensorRig
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.randomisation import Randomisation
from roadworthy.sim.world.settings import WorldSettings


class RemoteDrives:
    """Begins, steps and ends drives on a server."""

    def __init__(
        self,
        address: str,
        town: Town,
        routes: Sequence[Route],
        rig: SensorRig,
        settings: WorldSettings | None,
        randomisation: Randomisation | None,
        patience: float = 0.0,
    ) -> None:
        """Connect.

        Args:
            address: `carla://HOST:PORT`.
            town: that the server must have, too.
            routes: to choose from.
            rig: sensors.
            settings: traffic and rules; those of a server have no walkers.
            randomisation: must be None.
            patience: how long the server may take to come, at first and when it was lost [s].

        Raises:
            NoServerError: there is no such server.
            SettingsError: the address is none, or something is asked for that no server does.
        """
        if randomisation is not None:
            raise SettingsError(
                f"world {address!r}: randomisation is of the embedded world; on a server leave it "
                "out"
            )
        self._settings = settings or WorldSettings(walkers=0)
        if self._settings.walkers:
            raise SettingsError(
                f"world {address!r}: settings.walkers is {self._settings.walkers}, and on a server "
                "no walkers are let in; set it to 0"
            )
        self._address, self._patience = Address.of(address), patience
        self._town, self._routes, self._rig = town, tuple(routes), rig
        self._link = Link.when_there(self._address, patience)
        self._world: CarlaWorld | None = None
        self._read: Callable[[], Frame] | None = None

    @property
    def batch(self) -> BatchWorld:
        """The shadow of the server's world in this drive; see `CarlaWorld`."""
        return self._open.batch

    @property
    def _open(self) -> CarlaWorld:
        if self._world is None:
            raise WorldError("there is no drive yet, or no more; call reset() first")
        return self._world

    def begin(self, number: int, seed: int, anew: bool) -> None:
        """End the drive that is on, and begin another.

        Args:
            number: of the route.
            seed: of sensors and traffic.
            anew: load the server's town anew, so that nothing is left of earlier drives.

        Raises:
            CarlaError: the server does not let it begin.
            LostServerError: it is gone, or does not answer.
            SettingsError: there is no such route, or the rig asks for what CARLA does not do.
        """
        if not 0 <= number < len(self._routes):
            raise SettingsError(
                f"there is no route {number}; they are 0 to {len(self._routes) - 1}"
            )
        self.end()
        if not self._link.there():
            self._link.close()
            self._link = Link.when_there(self._address, self._patience)
        scenario = Scenario(self._routes[number], self._settings)
        world = CarlaWorld(self._link, scenario, self._town, seed, anew=anew)
        try:
            self._read = world.attach(self._rig, seed)
        except BaseException:
            world.close()
            raise
        self._world = world

    def step(self, wish: NDArray[np.float32], ticks: int) -> None:
        """Hold throttle, brake and steer, float32 [3].

        Raises:
            LostServerError: the server is gone, or does not answer.
        """
        throttle, brake, steer = (float(value) for value in wish)
        self._open.step(Control(throttle, brake, steer), ticks)

    def sense(self) -> Frame:
        """What the sensors measured in this tick.

        Raises:
            LostServerError: the server is gone, or does not answer.
        """
        if self._read is None:
            raise WorldError("there is no drive yet, or no more; call reset() first")
        return self._read()

    def end(self) -> None:
        """End the drive that is on: its vehicle, sensors and traffic are destroyed."""
        world, self._world, self._read = self._world, None, None
        if world is not None:
            world.close()

    def close(self) -> None:
        """End the drive and hang up."""
        self.end()
        self._link.close()
