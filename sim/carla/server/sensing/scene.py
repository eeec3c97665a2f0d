"""The scene of one frame, as each carrier of sensors sees it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.sensors.air import Air, air_of
from roadworthy.sim.sensors.scene import ActorSoup
from roadworthy.sim.world.columns import Actor

if TYPE_CHECKING:
    from roadworthy.sim.carla.server.episode import Episode
    from roadworthy.sim.carla.server.ledger import Entry
    from roadworthy.sim.carla.server.values import Pose

FloatArray = NDArray[np.float32]

NOBODY = -1  # carrier of a sensor that hangs in the air or on something without a body


class Scene:
    """What sensors read; made anew for each frame by `at`.

    Attributes:
        frame: of the server.
        number: ticks since the episode began.
        dt: [s] of the last tick.
    """

    def __init__(self) -> None:
        self._soups: dict[tuple[int, bool], ActorSoup] = {}
        self._filled: set[tuple[int, bool]] = set()
        self._views: dict[int, FloatArray] = {}
        self._spare: list[ActorSoup] = []
        self._air: tuple[bytes, Air] | None = None
        self.episode: Episode
        self.frame = self.number = 0
        self.dt = 0.05

    def at(self, episode: Episode, frame: int, number: int, dt: float) -> None:
        """Begin a frame."""
        self.episode, self.frame, self.number, self.dt = episode, frame, number, dt
        self._spare += self._soups.values()
        self._soups.clear()
        self._views.clear()

    @property
    def air(self) -> Air:
        """Light of the weather."""
        row = self.episode.weather_row
        code = row.tobytes()
        if self._air is None or self._air[0] != code:
            self._air = (code, air_of(row))
        return self._air[1]

    def key(self, entry: Entry) -> np.uint64:
        """Of a sensor's noise at this frame."""
        return self.episode.noise_key(entry)

    def view(self, carrier: int) -> FloatArray:
        """All actors with `carrier` in row 0; who is in row 0 otherwise has its row.

        Nobody's view has an empty row 0, and one row more where somebody is in it otherwise.
        """
        view = self._views.get(carrier)
        if view is None:
            actors = self.episode.bodies.actors
            if carrier == NOBODY and actors[0, Actor.ALIVE]:
                view = np.vstack([actors, np.zeros_like(actors[:1])])
            else:
                view = actors.copy()
            view[self._swapped(carrier, len(view))] = view[self._swapped(carrier, len(view))[::-1]]
            self._views[carrier] = view
        return view

    def _swapped(self, carrier: int, count: int) -> list[int]:
        """The two rows of which a view of `count` rows has each in the other's place."""
        if carrier == NOBODY:
            carrier = count - 1 if count > len(self.episode.bodies.actors) else 0
        return [0, carrier]

    def soup(self, carrier: int, drawn: bool, x: float, y: float) -> ActorSoup:
        """Triangles of the actors around (x, y); those of the carrier where it is `drawn`."""
        key = (carrier, drawn)
        if carrier == NOBODY or key not in self._soups:
            view = self.view(carrier)
            soup = self._spare.pop() if self._spare else ActorSoup(len(view))
            if len(soup.sphere) != len(view):
                soup = ActorSoup(len(view))
            soup.fill(view, 0 if drawn else 1, x, y, self.air, self.episode.clock)
            if carrier == NOBODY:
                self._spare.append(soup)
                return soup
            self._soups[key] = soup
        return self._soups[key]

    def numbers(self, carrier: int) -> NDArray[np.uint32]:
        """Actor ids by the rows of a view."""
        ledger = self.episode.ledger
        table = np.zeros(len(self.view(carrier)), np.uint32)
        for row, entry in ledger.row_entry.items():
            table[row] = entry.id
        rows = self._swapped(carrier, len(table))
        table[rows] = table[rows[::-1]]
        return table


def loose_row(pose: Pose) -> FloatArray:
    """A row of an actor that is nothing but a pose."""
    row = np.zeros(len(Actor), np.float32)
    row[Actor.X], row[Actor.Y], row[Actor.Z] = pose.x, pose.y, pose.z
    row[Actor.YAW], row[Actor.PITCH] = math.radians(pose.yaw), math.radians(pose.pitch)
    row[Actor.ALIVE] = 1.0
    return row
