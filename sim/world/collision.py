"""What the ego hits. A touch is counted once, when it begins."""

from __future__ import annotations

import math

from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.boxes import boxes_overlap
from roadworthy.sim.world.columns import Actor, Event, Kind
from roadworthy.sim.world.layout import FloatArray, State, Statics

X, Y, Z, YAW, SPEED, LENGTH, WIDTH, KIND, ALIVE = (
    int(Actor.X),
    int(Actor.Y),
    int(Actor.Z),
    int(Actor.YAW),
    int(Actor.SPEED),
    int(Actor.LENGTH),
    int(Actor.WIDTH),
    int(Actor.KIND),
    int(Actor.ALIVE),
)
EV_VEHICLE, EV_WALKER, EV_STATIC = (
    int(Event.COLLISION_VEHICLE),
    int(Event.COLLISION_WALKER),
    int(Event.COLLISION_STATIC),
)
WALKER = int(Kind.WALKER)
STOREY = 3.0  # [m] actors this far above or below are on another road


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
def hit_actors(w: int, n: int, state: State) -> None:
    """Test the ego against the other `n - 1` actors, and let it not push through them."""
    me, contact = state.actors[w, 0], state.contact[w]
    for a in range(1, n):
        other = state.actors[w, a]
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        if other[ALIVE] == 0.0 or dx * dx + dy * dy > 100.0 or abs(other[Z] - me[Z]) > STOREY:
            contact[a] = 0
            continue
        touch = _overlap(me, other[X], other[Y], other[YAW], other[LENGTH], other[WIDTH])
        if touch > 0 and contact[a] == 0:
            state.events[w, EV_WALKER if other[KIND] == WALKER else EV_VEHICLE] += 1
        contact[a] = 1 if touch > 0 else 0
        if touch == 2:
            along = other[SPEED] * math.cos(other[YAW] - me[YAW])
            if me[SPEED] >= 0.0:
                me[SPEED] = min(me[SPEED], max(along, 0.0))
            else:
                me[SPEED] = 0.0
        if touch > 0 and other[KIND] != WALKER:
            other[SPEED] *= 0.5


@kernel
def hit_statics(w: int, last: int, statics: Statics, state: State) -> None:
    """Test the ego against the boxes near it; `last` is the index of their contact flag."""
    me, contact = state.actors[w, 0], state.contact[w]
    column = math.floor((me[X] - statics.origin[0]) / statics.cell)
    row = math.floor((me[Y] - statics.origin[1]) / statics.cell)
    if not (0 <= column < statics.shape[0] and 0 <= row < statics.shape[1]):
        contact[last] = 0
        return
    cell = row * statics.shape[0] + column
    touching = False
    for k in range(statics.start[cell], statics.start[cell + 1]):
        box = statics.boxes[statics.listed[k]]
        touch = _overlap(me, box[0], box[1], box[2], box[3], box[4])
        touching = touching or touch > 0
        if touch == 2:
            me[SPEED] = 0.0
    if touching and contact[last] == 0:
        state.events[w, EV_STATIC] += 1
    contact[last] = 1 if touching else 0
