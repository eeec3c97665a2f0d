"""What the ego hits. A touch is counted once, when it begins."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.traffic.lookup import STOREY
from roadworthy.sim.world.columns import Actor, Event, Kind
from roadworthy.sim.world.layout import FloatArray, Rules, State, Statics

X, Y, Z, YAW, SPEED, LENGTH, WIDTH, KIND, ALIVE, HEIGHT, YAW_RATE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.KIND),
    int(Actor.ALIVE),
    int(Actor.HEIGHT),
    int(Actor.YAW_RATE),
)
EV_VEHICLE, EV_WALKER, EV_STATIC = (
    int(Event.COLLISION_VEHICLE),
    int(Event.COLLISION_WALKER),
    int(Event.COLLISION_STATIC),
)
WALKER = int(Kind.WALKER)
# Leaderboard CollisionTest: one actor counts once in 5 s, and what hits a standing ego is not its
# fault.
SAME_TIME = 5.0  # [s]
STANDING = 0.1  # [m/s]
CLEARANCE = 0.2  # [m] below a vehicle's body


@kernel
def _overlap(me: FloatArray, x: float, y: float, yaw: float, length: float, width: float) -> int:
    """How a box touches the ego: 0 not, 1 behind, 2 with the half that moves ahead."""
    if not boxes_overlap(me[X], me[Y], me[YAW], me[LENGTH], me[WIDTH], x, y, yaw, length, width):
        return 0
    forward = 0.25 * me[LENGTH] * (1.0 if me[SPEED] >= 0.0 else -1.0)
    front_x = me[X] + math.cos(me[YAW]) * forward
    front_y = me[Y] + math.sin(me[YAW]) * forward
    half = 0.5 * me[LENGTH]
    ahead = boxes_overlap(front_x, front_y, me[YAW], half, me[WIDTH], x, y, yaw, length, width)
    return 2 if ahead else 1


@kernel
def _note(w: int, slot: int, event: int, touch: int, moving: bool, hold: int, state: State) -> None:
    """Count a touch that has just begun; `contact` counts down the ticks until it may again."""
    contact = state.contact[w]
    if touch > 0:
        if contact[slot] == 0 and moving:
            state.events[w, event] += 1
        contact[slot] = hold
    elif contact[slot] > 0:
        contact[slot] -= 1


@kernel
def hit_actors(w: int, n: int, moving: bool, hold: int, state: State) -> bool:
    """Test the ego against the other `n - 1` actors; True where one of them is in its way."""
    me = state.actors[w, 0]
    stopped = False
    for a in range(1, n):
        other = state.actors[w, a]
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        touch = 0
        near = dx * dx + dy * dy < 100.0 and abs(other[Z] - me[Z]) < STOREY
        if near and other[ALIVE] > 0.0:
            touch = _overlap(me, other[X], other[Y], other[YAW], other[LENGTH], other[WIDTH])
        event = EV_WALKER if other[KIND] == WALKER else EV_VEHICLE
        _note(w, a, event, touch, moving, hold, state)
        stopped = stopped or touch == 2
        if touch > 0 and other[KIND] != WALKER:
            other[SPEED] *= 0.5
    return stopped


@kernel
def hit_statics(w: int, slot: int, moving: bool, hold: int, statics: Statics, state: State) -> bool:
    """Test the ego against the boxes near it, whose contact is noted in `slot`."""
    me = state.actors[w, 0]
    column = math.floor((me[X] - statics.origin[0]) / statics.cell)
    row = math.floor((me[Y] - statics.origin[1]) / statics.cell)
    touch = 0
    if 0 <= column < statics.shape[0] and 0 <= row < statics.shape[1]:
        cell = row * statics.shape[0] + column
        for k in range(statics.start[cell], statics.start[cell + 1]):
            box = statics.boxes[statics.listed[k]]
            if box[5] < me[Z] + me[HEIGHT] and box[6] > me[Z] + CLEARANCE:
                touch = max(touch, _overlap(me, box[0], box[1], box[2], box[3], box[4]))
    _note(w, slot, EV_STATIC, touch, moving, hold, state)
    return touch == 2


@kernel
def collide(
    w: int,
    n: int,
    x: float,
    y: float,
    yaw: float,
    speed: float,
    statics: Statics,
    state: State,
    rules: Rules,
) -> None:
    """Count what the ego hits and stop it there: it goes back to the pose that it came from.

    Args:
        w: the world.
        n: number of actors.
        x: of the ego before this tick [m].
        y: likewise.
        yaw: likewise [rad].
        speed: likewise [m/s].
        statics: boxes of the town.
        state: the worlds.
        rules: settings.
    """
    me = state.actors[w, 0]
    hold = min(int(SAME_TIME / rules.tick), 255)
    moving = abs(speed) >= STANDING
    stopped = hit_actors(w, n, moving, hold, state)
    if hit_statics(w, n, moving, hold, statics, state) or stopped:
        me[X], me[Y], me[YAW] = x, y, yaw
        me[SPEED], me[YAW_RATE] = 0.0, 0.0
