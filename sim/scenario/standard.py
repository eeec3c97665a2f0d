"""Standard events: a route with as many different events as it has room for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from roadworthy.sim.errors import EventError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.catalogue import CATALOGUE
from roadworthy.sim.scenario.compile import build
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind, Support
from roadworthy.sim.scenario.place import FINISH, SPACING, stations_of
from roadworthy.sim.scenario.street import Street

APART = 150.0  # [m] of route for each event, on the whole
TRIES = 10  # places looked at before a kind is left out


def standard_events(
    network: RoadNetwork, route: Route, seed: int, apart: float = APART
) -> list[ScenarioEvent]:
    """Place events of different kinds on a route, one for about every `apart` metres.

    Args:
        network: the town's roads.
        route: that the events are for.
        seed: draws the kinds and their places.
        apart: [m] of route for each event.

    Returns:
        The events, sorted by place; none where nothing fits.
    """
    street = Street(network, route)
    draw = np.random.default_rng([seed, 0x57A4D])
    kinds = [kind for kind in EventKind if CATALOGUE[kind].support != Support.NO]
    wanted = max(int(route.length / apart), 1)
    taken: list[tuple[float, float, ScenarioEvent]] = []
    for k in draw.permutation(len(kinds)):
        if len(taken) == wanted:
            break
        span = _find_place(street, kinds[int(k)], taken, draw)
        if span is not None:
            taken.append(span)
    return [event for _, _, event in sorted(taken, key=lambda span: span[0])]


def _find_place(
    street: Street,
    kind: EventKind,
    taken: Sequence[tuple[float, float, ScenarioEvent]],
    draw: np.random.Generator,
) -> tuple[float, float, ScenarioEvent] | None:
    """Beginning, end and event at one of TRIES places that fits beside the others."""
    stations = stations_of(street, kind)
    for s in draw.permutation(stations)[:TRIES]:
        if any(a - SPACING < s < b + SPACING for a, b, _ in taken):
            continue
        event = ScenarioEvent(kind, float(s))
        try:
            ends = build(street, event).ends
        except EventError:
            continue
        if ends > street.length - FINISH:
            continue
        if all(s >= b + SPACING or ends + SPACING <= a for a, b, _ in taken):
            return event.s, ends, event
    return None
