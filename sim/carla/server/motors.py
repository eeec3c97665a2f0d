"""What moves an actor that a client has spawned: columns beside those of `Actor`."""

from __future__ import annotations

from enum import IntEnum


class Motor(IntEnum):
    """Columns of `Bodies.motors`, float32 [rows, Motor]."""

    THROTTLE = 0  # command, [0, 1]
    STEER = 1  # command, [-1, 1]
    BRAKE = 2  # command, [0, 1]
    HAND_BRAKE = 3
    REVERSE = 4
    MANUAL = 5  # manual_gear_shift
    GEAR = 6
    PEDAL_ACTUAL = 7  # after the actuator's lag, in [-1, 1]
    STEER_ACTUAL = 8
    SIMULATE = 9  # 1: physics moves it; 0: only clients do
    GRAVITY = 10
    COLLIDE = 11
    VZ = 12  # [m/s] upward
    SPIN = 13  # [rad/s] of a skid, beside the turning that the wheels do
    ROLL = 14  # [rad]
    FX = 15  # [N] force of the coming tick, over ground
    FY = 16
    FZ = 17
    TZ = 18  # [N m]
    CONSTANT = 19  # 1: it keeps the velocity of the next three columns
    CX = 20  # [m/s] forward
    CY = 21  # to the right
    CZ = 22
    OLD_VX = 23  # [m/s] velocity over ground before the last tick
    OLD_VY = 24
    OLD_VZ = 25
    AX = 26  # [m/s^2] over ground
    AY = 27
    AZ = 28
    PROFILE = 29  # row of the profiles' tables
    WALK_X = 30  # direction of a WalkerControl
    WALK_Y = 31
    WALK_Z = 32
    WALK_SPEED = 33  # [m/s]
    JUMP = 34
    GROUND = 35  # [m] height of the ground below
    LIMIT = 36  # [km/h] speed limit of the lane below
    LIGHT = 37  # stop zone that the body is in, index into the lights' zones; -1: none
    ACKERMANN = 38  # 1: the next four columns drive
    A_STEER = 39  # [rad] of the front wheels
    A_STEER_SPEED = 40  # [rad/s], 0: at once
    A_SPEED = 41  # [m/s], negative: backward
    A_ACCEL = 42  # [m/s^2], 0: as the vehicle can
    MASS = 43  # [kg] the profile's is divided by it
    LIMIT_SEEN = 44  # 1: LIMIT has been found once
    TYRES = 45  # share of the usual grip that its own tyres have
    HOLD = 46  # share that they have where it is now, see `friction`
    STEER_SHARE = 47  # of its steering that its steering curve leaves it at its speed


N_MOTOR = len(Motor)
