"""Events that block the ego's lane: a building site, an accident, a parked vehicle, a door."""

from __future__ import annotations

from roadworthy.sim.scenario.script import Cast, Mode
from roadworthy.sim.scenario.street import Mark, shifted
from roadworthy.sim.scenario.troupe import (
    BARRIER,
    CAR,
    CONE,
    POLICE,
    VAN,
    WARNING,
    Figure,
    Troupe,
)
from roadworthy.sim.world.columns import Kind, Lamp, PropModel

ROOM = 25.0  # [m] of plain street before and behind what blocks the lane
DOOR = Figure(Kind.PROP, 0.12, 1.0, 1.2, 30.0, int(PropModel.BARRIER))
CONE_STEP = 3.0  # [m]


def _finish(troupe: Troupe, begin: float, end: float, two_ways: bool) -> None:
    """Check the place, keep traffic off it, and add the oncoming flow."""
    street = troupe.street
    troupe.need_plain(begin - ROOM, end + ROOM)
    if two_ways:
        for s in (begin - ROOM, begin, end, end + ROOM):
            if street.oncoming(s) is None:
                raise troupe.refuse("it needs an oncoming lane at the left")
        troupe.oncoming_flow(begin, end)
    else:
        for s in (begin - ROOM, begin, end, end + ROOM):
            if street.beside(s, True) < 0 and street.beside(s, False) < 0:
                raise troupe.refuse("it needs a neighbour lane of the same direction")
    troupe.close(begin - 75.0, end + 6.0)
    troupe.on_stage(end)


def construction(troupe: Troupe, two_ways: bool) -> None:
    """Sign, barriers and a row of cones."""
    begin, length = troupe.here, troupe.get("length")
    half = 0.5 * float(troupe.street.at(begin)[Mark.WIDTH])
    troupe.stand(WARNING, begin, 0.2)
    cones = max(int(length / CONE_STEP), 2)
    for k in range(cones):
        share = k / (cones - 1)
        troupe.stand(CONE, begin + 2.0 + share * (length - 4.0), -half + 0.5)
    troupe.stand(BARRIER, begin + 3.5, 0.3)
    troupe.stand(BARRIER, begin + length - 1.0, 0.3)
    _finish(troupe, begin, begin + length, two_ways)


def accident(troupe: Troupe, two_ways: bool) -> None:
    """A police car, and two vehicles that ran into each other."""
    begin = troupe.here
    troupe.stand(POLICE, begin + 2.5, 0.1)
    troupe.stand(CAR, begin + 11.0, 0.2, 0.25)
    troupe.stand(VAN, begin + 16.6, 0.0, -0.15)
    _finish(troupe, begin, begin + 19.5, two_ways)


def parked(troupe: Troupe, two_ways: bool) -> None:
    """A vehicle that is left in the lane."""
    begin = troupe.here
    blinkers = int(Lamp.LEFT_BLINKER | Lamp.RIGHT_BLINKER)
    body = Figure(Kind.CAR, 4.7, 1.9, 1.6, 1700.0, (9 + troupe.number) % 16, blinkers)
    troupe.stand(body, begin + 2.4, 0.35)
    _finish(troupe, begin, begin + 4.8, two_ways)


def door(troupe: Troupe) -> None:
    """A vehicle at the roadside whose left door opens when the ego is near."""
    begin = troupe.here
    aside, _ = troupe.street.roadside(begin)
    # It stands so close to the lane that an open door reaches into it.
    half = 0.5 * float(troupe.street.at(begin)[Mark.WIDTH])
    aside = min(aside, half + 0.5 * CAR.width + 0.05)
    car = troupe.stand(CAR, begin + 2.3, aside)
    car[Cast.MODE] = float(Mode.GO)  # it acts, but goes nowhere: its lamps show the door
    reach = {
        Cast.MEET_S: begin + 2.5,
        Cast.ACT_TIME: troupe.get("reaction"),
        Cast.ACT_DISTANCE: 2.0,
    }
    car |= reach
    car[Cast.LAMPS_ACTING] = float(Lamp.DOOR_LEFT)
    at = shifted(troupe.street.at(begin + 2.9)[None], aside - 0.5 * CAR.width - 0.5)
    leaf = troupe.add(DOOR, at, Mode.DOOR)
    leaf |= reach
    _finish(troupe, begin, begin + 4.8, True)
