"""What the ego hits: bodies exchange an impulse, are parted, and the touch is noted once."""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.kernel import inlined_kernel, kernel
from roadworthy.sim.physics.bodies import body_of, velocity_of
from roadworthy.sim.physics.contact import Body, Touch, collide_bodies, may_touch, touch
from roadworthy.sim.traffic.lookup import STOREY
from roadworthy.sim.world.columns import MAX_HITS, Actor, Ego, Event, Hit, Kind, Mover
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
MOVER, SLIDE_X, SLIDE_Y, TIMER, BRAKE = (
    int(Actor.MOVER),
    int(Actor.SLIDE_X),
    int(Actor.SLIDE_Y),
    int(Actor.TIMER),
    int(Actor.BRAKE),
)
SPIN, CURVATURE = int(Ego.SPIN), int(Ego.CURVATURE)
H_ACTOR, H_KIND, H_IMPULSE_X, H_IMPULSE_Y, H_X, H_Y, H_TICK, H_FAULT = (int(h) for h in Hit)
EV_VEHICLE, EV_WALKER, EV_STATIC = (
    int(Event.COLLISION_VEHICLE),
    int(Event.COLLISION_WALKER),
    int(Event.COLLISION_STATIC),
)
WALKER, PROP = int(Kind.WALKER), int(Kind.PROP)
LOOSE, CLIENT = int(Mover.LOOSE), int(Mover.CLIENT)
# Leaderboard CollisionTest: one actor counts once in 5 s, and what hits a standing ego is not its
# fault.
SAME_TIME = 5.0  # [s]
STANDING = 0.1  # [m/s]
CLEARANCE = 0.2  # [m] below a vehicle's body
KNOCK = 0.5  # [m/s] a vehicle whose motion changes by less drives on
AT_REST = 0.3  # [m/s] sideways, below which tyres hold at once
AT_REST_SPIN = 0.05  # [rad/s]


@kernel
def knock_loose(actor: FloatArray, body: Body) -> None:
    """Give an actor the motion of `body`; one that is knocked hard enough is nobody's any more."""
    vx, vy = velocity_of(actor)
    forward = body.vx * math.cos(actor[YAW]) + body.vy * math.sin(actor[YAW])
    changed = (body.vx - vx) ** 2 + (body.vy - vy) ** 2 > KNOCK * KNOCK
    if actor[MOVER] == CLIENT or not (changed or actor[MOVER] == LOOSE):
        actor[SPEED] = forward
        return
    if actor[MOVER] != LOOSE:
        actor[MOVER], actor[TIMER], actor[BRAKE] = LOOSE, 0.0, 1.0
    actor[SLIDE_X], actor[SLIDE_Y], actor[YAW_RATE] = body.vx, body.vy, body.spin
    actor[SPEED] = forward


@kernel
def _knock_ego(w: int, body: Body, state: State) -> None:
    """Give the ego the motion of `body`: its wheels roll along, the rest is a skid."""
    me, ego = state.actors[w, 0], state.ego[w]
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    forward, aside = body.vx * c + body.vy * s, body.vy * c - body.vx * s
    me[SPEED] = forward
    held = abs(aside) < AT_REST
    me[SLIDE_X], me[SLIDE_Y] = (0.0, 0.0) if held else (-aside * s, aside * c)
    spin = body.spin - forward * ego[CURVATURE]
    ego[SPIN] = 0.0 if abs(spin) < AT_REST_SPIN else spin
    me[YAW_RATE] = forward * ego[CURVATURE] + ego[SPIN]


@kernel
def _note(
    w: int, slot: int, number: int, kind: int, hit: Touch, jx: float, jy: float, speed: float,
    hold: int, state: State,
) -> None:  # fmt: skip
    """Note a touch unless this slot's last one was less than `hold` ticks ago.

    It counts as an event where the ego was moving, at `speed`; it is the ego's fault where that
    was towards the place.
    """
    fresh = state.contact[w, slot] == 0
    state.contact[w, slot] = hold
    if not fresh:
        return
    me = state.actors[w, 0]
    if abs(speed) >= STANDING:
        event = EV_VEHICLE
        if kind == WALKER and number >= 0:
            event = EV_WALKER
        elif number < 0 or kind == PROP:
            event = EV_STATIC
        state.events[w, event] += 1
    at = state.hit_count[w]
    if at >= MAX_HITS:
        return
    towards = speed * (math.cos(me[YAW]) * hit.nx + math.sin(me[YAW]) * hit.ny)
    row = state.hits[w, at]
    row[H_ACTOR], row[H_KIND], row[H_TICK] = number, kind, state.frame[w]
    row[H_IMPULSE_X], row[H_IMPULSE_Y], row[H_X], row[H_Y] = jx, jy, hit.x, hit.y
    row[H_FAULT] = 1.0 if towards >= STANDING else 0.0
    state.hit_count[w] = at + 1


