"""Let an event of a route file stand on a route: at its trigger, or as near to it as can be.

The leaderboard's triggers lie where the ego notices; ours lie where the actors appear, which is
farther before. What counts is where it happens, so the trigger is moved first and the place last.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from roadworthy.sim.errors import EventError
from roadworthy.sim.scenario.catalogue import CATALOGUE
from roadworthy.sim.scenario.compile import build
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.street import Mark, Street, wrap

REACH = 4.0  # [m] beside the route's lane a trigger may lie; CARLA's lanes are up to 4 m wide
FACING = math.radians(60.0)  # a trigger of another direction is another lane's
AGAIN = 1.0  # [m] of two passes through the same place the first one counts
MOVES = (0.0, 5.0, -5.0, 10.0, -10.0, 15.0, -15.0, 20.0, -20.0)  # [m] of the place, tried in turn
STEP = 5.0  # [m] between triggers that are tried before a junction
BEFORE = 110.0  # [m] a trigger is moved back at most
CROSSWALK = 40.0  # [m] from our trigger to the nearest crosswalk that counts, see crossings.py
# Where it happens [m] behind the trigger, of scenarios that have no distance at the leaderboard:
# whoever drives there brakes or cuts in at once.
AT_ONCE = {EventKind.HARD_BREAK_ROUTE: 20.0, EventKind.HIGHWAY_CUT_IN: 40.0}
PARKED = 15.0  # [m] from the beginning of a route a parked ego may be meant to stand


def station_of(street: Street, x: float, y: float, yaw: float | None) -> tuple[float | None, float]:
    """Where on the route a trigger stands.

    Args:
        street: of the route.
        x: [m].
        y: [m].
        yaw: [rad] of the trigger; None where the file gives none.

    Returns:
        The place [m] along the route, None where the trigger is not on it; and how far the
        trigger is from the route [m].
    """
    line = street.line
    line = line[(line[:, Mark.S] >= 0.0) & (line[:, Mark.S] <= street.length)]
    away = np.hypot(line[:, Mark.X] - x, line[:, Mark.Y] - y)
    if yaw is not None:
        other = [abs(wrap(float(own) - yaw)) > FACING for own in line[:, Mark.YAW]]
        facing = np.where(other, np.inf, away)
    else:
        facing = away
    nearest = float(facing.min())
    if nearest > REACH:
        return None, float(away.min())
    first = int(np.flatnonzero(facing <= nearest + AGAIN)[0])
    # Walk on while it gets nearer: the first pass, but its nearest point.
    while first + 1 < len(facing) and facing[first + 1] < facing[first]:
        first += 1
    return float(line[first, Mark.S]), nearest


def stand(
    street: Street, kind: EventKind, s: float, params: Mapping[str, float]
) -> tuple[ScenarioEvent | None, list[str]]:
    """Place an event whose trigger is meant to be at `s`.

    Args:
        street: of the route.
        kind: what shall happen.
        s: [m] along the route.
        params: by the names of the catalogue; those out of range are brought into it.

    Returns:
        The event, None where it can stand nowhere near; and what is not as it was meant.
    """
    entry = CATALOGUE[kind]
    kept: dict[str, float] = {}
    notes: list[str] = []
    for name, value in params.items():
        known = entry.param(name)
        if known is None:
            continue
        kept[name] = min(max(value, known.low), known.high)
        if kept[name] != value and name != "distance":
            notes.append(f"{name} {value:.3g} is taken as {kept[name]:g}")
    why = ""
    wanted = params.get("distance")
    for event, move in _tries(street, kind, s, kept, wanted):
        try:
            build(street, event)
        except EventError as error:
            why = why or str(error).split(": ", 1)[-1]
            continue
        if abs(move) > 0.5:
            notes.insert(0, f"it stands {abs(move):.0f} m {'farther on' if move > 0 else 'before'}")
            notes[0] += f" ({why})" if why else ""
        return event, notes
    return None, [why or "the route is too short for it"]


def _tries(
    street: Street, kind: EventKind, s: float, params: Mapping[str, float], wanted: float | None
) -> Iterator[tuple[ScenarioEvent, float]]:
    """Events to try in turn, each with how far it stands from where it was meant [m]."""
    distance = CATALOGUE[kind].param("distance")
    if kind == EventKind.PARKING_EXIT:
        yield ScenarioEvent(kind, 0.0 if s <= PARKED else s, params), 0.0
    elif kind == EventKind.PEDESTRIAN_CROSSING:
        yield ScenarioEvent(kind, max(s - CROSSWALK, 0.0), params), 0.0
    elif distance is not None:
        meant = AT_ONCE.get(kind, distance.default) if wanted is None else wanted
        leads = dict.fromkeys((min(max(meant, distance.low), distance.high), distance.low))
        for move in MOVES:
            for lead in leads:
                trigger = s + meant + move - lead
                if 0.0 <= trigger < street.length:
                    yield ScenarioEvent(kind, trigger, {**params, "distance": lead}), move
    elif kind == EventKind.YIELD_TO_EMERGENCY_VEHICLE:
        for move in (*MOVES, 30.0, 40.0, 60.0):
            if 0.0 <= s + move < street.length:
                yield ScenarioEvent(kind, s + move, params), move
    else:
        junction = street.junction_after(s)
        for back in np.arange(0.0, min(BEFORE, s) + STEP, STEP):
            trigger = max(s - float(back), 0.0)
            if street.junction_after(trigger) == junction:  # else it would be an earlier one's
                yield ScenarioEvent(kind, trigger, params), 0.0
