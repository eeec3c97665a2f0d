"""Scene: what is believed about the surroundings, in the ego's frame, as fixed-size arrays.

Shape law: every array may carry a leading world axis; the shapes below leave it out. The ego
frame has its origin on the ground below the ego's centre, x forward, y right; yaw and curvature
positive to the right. Rows of `users` are sorted by distance; rows where `valid` is False are
zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import SettingsError

MAX_USERS = 24
USER_RANGE = 60.0  # [m] nothing beyond is in a Scene
# [m] arc lengths ahead at which the route is given.
ROUTE_DISTANCES = (2.5, 5.0, 7.5, 10.0, 12.5, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0)


class User(IntEnum):
    """Columns of a road user."""

    X = 0  # [m]
    Y = 1  # [m]
    COS = 2  # of its heading relative to the ego's
    SIN = 3
    VX = 4  # [m/s] its velocity over ground, on the ego's axes
    VY = 5
    LENGTH = 6  # [m]
    WIDTH = 7  # [m]
    CLASS = 8  # UserClass
    CONFIDENCE = 9  # [0, 1]


class UserClass(IntEnum):
    """Classes of road users that planning tells apart."""

    VEHICLE = 0
    WALKER = 1
    CYCLIST = 2


class LightState(IntEnum):
    """The light that governs the ego's lane; NONE also where it is too far to matter."""

    NONE = 0
    GREEN = 1
    YELLOW = 2
    RED = 3


class LightCol(IntEnum):
    """Columns of `Scene.light`."""

    STATE = 0  # LightState
    DISTANCE = 1  # [m] from the ego's front to the stop line; LIGHT_RANGE where there is none
    CONFIDENCE = 2


LIGHT_RANGE = 50.0  # [m] lights beyond are NONE


class RouteCol(IntEnum):
    """Columns of `Scene.route`, one row per entry of ROUTE_DISTANCES."""

    X = 0  # [m]
    Y = 1
    COS = 2  # of the route's heading relative to the ego's
    SIN = 3
    WIDTH = 4  # [m] of the lane
    SPEED_LIMIT = 5  # [m/s]
    JUNCTION = 6  # 1 inside a junction


class Room(IntEnum):
    """Columns of `Outlook.room`, one row per entry of ROUTE_DISTANCES; sides seen along the route.

    A neighbour is a driving lane that touches the route's; there is none inside junctions.
    """

    LEFT = 0  # [m] from the route's line to the left border of the neighbour, or of the own lane
    LEFT_CENTRE = 1  # [m] to the neighbour's centre; 0 where there is none
    LEFT_ONCOMING = 2  # 1 where the neighbour is driven against the route
    RIGHT = 3
    RIGHT_CENTRE = 4
    RIGHT_ONCOMING = 5


class Trait(IntEnum):
    """Columns of `Outlook.traits`: what else is known of a user."""

    STILL = 0  # 1: stands where it is and will not go by itself (props, open doors, wrecks)
    SPECIAL = 1  # 1: flashes and must be let pass
    DOOR = 2  # -1: its left door stands open, 1: the right one
    ACTOR = 3  # index of the actor in its world
    STOOD = 4  # [s] for which it has stood


FUTURES = 4  # steps that `Outlook.future` looks ahead
FUTURE_STEP = 1.2  # [s]
FAR_RANGE = 160.0  # [m] users of a Scene that comes with an Outlook are within this


class EgoCol(IntEnum):
    """Columns of `Scene.ego`."""

    SPEED = 0  # [m/s]
    ACCEL = 1  # [m/s^2]
    YAW_RATE = 2  # [rad/s]
    LATERAL = 3  # [m] ego's offset to the right of the route
    HEADING = 4  # [rad] ego's heading minus the route's
    SPEED_LIMIT = 5  # [m/s] here
    REMAINING = 6  # [m] of the route
    CURVATURE = 7  # [1/m] of the path driven now
    LENGTH = 8  # [m] ego's size
    WIDTH = 9


@dataclass(frozen=True, eq=False)
class Outlook:
    """What only the world's truth tells: room beside the route, and what others are about to do.

    For rule-based drivers; perception does not fill it, and nothing that is learned sees it.
    """

    room: NDArray[np.float32]  # [len(ROUTE_DISTANCES), Room]
    future: NDArray[np.float32]  # [MAX_USERS, FUTURES, 2] x, y [m] of each user, in the ego's frame
    traits: NDArray[np.float32]  # [MAX_USERS, Trait]

    @classmethod
    def empty(cls, worlds: int | None = None) -> Outlook:
        """Allocate an Outlook of zeros, with a leading axis where `worlds` is given."""
        lead = () if worlds is None else (worlds,)
        return cls(
            np.zeros((*lead, len(ROUTE_DISTANCES), len(Room)), np.float32),
            np.zeros((*lead, MAX_USERS, FUTURES, 2), np.float32),
            np.zeros((*lead, MAX_USERS, len(Trait)), np.float32),
        )

    def at(self, index: Any) -> Outlook:
        """View of the worlds of an index, or with an axis more where it is None."""
        return Outlook(self.room[index], self.future[index], self.traits[index])


@dataclass(frozen=True, eq=False)
class Scene:
    """The surroundings of the ego (or of one ego per world)."""

    users: NDArray[np.float32]  # [MAX_USERS, User]
    valid: NDArray[np.bool_]  # [MAX_USERS]
    light: NDArray[np.float32]  # [LightCol]
    route: NDArray[np.float32]  # [len(ROUTE_DISTANCES), RouteCol]
    ego: NDArray[np.float32]  # [EgoCol]
    outlook: Outlook | None = None  # where it was asked for

    @classmethod
    def empty(cls, worlds: int | None = None) -> Scene:
        """Allocate a Scene of zeros, with a leading axis where `worlds` is given."""
        lead = () if worlds is None else (worlds,)
        return cls(
            np.zeros((*lead, MAX_USERS, len(User)), np.float32),
            np.zeros((*lead, MAX_USERS), np.bool_),
            np.zeros((*lead, len(LightCol)), np.float32),
            np.zeros((*lead, len(ROUTE_DISTANCES), len(RouteCol)), np.float32),
            np.zeros((*lead, len(EgoCol)), np.float32),
        )

    def of_world(self, world: int) -> Scene:
        """View of one world of a batched Scene."""
        return Scene(
            self.users[world],
            self.valid[world],
            self.light[world],
            self.route[world],
            self.ego[world],
            None if self.outlook is None else self.outlook.at(world),
        )

    def batched(self) -> Scene:
        """View with a leading axis of 1."""
        return Scene(
            self.users[None],
            self.valid[None],
            self.light[None],
            self.route[None],
            self.ego[None],
            None if self.outlook is None else self.outlook.at(None),
        )

    def validate(self) -> Scene:
        """Return self.

        Raises:
            SettingsError: an array has the wrong shape or holds a value that is not finite.
        """
        lead = self.ego.shape[:-1]
        like = Scene.empty(lead[0] if lead else None)
        for name in ("users", "valid", "light", "route", "ego"):
            value, expected = getattr(self, name), getattr(like, name)
            if value.shape != expected.shape:
                raise SettingsError(
                    f"Scene.{name} has shape {value.shape}; it must be {expected.shape}"
                )
            if not np.isfinite(value).all():
                raise SettingsError(f"Scene.{name} holds values that are not finite")
        return self
