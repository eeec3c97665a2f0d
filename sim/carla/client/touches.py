"""What the collision sensor of a server tells, counted by the rules of the embedded world.

See `roadworthy.sim.world.collision`: touches of one actor are one collision until it was let alone
for SAME_TIME; what hits a standing vehicle is noted and counts as nothing; and it is the ego's
fault where it moved towards the other.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any

from roadworthy.sim.carla.client.shadow import Shadow, shape_of
from roadworthy.sim.world.collision import SAME_TIME, STANDING
from roadworthy.sim.world.columns import MAX_HITS, Actor, Event, Hit, Kind

_KEPT = 64  # frames; a sensor's message comes a frame or two late at most
_EVENTS = {Kind.WALKER: Event.COLLISION_WALKER, Kind.PROP: Event.COLLISION_STATIC}


class Touches:
    """Notes and counts what touches the agent's vehicle."""

    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow
        self._last: dict[int, float] = {}  # [s] of the last touch, by the server's actor
        self._ticks: deque[tuple[int, float, float]] = deque(maxlen=_KEPT)

    def ticked(self, frame: int, speed: float) -> None:
        """A frame of the server was made, before which the vehicle went at `speed` [m/s]."""
        self._ticks.append((frame, float(self._shadow.batch.time[0]), speed))

    def note(self, touch: Any) -> None:
        """Note a carla.CollisionEvent of one of the last frames."""
        batch = self._shadow.batch
        frame, time, speed = next(
            (tick for tick in self._ticks if tick[0] == touch.frame), self._ticks[-1]
        )
        other = touch.other_actor
        number = 0 if other is None else int(other.id)
        fresh = time - self._last.get(number, -math.inf) >= SAME_TIME
        self._last[number] = time
        if not fresh:
            return
        shape = None if other is None else shape_of(other)
        kind = Kind.PROP if shape is None else shape.kind
        if abs(speed) >= STANDING:
            batch.events[0, _EVENTS.get(kind, Event.COLLISION_VEHICLE)] += 1
        count = int(batch.state.hit_count[0])
        if count >= MAX_HITS:
            return
        row = self._shadow.row_of(number)
        x, y, towards = self._where(row, speed)
        hit = batch.state.hits[0, count]
        hit[Hit.ACTOR], hit[Hit.KIND] = row, kind
        hit[Hit.IMPULSE_X], hit[Hit.IMPULSE_Y] = touch.normal_impulse.x, touch.normal_impulse.y
        hit[Hit.X], hit[Hit.Y] = x, y
        hit[Hit.TICK] = int(batch.frame[0]) - (self._ticks[-1][0] - frame)
        hit[Hit.FAULT] = float(towards >= STANDING)
        batch.state.hit_count[0] = count + 1

    def _where(self, row: int, speed: float) -> tuple[float, float, float]:
        """Place of a touch [m], and how fast the vehicle went towards it [m/s].

        A server tells of no place: it is taken where the other's box is nearest to our middle. What
        is no actor stands still, so whoever moves and touches it has moved towards it.
        """
        me = self._shadow.batch.actors[0, 0]
        if row <= 0:
            return float(me[Actor.X]), float(me[Actor.Y]), abs(speed)
        other = self._shadow.batch.actors[0, row]
        c, s = math.cos(other[Actor.YAW]), math.sin(other[Actor.YAW])
        dx, dy = float(me[Actor.X] - other[Actor.X]), float(me[Actor.Y] - other[Actor.Y])
        half, wide = 0.5 * float(other[Actor.LENGTH]), 0.5 * float(other[Actor.WIDTH])
        along = min(max(c * dx + s * dy, -half), half)
        aside = min(max(c * dy - s * dx, -wide), wide)
        x = float(other[Actor.X]) + c * along - s * aside
        y = float(other[Actor.Y]) + s * along + c * aside
        dx, dy = x - float(me[Actor.X]), y - float(me[Actor.Y])
        ahead = math.cos(me[Actor.YAW]) * dx + math.sin(me[Actor.YAW]) * dy
        return x, y, speed * ahead / max(math.hypot(dx, dy), 1e-6)