@inlined_kernel
def hit_actors(w: int, n: int, speed: float, hold: int, state: State) -> None:
    """Let the ego collide with the other `n - 1` actors."""
    me, contact = state.actors[w, 0], state.contact[w]
    for a in range(1, n):
        contact[a] -= contact[a] > 0
    for a in range(1, n):
        other = state.actors[w, a]
        dx, dy = other[X] - me[X], other[Y] - me[Y]
        if dx * dx + dy * dy > 144.0 or other[ALIVE] == 0.0 or abs(other[Z] - me[Z]) > STOREY:
            continue
        if not may_touch(dx, dy, me[LENGTH], me[WIDTH], other[LENGTH], other[WIDTH]):
            continue
        mine, its = body_of(me), body_of(other)
        hit = touch(
            me[X], me[Y], me[YAW], me[LENGTH], me[WIDTH],
            other[X], other[Y], other[YAW], other[LENGTH], other[WIDTH],
            mine.vx - its.vx, mine.vy - its.vy,
        )  # fmt: skip
        if hit.depth <= 0.0:
            continue
        after, its_after, jx, jy = collide_bodies(mine, its, hit)
        _note(w, a, a, int(other[KIND]), hit, jx, jy, speed, hold, state)
        if jx != 0.0 or jy != 0.0:
            _knock_ego(w, after, state)
            knock_loose(other, its_after)
        share = 1.0  # of the parting that the ego does: all of it from what follows its lane
        if other[MOVER] == LOOSE:
            share = mine.per_mass / (mine.per_mass + its.per_mass)
            other[X] += hit.nx * hit.depth * (1.0 - share)
            other[Y] += hit.ny * hit.depth * (1.0 - share)
        me[X] -= hit.nx * hit.depth * share
        me[Y] -= hit.ny * hit.depth * share


@inlined_kernel
def hit_statics(w: int, slot: int, speed: float, hold: int, statics: Statics, state: State) -> None:
    """Let the ego collide with the boxes near it, whose contact is noted in `slot`."""
    me = state.actors[w, 0]
    if state.contact[w, slot] > 0:
        state.contact[w, slot] -= 1
    column = math.floor((me[X] - statics.origin[0]) / statics.cell)
    row = math.floor((me[Y] - statics.origin[1]) / statics.cell)
    if not (0 <= column < statics.shape[0] and 0 <= row < statics.shape[1]):
        return
    cell = row * statics.shape[0] + column
    for k in range(statics.start[cell], statics.start[cell + 1]):
        index = statics.listed[k]
        box = statics.boxes[index]
        if box[5] >= me[Z] + me[HEIGHT] or box[6] <= me[Z] + CLEARANCE:
            continue
        dx, dy = box[0] - me[X], box[1] - me[Y]
        reach = 0.5 * (me[LENGTH] + me[WIDTH] + box[3] + box[4])
        if dx * dx + dy * dy > reach * reach:
            continue
        mine = body_of(me)
        hit = touch(
            me[X], me[Y], me[YAW], me[LENGTH], me[WIDTH],
            box[0], box[1], box[2], box[3], box[4], mine.vx, mine.vy,
        )  # fmt: skip
        if hit.depth <= 0.0:
            continue
        ground = Body(np.float64(box[0]), np.float64(box[1]), 0.0, 0.0, 0.0, 0.0, 0.0)
        after, _, jx, jy = collide_bodies(mine, ground, hit)
        _note(w, slot, -1 - index, statics.prop[index], hit, jx, jy, speed, hold, state)
        if jx != 0.0 or jy != 0.0:
            _knock_ego(w, after, state)
        me[X] -= hit.nx * hit.depth
        me[Y] -= hit.ny * hit.depth


@inlined_kernel
def collide(w: int, n: int, speed: float, statics: Statics, state: State, rules: Rules) -> None:
    """Let the ego collide with what it has driven into, or what has driven into it.

    Args:
        w: the world.
        n: number of actors.
        speed: of the ego before this tick [m/s].
        statics: boxes of the town.
        state: the worlds.
        rules: settings.
    """
    hold = min(int(SAME_TIME / rules.tick), 255)
    hit_actors(w, n, speed, hold, state)
    hit_statics(w, n, speed, hold, statics, state)
