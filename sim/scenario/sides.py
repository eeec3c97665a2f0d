"""Events of who moves along the ego's lane or beside it: cyclists, oncoming, an ambulance."""

from __future__ import annotations

from roadworthy.sim.scenario.leads import with_yaw
from roadworthy.sim.scenario.script import Minds, Mode, Stage
from roadworthy.sim.scenario.street import Mark, cut, ease, shifted
from roadworthy.sim.scenario.troupe import AMBULANCE, BIKE, CAR, VAN, Troupe, opposite_line

CYCLISTS = 3
LEAVE = 12.0  # [m] of the way from the lane to the roadside
CHASE_ON = 420.0  # [m] that an ambulance drives


def hazard(troupe: Troupe, two_ways: bool) -> None:
    """Slow cyclists at the right side of the lane."""
    street, here, speed = troupe.street, troupe.here, troupe.get("speed")
    drive = troupe.get("drive_distance")
    troupe.need_plain(here - 20.0, here + 20.0)
    if two_ways:
        if street.oncoming(here) is None:
            raise troupe.refuse("it needs an oncoming lane at the left")
    elif street.beside(here, False) < 0 and street.beside(here, True) < 0:
        raise troupe.refuse("it needs a neighbour lane of the same direction")
    half = 0.5 * float(street.at(here)[Mark.WIDTH])
    for k in range(CYCLISTS):
        begin = here + 5.0 * k
        end = begin + drive
        line = cut(street.line, begin, end + LEAVE + 4.0)
        aside = half - 0.6 + 2.2 * ease((line[:, Mark.S] - end) / LEAVE)
        troupe.add(
            BIKE,
            with_yaw(shifted(line, aside)),
            Mode.GO,
            begin_speed=speed,
            top=speed,
            accel=1.0,
            act_distance=1e6,
            minds=Minds.LEADERS,
        )
    if two_ways:
        troupe.oncoming_flow(here, here + drive)
    troupe.close(troupe.event.s + 25.0, here + drive + 10.0)
    troupe.on_stage(here + drive, 80.0)


def invading(troupe: Troupe) -> None:
    """Oncoming vehicles that come over the middle of the street."""
    here = troupe.here
    troupe.need_plain(here - 25.0, here + 25.0)
    path = opposite_line(troupe, here - 130.0, here + 60.0)
    s = path[:, Mark.S]
    inside = ease((s - s[0]) / 20.0) * ease((s[-1] - 60.0 - s) / 20.0)
    path = with_yaw(shifted(path, -troupe.get("offset") * inside))
    troupe.flow(path, CAR, int(troupe.get("count")), troupe.get("speed"), troupe.get("interval"))
    troupe.on_stage(here, 60.0)


def ambulance(troupe: Troupe) -> None:
    """It comes from behind, and passes as soon as the ego makes way or its patience ends."""
    street, s, behind = troupe.street, troupe.event.s, troupe.get("behind")
    first = float(street.line[0, Mark.S])
    if s - behind < first:
        raise troupe.refuse("the street behind the ego is too short; place it farther on")
    troupe.need_plain(s + 5.0, s + 60.0)
    wide = street.at(s + 30.0)[Mark.WIDTH]
    free = street.oncoming(s + 30.0) is not None or street.beside(s + 30.0, False) >= 0
    line = cut(street.line, s - behind, s + CHASE_ON)
    troupe.add(
        AMBULANCE,
        line,
        Mode.CHASE,
        slow=False,
        begin_speed=min(troupe.get("speed"), 10.0),
        top=troupe.get("speed"),
        accel=2.5,
        hold=troupe.get("patience"),
        gap=float(wide) if free else 0.6,
        meet_s=s,
        meet_path=behind,
        act_distance=1e6,
        minds=Minds.LEADERS,
        vanishes=1.0,
    )
    troupe.close(s - behind - 15.0, s - 4.0)
    troupe.on_stage(s + 120.0, CHASE_ON - 130.0)


def leave_parking(troupe: Troupe) -> None:
    """The ego begins between two parked vehicles."""
    street = troupe.street
    if troupe.event.s > 1.0:
        raise troupe.refuse("the ego can be parked only at the beginning of its route, s = 0")
    aside, kind = street.roadside(2.0)
    if kind is None:
        raise troupe.refuse("no parking lane or shoulder beside the route's beginning")
    front, back = troupe.get("front_vehicle_distance"), troupe.get("behind_vehicle_distance")
    troupe.stand(VAN, front, aside)
    if float(street.line[0, Mark.S]) <= -back:
        troupe.stand(CAR, -back, aside)
    path = cut(street.line, -120.0, 200.0)
    reach = float(-path[0, Mark.S])
    if reach > 45.0:
        speed, count = troupe.get("flow_speed"), int(troupe.get("count"))
        troupe.flow(path, CAR, count, speed, troupe.get("interval"))
    troupe.stage[Stage.START_LATERAL] = aside
    troupe.on_stage(front + 5.0, 200.0)
    troupe.stage[Stage.PLACE_S] = -1e6
