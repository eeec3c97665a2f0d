"""Place standard events on a route, where they make sense."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from roadworthy.sim.errors import EventError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.compile import build
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.street import Street

SPACING = 60.0  # [m] of route between the triggers of two events
START = 5.0  # [m] from the beginning of the route: the ego gets going
STEP = 5.0  # [m] between places that are tried
FINISH = 25.0  # [m] before the end of the route an event must be over


def stations_of(street: Street, kind: EventKind) -> NDArray[np.float64]:
    """Where on a street a kind may be tried, [m]."""
    if kind == EventKind.PARKING_EXIT:
        return np.zeros(1)
    return np.arange(START, street.length, STEP)


def places_of(street: Street, kind: EventKind) -> tuple[list[ScenarioEvent], str]:
    """All places of a street where an event of a kind can stand, and why not at the others."""
    found: list[ScenarioEvent] = []
    reasons: Counter[str] = Counter()
    for s in stations_of(street, kind):
        event = ScenarioEvent(kind, float(s))
        try:
            troupe = build(street, event)
        except EventError as error:
            reasons[str(error).split(": ", 1)[1]] += 1
            continue
        if troupe.ends <= street.length - FINISH:
            found.append(event)
    return found, reasons.most_common(1)[0][0] if reasons else "the route is too short"


def place_events(
    network: RoadNetwork, route: Route, kinds: Sequence[EventKind], seed: int
) -> list[ScenarioEvent]:
    """Place one event of each kind on a route, with their default parameters.

    Args:
        network: the town's roads.
        route: that the events are for.
        kinds: what shall happen; a kind may stand more than once.
        seed: picks among the places where each can stand.

    Returns:
        The events, sorted by place, with at least SPACING between the end of one and the trigger
        of the next.

    Raises:
        EventError: an event cannot stand anywhere on what is left of the route; it says why.
    """
    street = Street(network, route)
    draw = np.random.default_rng([seed, 0xE7E47])
    placed: list[tuple[float, float, ScenarioEvent]] = []
    for kind in kinds:
        places, reason = places_of(street, kind)
        spans = [(event.s, build(street, event).ends, event) for event in places]
        free = [
            span
            for span in spans
            if all(span[0] >= b + SPACING or span[1] + SPACING <= a for a, b, _ in placed)
        ]
        if not free:
            why = f"no room beside the others ({SPACING:.0f} m apart)" if spans else reason
            raise EventError(f"route {route.id} has no place for {kind}: {why}")
        placed.append(free[int(draw.integers(len(free)))])
    return [event for _, _, event in sorted(placed, key=lambda span: span[0])]
