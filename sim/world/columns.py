"""Column numbers of the arrays that hold the state of the worlds.

Shape law: `actors` is float32 [world, actor, Actor]; actor 0 is the ego vehicle, then come the
vehicles of the traffic, then the walkers. `ego` is float32 [world, Ego], `events` int32
[world, Event]. Axes are CARLA's: x forward, y right, z up, yaw positive to the right.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What an actor is; the number is the value of the column `Actor.KIND`."""

    CAR = 0
    VAN = 1
    TRUCK = 2
    BUS = 3
    MOTORCYCLE = 4
    BICYCLE = 5
    WALKER = 6


class Actor(IntEnum):
    """Columns of one actor. Everything a sensor needs to draw it is here."""

    X = 0  # [m] centre of the body
    Y = 1  # [m]
    Z = 2  # [m] the ground below the centre
    YAW = 3  # [rad]
    PITCH = 4  # [rad] positive nose up
    SPEED = 5  # [m/s] forward (a walker's is along its yaw)
    ACCEL = 6  # [m/s^2] forward
    YAW_RATE = 7  # [rad/s]
    LENGTH = 8  # [m]
    WIDTH = 9  # [m]
    HEIGHT = 10  # [m]
    KIND = 11  # Kind
    COLOR = 12  # index into a palette of 16 body colours
    BRAKE = 13  # 1 while the brake lights are on
    ALIVE = 14  # 0: the slot is empty, the other columns mean nothing
    LANE = 15  # index into RoadNetwork.lanes; -1 where the actor is on none
    S = 16  # [m] along that lane
    LATERAL = 17  # [m] to the right of that lane's centre line
    NEXT_LANE = 18  # the lane that follows; -1 where there is none
    PHASE = 19  # [rad] of the walking legs and turning wheels
    TEMPER = 20  # [0, 1] 0 calm, 1 hasty
    TIMER = 21  # [s] multi-purpose clock of the behaviour
    GOAL = 22  # walkers: crossing they are on, or -1; vehicles: junction lane they claim, or -1


class Ego(IntEnum):
    """Columns of what only the ego has."""

    THROTTLE = 0  # command in force, [0, 1]
    BRAKE = 1
    STEER = 2  # command in force, [-1, 1]
    STEER_ACTUAL = 3  # after the actuator's lag
    PEDAL_ACTUAL = 4  # in [-1, 1], negative is brake, after the actuator's lag
    ROUTE_S = 5  # [m] of the projection on the route
    ROUTE_LATERAL = 6  # [m] to the right of the route
    ROUTE_HEADING = 7  # [rad] heading minus that of the route
    ROUTE_INDEX = 8  # index of the route point behind the ego
    PROGRESS = 9  # [m] farthest ROUTE_S so far
    BLOCKED_TIME = 10  # [s] below 0.1 m/s
    OFFROAD_DISTANCE = 11  # [m] driven outside of the route's lanes
    TIME = 12  # [s] since the episode began
    CURVATURE = 13  # [1/m] of the path driven now
    LATERAL_ACCEL = 14  # [m/s^2]
    LAST_ACCEL = 15  # [m/s^2] of the tick before (for jerk)


class Event(IntEnum):
    """Counts of what happened to the ego in the last step, over all of its ticks."""

    COLLISION_VEHICLE = 0
    COLLISION_WALKER = 1
    COLLISION_STATIC = 2
    RED_LIGHT = 3
    OFF_ROAD = 4  # 1 where the centre was on no driving lane
    WRONG_LANE = 5  # 1 where it drove against the direction of its lane
    ROUTE_DEVIATION = 6  # more than 30 m from the route
    BLOCKED = 7
    FINISHED = 8
    TIMEOUT = 9


class Light(IntEnum):
    """States of a traffic light, CARLA's numbers."""

    RED = 0
    YELLOW = 1
    GREEN = 2
    OFF = 3
