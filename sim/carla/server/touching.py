"""Kernels for what clients' actors touch: each other, and the scenery."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.carla.server.motion import (
    ALIVE,
    COLLIDE,
    KIND,
    PROP,
    SIMULATE,
    SLIDE_X,
    SLIDE_Y,
    SPEED,
    SPIN,
    WALKER,
    YAW,
    YAW_RATE,
    FloatArray,
    X,
    Y,
    Z,
)
from roadworthy.sim.kernel import kernel
from roadworthy.sim.physics.bodies import body_of
from roadworthy.sim.physics.contact import Body, Touch, collide_bodies, touch
from roadworthy.sim.world.collision import CLEARANCE
from roadworthy.sim.world.columns import Actor
from roadworthy.sim.world.layout import Statics

LENGTH, WIDTH, HEIGHT = int(Actor.LENGTH), int(Actor.WIDTH), int(Actor.HEIGHT)
MOST_HITS = 256  # touches of one tick; more are not told of
# Columns of the touches: both rows (the second one -1 - box of the scenery), impulse on the
# first [N s].
HIT_A, HIT_B, HIT_X, HIT_Y = range(4)


@kernel
def _spun(me: FloatArray, motor: FloatArray) -> Body:
    body = body_of(me)
    if motor[SIMULATE] == 0.0:
        return Body(body.x, body.y, body.vx, body.vy, body.spin, 0.0, 0.0)
    return body


@kernel
def _obey(me: FloatArray, motor: FloatArray, body: Body) -> None:
    """Give an actor the motion of a body."""
    if motor[SIMULATE] == 0.0:
        return
    c, s = math.cos(me[YAW]), math.sin(me[YAW])
    forward, aside = body.vx * c + body.vy * s, body.vy * c - body.vx * s
    motor[SPIN] += body.spin - me[YAW_RATE]
    me[YAW_RATE] = body.spin
    if me[KIND] == WALKER:
        me[SPEED], me[SLIDE_X], me[SLIDE_Y] = 0.0, body.vx, body.vy
        return
    me[SPEED] = forward
    me[SLIDE_X], me[SLIDE_Y] = -aside * s, aside * c


@kernel
def _part(a: FloatArray, b: FloatArray, mine: Body, its: Body, hit: Touch) -> None:
    """Move two bodies apart, the lighter one farther."""
    whole = mine.per_mass + its.per_mass
    if whole <= 0.0:
        return
    share = mine.per_mass / whole
    a[X] -= hit.nx * hit.depth * share
    a[Y] -= hit.ny * hit.depth * share
    b[X] += hit.nx * hit.depth * (1.0 - share)
    b[Y] += hit.ny * hit.depth * (1.0 - share)


@kernel
def _note(hits: FloatArray, count: int, a: int, b: int, jx: float, jy: float) -> int:
    if count >= len(hits):
        return count
    hits[count, HIT_A], hits[count, HIT_B] = a, b
    hits[count, HIT_X], hits[count, HIT_Y] = jx, jy
    return count + 1


@kernel
def _is_over(foot: float, other: FloatArray) -> bool:
    """Whether a body with its foot at this height is above another; litter it goes over."""
    clearance = CLEARANCE if other[KIND] == PROP else 0.0
    return bool(foot + clearance > other[Z] + other[HEIGHT])


@kernel
def _meet(
    a: int, b: int, actors: FloatArray, motors: FloatArray, hits: FloatArray, count: int
) -> int:
    """Let two actors collide where they overlap; returns the number of touches noted."""
    me, other = actors[a], actors[b]
    if motors[a, SIMULATE] == 0.0 and motors[b, SIMULATE] == 0.0:
        return count
    if _is_over(me[Z], other) or _is_over(other[Z], me):
        return count
    mine, its = _spun(me, motors[a]), _spun(other, motors[b])
    hit = touch(
        me[X], me[Y], me[YAW], me[LENGTH], me[WIDTH],
        other[X], other[Y], other[YAW], other[LENGTH], other[WIDTH],
        mine.vx - its.vx, mine.vy - its.vy,
    )  # fmt: skip
    if hit.depth <= 0.0:
        return count
    after, its_after, jx, jy = collide_bodies(mine, its, hit)
    if jx != 0.0 or jy != 0.0:
        _obey(me, motors[a], after)
        _obey(other, motors[b], its_after)
        count = _note(hits, count, a, b, jx, jy)
    _part(me, other, mine, its, hit)
    return count


@kernel
def _meet_statics(
    a: int, actors: FloatArray, motors: FloatArray, statics: Statics, hits: FloatArray, count: int
) -> int:
    """Let an actor collide with the scenery's boxes near it."""
    me, motor = actors[a], motors[a]
    column = math.floor((me[X] - statics.origin[0]) / statics.cell)
    line = math.floor((me[Y] - statics.origin[1]) / statics.cell)
    if not (0 <= column < statics.shape[0] and 0 <= line < statics.shape[1]):
        return count
    cell = line * statics.shape[0] + column
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
        still = Body(np.float64(box[0]), np.float64(box[1]), 0.0, 0.0, 0.0, 0.0, 0.0)
        after, _, jx, jy = collide_bodies(mine, still, hit)
        if jx != 0.0 or jy != 0.0:
            _obey(me, motor, after)
            count = _note(hits, count, a, -1 - index, jx, jy)
        me[X] -= hit.nx * hit.depth
        me[Y] -= hit.ny * hit.depth
    return count


