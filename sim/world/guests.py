"""Guests: actors of one world that somebody outside places and moves.

Entities of an OpenSCENARIO file and actors of CARLA clients are guests. They fill the slots that
`WorldSettings.guests` provides, behind the actors of scenario events and before the walkers; their
`Actor.MOVER` is CLIENT, so neither traffic nor a touch moves them. Traffic, sensors and the ego
meet them like anybody else. A new drive begins without any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import WorldError
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Kind, Mover


@dataclass(frozen=True, slots=True)
class Body:
    """What a guest looks like."""

    kind: Kind
    length: float  # [m]
    width: float  # [m]
    height: float  # [m]
    mass: float  # [kg]
    color: int = 0  # of the palette of 16; for Kind.PROP its PropModel

    def validate(self) -> Body:
        """Return self.

        Raises:
            WorldError: it cannot be a body.
        """
        sizes = (self.length, self.width, self.height, self.mass)
        if not all(math.isfinite(size) and size > 0.0 for size in sizes):
            raise WorldError(
                f"a guest's length, width, height and mass are {sizes}; all must be above 0"
            )
        if self.kind not in tuple(Kind) or not 0 <= self.color < 16:
            raise WorldError(f"a guest has kind {self.kind!r} and colour {self.color}")
        return self


class Guests:
    """The guests of one world of a batch."""

    def __init__(self, batch: BatchWorld, world: int = 0) -> None:
        self._batch, self._world = batch, world
        self._first = batch.first_guest
        self.slots = range(self._first, self._first + batch.settings.guests)

    def row(self, actor: int) -> NDArray[np.float32]:
        """The guest's row, float32 [Actor]; what is written into it counts from the next tick on.

        Raises:
            WorldError: `actor` is no guest's slot.
        """
        if actor not in self.slots:
            raise WorldError(
                f"actor {actor} is no guest; guests are {self.slots.start}..{self.slots.stop - 1}"
                if len(self.slots)
                else f"actor {actor} is no guest: WorldSettings.guests is 0"
            )
        return self._batch.actors[self._world, actor]

    def enter(
        self, body: Body, x: float, y: float, z: float, yaw: float, speed: float = 0.0
    ) -> int:
        """Let a guest appear.

        Args:
            body: what it looks like.
            x: [m] of its centre.
            y: [m]
            z: [m] of the ground below it.
            yaw: [rad]
            speed: [m/s] forward.

        Returns:
            Its actor index, which stays its own until it leaves.

        Raises:
            WorldError: no slot is free, or a number is not finite.
        """
        body.validate()
        alive = self._batch.actors[self._world, :, Actor.ALIVE]
        actor = next((a for a in self.slots if alive[a] == 0.0), None)
        if actor is None:
            raise WorldError(
                f"all {len(self.slots)} slots for guests are taken; raise WorldSettings.guests"
            )
        me = self._batch.actors[self._world, actor]
        me[:] = 0.0
        me[Actor.LENGTH], me[Actor.WIDTH], me[Actor.HEIGHT] = body.length, body.width, body.height
        me[Actor.MASS], me[Actor.KIND], me[Actor.COLOR] = body.mass, body.kind, body.color
        me[Actor.NEXT_LANE] = me[Actor.OTHER_LANE] = me[Actor.GOAL] = me[Actor.LANE] = -1.0
        me[Actor.MOVER], me[Actor.TEMPER], me[Actor.ALIVE] = Mover.CLIENT, 0.5, 1.0
        self.move(actor, x, y, z, yaw, speed)
        return actor

    def move(self, actor: int, x: float, y: float, z: float, yaw: float, speed: float) -> None:
        """Put a guest somewhere, with a forward speed that others can foresee it by.

        Raises:
            WorldError: it is no guest, or a number is not finite.
        """
        me = self.row(actor)
        if not all(math.isfinite(value) for value in (x, y, z, yaw, speed)):
            raise WorldError(f"guest {actor} cannot be put at {(x, y, z, yaw)} with {speed} m/s")
        me[Actor.X], me[Actor.Y], me[Actor.Z], me[Actor.YAW] = x, y, z, yaw
        me[Actor.SPEED] = speed
        if me[Actor.KIND] != Kind.WALKER:  # walkers are seen where they are, not by lanes
            self._batch.find_lane(self._world, actor)

    def leave(self, actor: int) -> None:
        """Take a guest away.

        Raises:
            WorldError: it is no guest.
        """
        self.row(actor)[Actor.ALIVE] = 0.0
