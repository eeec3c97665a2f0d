"""Script: the events of all routes as the kernels read them.

Shape law: R routes, E events of all routes, C cast members (staged actors) of all events, P points
of all their paths, H light states, M slots of staged actors in a world. A cast member follows its
path, a polyline, under one of a few modes; an event places its cast when the ego passes
`Stage.PLACE_S` and takes it away when the ego is beyond `Stage.FREE_S`.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]


class Stage(IntEnum):
    """Columns of `Script.events`, one row per event."""

    KIND = 0  # position in EventKind
    PLACE_S = 1  # [m] along the route; when the ego has come so far the cast appears
    FREE_S = 2  # [m] and here it goes
    CLEAR_FROM = 3  # [m] along the route; traffic between is taken elsewhere ...
    CLEAR_TO = 4  # [m] ... so that none waits behind what blocks the lane
    CAST_FIRST = 5  # rows of Script.cast
    CAST_LAST = 6  # exclusive
    LIGHT_FIRST = 7  # rows of Script.lights
    LIGHT_LAST = 8
    LIGHT_UNTIL = 9  # [m] along the route; so far the lights are held
    SHAKE = 10  # amplitude of the noise on the ego's steering, in [0, 1]
    SHAKE_FROM = 11  # [m] along the route
    SHAKE_TIME = 12  # [s]
    START_LATERAL = 13  # [m] beside the route where the ego begins its drive


class Cast(IntEnum):
    """Columns of `Script.cast`, one row per staged actor."""

    SLOT = 0  # number of the slot among the world's staged actors
    KIND = 1  # sim.world.columns.Kind
    COLOR = 2
    LENGTH = 3  # [m]
    WIDTH = 4
    HEIGHT = 5
    MASS = 6  # [kg]
    LAMPS = 7  # bits of Lamp from the beginning
    LAMPS_ACTING = 8  # bits of Lamp added when it acts
    FIRST = 9  # rows of Script.points
    LAST = 10  # exclusive
    MODE = 11  # Mode
    BEGIN = 12  # [m] along its path
    BEGIN_SPEED = 13  # [m/s]
    PLACE_DELAY = 14  # [s] after the event's begin
    TOP = 15  # [m/s] wanted when it acts
    ACCEL = 16  # [m/s^2]
    DECEL = 17  # [m/s^2] with which a LEAD brakes
    LOW = 18  # [m/s] a LEAD brakes down to; the least of a SYNC
    HOLD = 19  # [s] a LEAD stays slow, a BLOCK stands
    AFTER = 20  # [m/s] wanted afterwards
    GAP = 21  # [m] a LEAD keeps before the ego
    MEET_S = 22  # [m] along the ego's route where both paths meet
    MEET_PATH = 23  # [m] along its own path
    ACT_DISTANCE = 24  # [m] it acts when the ego's front is as near to MEET_S ...
    ACT_TIME = 25  # [s] ... plus what the ego drives in this time
    MINDS = 26  # bits of Minds
    VANISHES = 27  # 1: goes when it comes to the end of its path
    PHASE_STEP = 28  # [rad/m] of walking legs and turning wheels
    CLEARS = 29  # 1: traffic on its path goes elsewhere when it appears


class Mode(IntEnum):
    """How a cast member moves along its path."""

    STAND = 0  # never moves
    GO = 1  # stands until it acts, then drives or walks to the end of its path
    LEAD = 2  # drives before the ego, slows down when it acts, and drives on later
    SYNC = 3  # comes to the meeting point together with the ego
    CHASE = 4  # an emergency vehicle: comes from behind and passes who makes way
    BLOCK = 5  # stands until the ego has stood behind it for a while, then drives away
    DOOR = 6  # appears only when it acts


class Minds(IntFlag):
    """What a moving cast member brakes for."""

    LEADERS = 1  # who is ahead on its lanes
    EGO = 2  # the ego, wherever it is ahead
    LIGHTS = 4


class Phase(IntEnum):
    """Where a cast member is in its script."""

    OFF = 0  # not there yet
    READY = 1
    ACTING = 2
    HOLDING = 3
    LEAVING = 4
    ENDED = 5


class Waypoint(IntEnum):
    """Columns of `Script.points`."""

    X = 0  # [m]
    Y = 1
    Z = 2
    YAW = 3  # [rad] unwrapped along a path
    S = 4  # [m] from the path's beginning
    LANE = 5  # driving lane below, -1 for none
    LANE_S = 6  # [m] along that lane
    LATERAL = 7  # [m] to the right of its centre line
    NEXT = 8  # steps to the next point on another lane, or to the end of the path


class Progress(IntEnum):
    """Columns of `State.event_state`, float32 [W, most events of a route, Progress]."""

    STATE = 0  # 0 waiting, 1 on stage, 2 over
    CLOCK = 1  # [s] on stage
    SHAKEN = 2  # [s] that the steering has been disturbed
    BIAS = 3  # of the steering, now


class Part(IntEnum):
    """Columns of `State.cast_state`, float32 [W, M, Part]: what only staged actors have."""

    CAST = 0  # row of Script.cast + 1; 0: the slot is free
    PATH_S = 1  # [m]
    PHASE = 2  # Phase
    CLOCK = 3  # [s] in this phase
    ACCEL = 4  # [m/s^2] decided
    ASIDE = 5  # [m] to the right of the path


class Script(NamedTuple):
    """The events of all routes."""

    event_start: IntArray  # [R + 1]
    events: FloatArray  # [E, Stage]
    cast: FloatArray  # [C, Cast]
    points: FloatArray  # [P, Waypoint]
    lights: IntArray  # [H, (signal, sim.world.columns.Light)]


def empty_script(routes: int) -> Script:
    """Script of routes without events."""
    return Script(
        np.zeros(routes + 1, np.int32),
        np.zeros((0, len(Stage)), np.float32),
        np.zeros((0, len(Cast)), np.float32),
        np.zeros((0, len(Waypoint)), np.float32),
        np.zeros((0, 2), np.int32),
    )
