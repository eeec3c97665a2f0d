from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roadworthy.sim.road.network import MarkType
from roadworthy.sim.scenery.layout import Box, Prop
from roadworthy.sim.sensors.events import (
    _swept,
    sense_marks,
    sense_obstacle,
    sense_touches,
)
from roadworthy.sim.sensors.specs import ObstacleSpec
from roadworthy.sim.world.columns import Actor, Ego, Event, Hit, Kind

NO_BOXES = np.zeros((0, len(Box)), np.float32)


def test_a_touch_tells_whom_where_and_how_hard() -> None:
    row = np.zeros(len(Hit), np.float32)
    row[[Hit.ACTOR, Hit.KIND, Hit.IMPULSE_X, Hit.X, Hit.TICK]] = 4, Kind.VAN, -900.0, 12.5, 88
    (touch,) = sense_touches(row[None])
    assert (touch.number, touch.actor, touch.box, touch.kind) == (88, 4, -1, Kind.VAN)
    assert touch.impulse == (-900.0, 0.0, 0.0)
    assert touch.place == (12.5, 0.0)
    assert not touch.at_fault
    row[[Hit.ACTOR, Hit.KIND, Hit.FAULT]] = -8, Prop.TREE, 1.0
    (touch,) = sense_touches(row[None])
    assert (touch.actor, touch.box, touch.at_fault) == (-1, 7, True)
    assert sense_touches(row[None][:0]) == ()


def test_crossed_marks_are_told_by_kind() -> None:
    ego, events = np.zeros(len(Ego), np.float32), np.zeros(len(Event), np.int32)
    assert sense_marks(ego, events) == ()
    ego[Ego.LINE_CROSSED], events[Event.LANE_INVASION] = MarkType.SOLID, 1
    assert sense_marks(ego, events) == (MarkType.SOLID,)


def test_an_obstacle_is_as_far_as_the_ball_goes(street: Any) -> None:
    spec = ObstacleSpec()
    actors = street.actors(street.row(106.0, 1.75))  # rear at x = 104; the ball begins at 100
    found = sense_obstacle(actors, NO_BOXES, spec)
    assert found is not None
    assert found.distance == pytest.approx(3.5)
    assert (found.actor, found.box) == (1, -1)
    # 2 m to the side, 1 m wide each way: the ball of 0.5 m passes.
    assert sense_obstacle(street.actors(street.row(106.0, 3.8)), NO_BOXES, spec) is None
    assert sense_obstacle(street.actors(street.row(108.0, 1.75)), NO_BOXES, spec) is None
    actors[1, Actor.ALIVE] = 0.0
    assert sense_obstacle(actors, NO_BOXES, spec) is None


def test_what_stands_still_counts_unless_only_movers_are_asked_for(street: Any) -> None:
    wall = np.zeros((2, len(Box)), np.float32)
    wall[:, [Box.X, Box.Y, Box.LENGTH, Box.WIDTH, Box.HEIGHT]] = 103.0, 1.75, 0.2, 4.0, 2.0
    wall[0, Box.Z] = 8.0  # on a bridge
    actors = street.actors()
    found = sense_obstacle(actors, wall, ObstacleSpec())
    assert found is not None
    assert (found.actor, found.box) == (-1, 1)
    assert found.distance == pytest.approx(3.0 - 0.1 - 0.5)
    assert sense_obstacle(actors, wall, ObstacleSpec(only_dynamics=True)) is None


@given(
    x=st.floats(-8, 8), y=st.floats(-8, 8), heading=st.floats(-3.2, 3.2), yaw=st.floats(-3.2, 3.2)
)
def test_a_disc_touches_a_box_exactly_where_it_stops(
    x: float, y: float, heading: float, yaw: float
) -> None:
    box = np.array([[0.0, 0.0, yaw, 4.0, 2.0]], np.float32)
    ahead = np.array([math.cos(heading), math.sin(heading)])
    start = np.array([x, y])
    way = float(_swept(start, ahead, 0.5, box)[0])

    def gap(distance: float) -> float:
        """Distance of the box from the disc's centre after so far a way."""
        px, py = start + distance * ahead
        c, s = math.cos(float(box[0, 2])), math.sin(float(box[0, 2]))
        u, v = abs(c * px + s * py), abs(c * py - s * px)
        return math.hypot(max(u - 2.0, 0.0), max(v - 1.0, 0.0))

    if way > 0.0:
        before = np.linspace(0.0, min(way, 25.0), 200, endpoint=False)
        assert min(gap(d) for d in before) >= 0.5 - 1e-5
    if way < math.inf:
        assert gap(way) <= 0.5 + 1e-5
