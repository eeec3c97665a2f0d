"""Events of vehicles before the ego: hard brake, cut-in, pulling out."""

from __future__ import annotations

import math

import numpy as np

from roadworthy.sim.scenario.script import Minds, Mode
from roadworthy.sim.scenario.street import Array, Mark, cut, ease, shifted
from roadworthy.sim.scenario.troupe import CAR, VAN, Figure, Troupe
from roadworthy.sim.world.columns import Kind, Lamp

AHEAD = 45.0  # [m] before the ego where a leader appears
DRIVES_ON = 260.0  # [m] that a leader goes on after its act
CHANGE = 22.0  # [m] of a lane change at speed
PULL_OUT = 11.0  # [m] of the way out of a parking space


def _body(troupe: Troupe) -> Figure:
    return Figure(Kind.CAR, 4.6, 1.85, 1.5, 1600.0, (4 + 3 * troupe.number) % 16)


def with_yaw(line: Array) -> Array:
    """A line whose headings follow its points."""
    out = line.copy()
    step = np.gradient(out[:, :2], axis=0)
    out[:, Mark.YAW] = np.arctan2(step[:, 1], step[:, 0])
    return out


def hard_brake(troupe: Troupe) -> None:
    """The leader brakes, stands and drives on."""
    here = troupe.here
    troupe.need_plain(here - 30.0, here + 5.0)
    begin = troupe.event.s + AHEAD
    line = troupe.line(begin, here + DRIVES_ON)
    speed = troupe.limit(here)
    troupe.add(
        _body(troupe),
        line,
        Mode.LEAD,
        slow=False,
        begin_speed=0.6 * speed,
        top=1.05 * speed,
        accel=2.5,
        decel=troupe.get("deceleration"),
        hold=troupe.get("hold"),
        after=1.15 * speed,
        gap=troupe.get("gap"),
        meet_s=here,
        meet_path=here - begin,
        minds=Minds.LEADERS | Minds.LIGHTS,
        vanishes=1.0,
    )
    troupe.close(troupe.event.s + 25.0, here + 15.0)
    troupe.on_stage(here, DRIVES_ON)


def neighbour_side(troupe: Troupe, begin: float, end: float) -> bool:
    """On which side a neighbour lane accompanies the route: True at the right.

    Raises:
        EventError: on neither.
    """
    for right in (True, False):
        stations = np.linspace(begin, end, 5)
        if all(troupe.street.beside(float(s), right) >= 0 for s in stations):
            return right
    raise troupe.refuse("it needs a neighbour lane of the same direction")


def changing(troupe: Troupe, begin: float, change: float, length: float, aside: Array) -> Array:
    """A way that runs `aside` (a lateral per metre of its end) and changes to the ego's lane."""
    line = cut(troupe.street.line, begin, change + length + DRIVES_ON)
    share = ease((line[:, Mark.S] - change) / length)
    return with_yaw(shifted(line, float(aside[0]) * (1.0 - share)))


def cut_in(troupe: Troupe) -> None:
    """A vehicle on the neighbour lane keeps just ahead, changes lane, and slows down."""
    here = troupe.here
    troupe.need_plain(troupe.event.s, here + CHANGE + 10.0)
    begin = troupe.event.s + AHEAD
    right = neighbour_side(troupe, troupe.event.s, here + CHANGE)
    width = float(troupe.street.at(here)[Mark.WIDTH])
    line = changing(troupe, begin, here, CHANGE, np.array([width if right else -width]))
    speed = troupe.limit(here)
    troupe.add(
        _body(troupe),
        line,
        Mode.LEAD,
        slow=False,
        lamps_acting=Lamp.LEFT_BLINKER if right else Lamp.RIGHT_BLINKER,
        begin_speed=0.6 * speed,
        top=1.2 * speed,
        accel=2.5,
        decel=2.5,
        low=troupe.get("slowdown") * speed,
        hold=3.0,
        after=1.15 * speed,
        gap=troupe.get("gap"),
        meet_s=here,
        meet_path=here - begin,
        minds=Minds.LEADERS | Minds.LIGHTS,
        vanishes=1.0,
    )
    troupe.close(troupe.event.s + 25.0, here + 40.0)
    troupe.on_stage(here, DRIVES_ON)


def pull_out(troupe: Troupe, parked: bool) -> None:
    """A standing vehicle sets out and comes to the ego's lane before it."""
    here = troupe.here
    troupe.need_plain(here - 20.0, here + 35.0)
    if parked:
        aside, _ = troupe.street.roadside(here)
        right = True
    else:
        right = neighbour_side(troupe, here - 15.0, here + 30.0)
        width = float(troupe.street.at(here)[Mark.WIDTH])
        aside = width if right else -width
    for k in (-2, -1, 1) if not parked else (-1, 1):
        color = (2 + 4 * k + troupe.number) % 16
        body = Figure(Kind.CAR, 4.5, 1.8, 1.5, 1500.0, color)
        gap = (7.0 if parked else 9.5) if k > 0 else 7.4
        troupe.stand(VAN if k == -1 else body, here + gap * k, aside)
    line = changing(troupe, here, here + 0.5, PULL_OUT, np.array([aside]))
    speed = min(troupe.get("speed"), troupe.limit(here))
    troupe.add(
        CAR,
        line,
        Mode.GO,
        slow=False,
        lamps_acting=Lamp.LEFT_BLINKER if right else Lamp.RIGHT_BLINKER,
        top=speed,
        accel=2.0,
        act_time=troupe.get("reaction"),
        act_distance=4.0,
        meet_s=here,
        minds=Minds.LEADERS | Minds.LIGHTS,
        vanishes=1.0,
    )
    troupe.close(here - 45.0, here + 30.0)
    troupe.on_stage(here, DRIVES_ON)


def turn_of(line: Array) -> float:
    """How much a line turns [rad], positive to the right."""
    return float((line[-1, Mark.YAW] - line[0, Mark.YAW] + math.pi) % (2 * math.pi) - math.pi)
