"""Sensors that speak up when something happens: collision, lane invasion, obstacle."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.frame import Obstacle, Touch
from roadworthy.sim.road.network import MarkType
from roadworthy.sim.scenery.layout import Box
from roadworthy.sim.sensors.specs import ObstacleSpec
from roadworthy.sim.world.columns import Actor, Ego, Event, Hit

FloatArray = NDArray[np.float32]

_ACTOR_BOX = [Actor.X, Actor.Y, Actor.YAW, Actor.LENGTH, Actor.WIDTH]
_BOX = [Box.X, Box.Y, Box.YAW, Box.LENGTH, Box.WIDTH]
STOREY = 3.0  # [m] what is higher or lower is on another level


def sense_touches(hits: FloatArray) -> tuple[Touch, ...]:
    """What touched the ego in the last step, from rows of `State.hits` [N, Hit]."""
    return tuple(
        Touch(
            number=int(row[Hit.TICK]),
            actor=max(-1, int(row[Hit.ACTOR])),
            box=max(-1, -1 - int(row[Hit.ACTOR])),
            kind=int(row[Hit.KIND]),
            impulse=(float(row[Hit.IMPULSE_X]), float(row[Hit.IMPULSE_Y]), 0.0),
            place=(float(row[Hit.X]), float(row[Hit.Y])),
            at_fault=bool(row[Hit.FAULT] > 0.5),
        )
        for row in hits
    )


def sense_marks(ego: FloatArray, events: NDArray[np.int32]) -> tuple[MarkType, ...]:
    """Lane marks that the ego crossed in the last step.

    Args:
        ego: one world's ego row, [Ego].
        events: one world's counts, [Event].

    Returns:
        One entry per mark. The world keeps the kind of the last one alone, which stands for all.
    """
    last = MarkType(int(ego[Ego.LINE_CROSSED]))
    return (last,) * int(events[Event.LANE_INVASION])


def sense_obstacle(actors: FloatArray, boxes: FloatArray, spec: ObstacleSpec) -> Obstacle | None:
    """Push a ball ahead of the ego and tell what it touches first.

    Source: CARLA, ObstacleDetectionSensor.cpp: a sphere is swept along the sensor's x axis; the
    distance is how far its centre went. Bodies are taken as upright boxes here.

    Args:
        actors: one world's actors, [A, Actor]; row 0 carries the sensor.
        boxes: of the Scenery, [B, Box].
        spec: of the sensor.
    """
    me = actors[0]
    c, s = math.cos(float(me[Actor.YAW])), math.sin(float(me[Actor.YAW]))
    start = np.array(
        [me[Actor.X] + c * spec.x - s * spec.y, me[Actor.Y] + s * spec.x + c * spec.y], np.float64
    )
    ahead = np.array([c, s])
    others = actors[1:]
    best, actor, box = spec.distance, -1, -1
    alive = others[:, Actor.ALIVE] > 0.5
    alive &= np.abs(others[:, Actor.Z] - me[Actor.Z]) < STOREY
    if alive.any():
        way = _swept(start, ahead, spec.hit_radius, others[alive][:, _ACTOR_BOX])
        nearest = int(np.argmin(way))
        if way[nearest] <= best:
            best, actor = float(way[nearest]), 1 + int(np.flatnonzero(alive)[nearest])
    if not spec.only_dynamics and len(boxes):
        level = (boxes[:, Box.Z] < me[Actor.Z] + STOREY) & (
            boxes[:, Box.Z] + boxes[:, Box.HEIGHT] > me[Actor.Z]
        )
        if level.any():
            way = _swept(start, ahead, spec.hit_radius, boxes[level][:, _BOX])
            nearest = int(np.argmin(way))
            if way[nearest] < best:
                best, actor, box = float(way[nearest]), -1, int(np.flatnonzero(level)[nearest])
    return None if actor < 0 and box < 0 else Obstacle(distance=best, actor=actor, box=box)


def _swept(
    start: NDArray[np.float64], ahead: NDArray[np.float64], radius: float, boxes: FloatArray
) -> NDArray[np.float64]:
    """How far a disc goes until it touches each box (x, y, yaw, length, width), [N]; inf: never.

    The disc touches a box where its centre enters the box grown by the radius with round corners:
    two boxes, grown along one axis each, and a circle around each corner.
    """
    rows = boxes.astype(np.float64)
    c, s = np.cos(rows[:, 2]), np.sin(rows[:, 2])
    dx, dy = start[0] - rows[:, 0], start[1] - rows[:, 1]
    x, y = c * dx + s * dy, c * dy - s * dx
    u, v = c * ahead[0] + s * ahead[1], c * ahead[1] - s * ahead[0]
    half = 0.5 * rows[:, 3], 0.5 * rows[:, 4]
    ways = []
    for grow_x, grow_y in ((radius, 0.0), (0.0, radius)):
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            sides = [
                np.sort(np.stack([(-extent - p) / q, (extent - p) / q]), axis=0)
                for p, q, extent in ((x, u, half[0] + grow_x), (y, v, half[1] + grow_y))
            ]
        # Parallel to a side: inside of it for ever, or never.
        for side, p, q, extent in zip(
            sides, (x, y), (u, v), (half[0] + grow_x, half[1] + grow_y), strict=True
        ):
            still = np.abs(q) < 1e-12
            side[0, still] = np.where(np.abs(p[still]) <= extent[still], -np.inf, np.inf)
            side[1, still] = -side[0, still]
        enter = np.maximum(sides[0][0], sides[1][0])
        leave = np.minimum(sides[0][1], sides[1][1])
        ways.append(np.where((enter <= leave) & (leave >= 0.0), np.maximum(enter, 0.0), np.inf))
    for sign_x in (-1.0, 1.0):
        for sign_y in (-1.0, 1.0):
            px, py = x - sign_x * half[0], y - sign_y * half[1]
            along, square = px * u + py * v, px * px + py * py - radius * radius
            root = along * along - square
            enter = -along - np.sqrt(np.maximum(root, 0.0))
            leave = -along + np.sqrt(np.maximum(root, 0.0))
            ways.append(np.where((root >= 0.0) & (leave >= 0.0), np.maximum(enter, 0.0), np.inf))
    return np.asarray(np.min(ways, axis=0))
