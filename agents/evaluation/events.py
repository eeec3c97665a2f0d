"""Scenario events by what the user says: none, the standard ones, or kinds by name."""

from __future__ import annotations

from roadworthy.sim.errors import SettingsError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.place import place_events
from roadworthy.sim.scenario.standard import standard_events

NONE, STANDARD = "none", "standard"


def kinds_of(wanted: str) -> list[EventKind]:
    """Kinds that are named, with commas between them; none for NONE and STANDARD.

    Raises:
        SettingsError: there is no such kind.
    """
    if wanted in (NONE, STANDARD):
        return []
    names = [name.strip() for name in wanted.split(",")]
    unknown = sorted(set(names) - {kind.value for kind in EventKind})
    if unknown:
        raise SettingsError(
            f"--events: there is no event {', '.join(unknown)}; take {NONE}, {STANDARD}, or some "
            f"of {', '.join(EventKind)}"
        )
    return [EventKind(name) for name in names]


def events_on(
    wanted: str, network: RoadNetwork, route: Route, seed: int
) -> tuple[ScenarioEvent, ...]:
    """Place events on a route.

    Args:
        wanted: NONE, STANDARD, or kinds by their names, with commas between them.
        network: the town's roads.
        route: where they shall happen.
        seed: draws kinds and places.

    Raises:
        EventError: an event that is named has no place on the route.
        SettingsError: there is no such kind.
    """
    if wanted == STANDARD:
        return tuple(standard_events(network, route, seed))
    return tuple(place_events(network, route, kinds_of(wanted), seed))