@kernel
def meet_all(actors: FloatArray, motors: FloatArray, statics: Statics, hits: FloatArray) -> int:
    """Let everybody collide; returns how many rows of `hits` were written."""
    count = 0
    for a in range(len(actors)):
        me = actors[a]
        if me[ALIVE] == 0.0 or motors[a, COLLIDE] == 0.0:
            continue
        reach = 0.5 * (me[LENGTH] + me[WIDTH])
        for b in range(a + 1, len(actors)):
            other = actors[b]
            if other[ALIVE] == 0.0 or motors[b, COLLIDE] == 0.0:
                continue
            dx, dy = other[X] - me[X], other[Y] - me[Y]
            far = reach + 0.5 * (other[LENGTH] + other[WIDTH])
            if dx * dx + dy * dy < far * far:
                count = _meet(a, b, actors, motors, hits, count)
        moves = me[SPEED] != 0.0 or me[SLIDE_X] != 0.0 or me[SLIDE_Y] != 0.0
        if motors[a, SIMULATE] > 0.0 and moves:
            count = _meet_statics(a, actors, motors, statics, hits, count)
    return count


@kernel
def overlaps_any(
    x: float, y: float, z: float, yaw: float, size: NDArray[np.float64], actors: FloatArray,
    statics: Statics,
) -> bool:  # fmt: skip
    """Whether a box of this length, width and height with its foot at z would stand in another."""
    for b in range(len(actors)):
        other = actors[b]
        if other[ALIVE] == 0.0 or other[Z] > z + size[2] or _is_over(z, other):
            continue
        hit = touch(
            x, y, yaw, size[0], size[1],
            other[X], other[Y], other[YAW], other[LENGTH], other[WIDTH], 0.0, 0.0,
        )  # fmt: skip
        if hit.depth > 0.0:
            return True
    for k in range(len(statics.boxes)):
        box = statics.boxes[k]
        if box[5] >= z + size[2] or box[6] <= z + CLEARANCE:
            continue
        dx, dy = box[0] - x, box[1] - y
        reach = 0.5 * (size[0] + size[1] + box[3] + box[4])
        if dx * dx + dy * dy > reach * reach:
            continue
        if touch(x, y, yaw, size[0], size[1], box[0], box[1], box[2], box[3], box[4], 0.0,
                 0.0).depth > 0.0:  # fmt: skip
            return True
    return False
