"""Column numbers of the arrays that hold the state of the worlds.

Shape law: `actors` is float32 [world, actor, Actor]; actor 0 is the ego vehicle, then come the
vehicles of the traffic, then the actors of scenario events, then the walkers. `ego` is float32
[world, Ego], `events` int32 [world, Event]. Axes are CARLA's: x forward, y right, z up, yaw
positive to the right.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Kind(IntEnum):
    """What an actor is; the number is the value of the column `Actor.KIND`."""

    CAR = 0
    VAN = 1
    TRUCK = 2
    BUS = 3
    MOTORCYCLE = 4
    BICYCLE = 5
    WALKER = 6
    PROP = 7  # what stands in the way: cones, barriers, debris; `Actor.COLOR` is its PropModel


class PropModel(IntEnum):
    """What an actor of Kind.PROP looks like."""

    CONE = 0
    BARRIER = 1  # a striped construction barrier
    WARNING = 2  # a trailer or sign that warns of what follows
    DEBRIS = 3
    CRATE = 4  # tall enough to hide a walker, like a vending machine or a kiosk


class Mover(IntEnum):
    """Who moves an actor; the value of the column `Actor.MOVER`."""

    TRAFFIC = 0  # the traffic's own rules (vehicles and walkers)
    EVENT = 1  # a scenario event
    LOOSE = 2  # nobody: it was hit and slides until it comes to rest
    CLIENT = 3  # whoever uses the world from outside, by controls or poses


class Flaw(IntFlag):
    """What a careless driver does wrong; bits of the column `Actor.FLAWS`."""

    LATE_BRAKE = 1  # sees late and brakes late
    NO_LOOK = 2  # enters junctions and lanes without looking
    RUNS_RED = 4  # passes lights in the first seconds of red, and stop signs
    TAILGATES = 8
    JAYWALKS = 16  # a walker that steps out where it should not


class Lamp(IntFlag):
    """Lights and doors of a vehicle, bits of the column `Actor.LAMPS`; CARLA's numbers for lights.

    Source: carla.VehicleLightState. Brake lights have the column `Actor.BRAKE`.
    """

    POSITION = 0x1
    LOW_BEAM = 0x2
    RIGHT_BLINKER = 0x10
    LEFT_BLINKER = 0x20
    REVERSE = 0x40
    SPECIAL = 0x100  # the flashing light of an emergency vehicle
    DOOR_LEFT = 0x1000  # ours: the front left door stands open
    DOOR_RIGHT = 0x2000


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
    MOVER = 23  # Mover
    OTHER_LANE = 24  # lane that the body still or already overlaps beside `LANE`; -1 for none
    LATERAL_SPEED = 25  # [m/s] of `LATERAL`, positive to the right
    LAMPS = 26  # bits of Lamp
    FLAWS = 27  # bits of Flaw
    SLIDE_X = 28  # [m/s] velocity over ground while LOOSE
    SLIDE_Y = 29  # [m/s]
    MASS = 30  # [kg]
    STEER = 31  # [rad] of the front wheels, positive to the right; what cameras draw


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
    STEER_BIAS = 16  # added to STEER_ACTUAL by an event: the road is slippery
    SPIN = 17  # [rad/s] of a skid after a touch, beside the turning that the wheels do
    STOP_LINE = 18  # index into Paths.sign_s of the stop sign ahead; -1: none is left
    STOP_STOOD = 19  # 1 where the ego has stood at that line as it must
    LINES_OVER = 20  # bits: 1 the left wheels are beyond the left line of the lane, 2 the right
    LINE_CROSSED = 21  # MarkType of the mark crossed last in this step, 0 where none was
    LINE_LANE = 22  # lane that LINES_OVER is about


class Tuning(IntEnum):
    """Columns of `State.tuning`: how one world differs from what its settings say."""

    THROTTLE_GAIN = 0  # times the throttle
    BRAKE_GAIN = 1
    STEER_GAIN = 2
    STEER_BIAS = 3  # added to the steer command
    PEDAL_LAG = 4  # [s] beside the profile's
    STEER_LAG = 5  # [s]
    MASS = 6  # times the ego's mass
    FRICTION = 7  # times the grip of the road
    TEMPER = 8  # added to the temper of the traffic
    CARELESS = 9  # times the share of careless drivers and walkers
    GREEN = 10  # times the green time of the lights
    NOISE = 11  # times the noise of the sensors


TUNING_DEFAULT = (1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0)


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
    STOP_SIGN = 10  # passed the line of a stop sign without having stood at it
    LANE_INVASION = 11  # lane marks that the ego's wheels crossed


class Hit(IntEnum):
    """Columns of `State.hits`: what touched the ego in the last step, one row per touch."""

    ACTOR = 0  # index of the actor; -1 - index of the box of the scenery for a static one
    KIND = 1  # Kind of the actor, or Prop of the box
    IMPULSE_X = 2  # [N s] on the ego, over ground
    IMPULSE_Y = 3
    X = 4  # [m] where
    Y = 5
    TICK = 6  # frame number
    FAULT = 7  # 1 where the ego moved into it, 0 where it was run into


MAX_HITS = 8  # rows of State.hits; more in one step are not told apart


class Light(IntEnum):
    """States of a traffic light, CARLA's numbers."""

    RED = 0
    YELLOW = 1
    GREEN = 2
    OFF = 3
