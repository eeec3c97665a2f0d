"""Compile the events of all routes to the arrays that the kernels read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from roadworthy.sim.errors import EventError
from roadworthy.sim.road.network import RoadNetwork
from roadworthy.sim.road.route import Route, RouteSet
from roadworthy.sim.scenario import blocked, crossings, leads, sides, turns
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.script import Cast, Script, Stage, Waypoint, empty_script
from roadworthy.sim.scenario.street import Array, Street
from roadworthy.sim.scenario.trail import trail
from roadworthy.sim.scenario.troupe import Troupe

K = EventKind
KIND_NUMBER = {kind: number for number, kind in enumerate(EventKind)}


def _control_loss(troupe: Troupe) -> None:
    """The ego's steering is disturbed."""
    troupe.stage[Stage.SHAKE] = troupe.get("noise")
    troupe.stage[Stage.SHAKE_FROM] = troupe.here
    troupe.stage[Stage.SHAKE_TIME] = troupe.get("time")
    troupe.on_stage(troupe.here, 400.0)


BUILDERS: dict[EventKind, Callable[[Troupe], None]] = {
    K.CONTROL_LOSS: _control_loss,
    K.HARD_BREAK_ROUTE: leads.hard_brake,
    K.HIGHWAY_CUT_IN: leads.cut_in,
    K.STATIC_CUT_IN: lambda t: leads.pull_out(t, parked=False),
    K.PARKING_CUT_IN: lambda t: leads.pull_out(t, parked=True),
    K.DYNAMIC_OBJECT_CROSSING: lambda t: crossings.step_out(t, parked=False),
    K.PARKING_CROSSING_PEDESTRIAN: lambda t: crossings.step_out(t, parked=True),
    K.PEDESTRIAN_CROSSING: crossings.at_crosswalk,
    K.VEHICLE_TURNING_ROUTE: lambda t: crossings.behind_turn(t, bike=True),
    K.VEHICLE_TURNING_ROUTE_PEDESTRIAN: lambda t: crossings.behind_turn(t, bike=False),
    K.CONSTRUCTION_OBSTACLE: lambda t: blocked.construction(t, two_ways=False),
    K.CONSTRUCTION_OBSTACLE_TWO_WAYS: lambda t: blocked.construction(t, two_ways=True),
    K.ACCIDENT: lambda t: blocked.accident(t, two_ways=False),
    K.ACCIDENT_TWO_WAYS: lambda t: blocked.accident(t, two_ways=True),
    K.PARKED_OBSTACLE: lambda t: blocked.parked(t, two_ways=False),
    K.PARKED_OBSTACLE_TWO_WAYS: lambda t: blocked.parked(t, two_ways=True),
    K.VEHICLE_OPENS_DOOR_TWO_WAYS: blocked.door,
    K.OPPOSITE_VEHICLE_RUNNING_RED_LIGHT: lambda t: turns.from_side(t, signalized=True),
    K.OPPOSITE_VEHICLE_TAKING_PRIORITY: lambda t: turns.from_side(t, signalized=False),
    K.PRIORITY_AT_JUNCTION: turns.priority,
    K.SIGNALIZED_JUNCTION_LEFT_TURN: lambda t: turns.turn_through(t, left=True, signalized=True),
    K.SIGNALIZED_JUNCTION_RIGHT_TURN: lambda t: turns.turn_through(t, left=False, signalized=True),
    K.NON_SIGNALIZED_JUNCTION_LEFT_TURN: lambda t: turns.turn_through(
        t, left=True, signalized=False
    ),
    K.NON_SIGNALIZED_JUNCTION_RIGHT_TURN: lambda t: turns.turn_through(
        t, left=False, signalized=False
    ),
    K.MERGER_INTO_SLOW_TRAFFIC: turns.merge,
    K.ENTER_ACTOR_FLOW: turns.merge,
    K.BLOCKED_INTERSECTION: turns.blocked_exit,
    K.CROSSING_BICYCLE_FLOW: turns.bicycles,
    K.HAZARD_AT_SIDE_LANE: lambda t: sides.hazard(t, two_ways=False),
    K.HAZARD_AT_SIDE_LANE_TWO_WAYS: lambda t: sides.hazard(t, two_ways=True),
    K.INVADING_TURN: sides.invading,
    K.YIELD_TO_EMERGENCY_VEHICLE: sides.ambulance,
    K.PARKING_EXIT: sides.leave_parking,
}


def build(street: Street, event: ScenarioEvent, number: int = 0) -> Troupe:
    """Set one event on its street.

    Raises:
        EventError: it is not valid, or cannot stand there; the message says why.
    """
    event.validate(street.length)
    troupe = Troupe(event, street, number)
    builder = BUILDERS.get(event.kind)
    if builder is None:
        raise troupe.refuse("events of this kind are not built yet")
    builder(troupe)
    return troupe


def build_route(
    network: RoadNetwork, route: Route, events: Sequence[ScenarioEvent]
) -> list[Troupe]:
    """Set the events of one route, sorted by their place.

    Raises:
        EventError: one of them cannot stand where it should; the message names the route.
    """
    if not events:
        return []
    street = Street(network, route)
    ordered = sorted(events, key=lambda e: (e.s, str(e.kind)))
    try:
        return [build(street, event, number) for number, event in enumerate(ordered)]
    except EventError as error:
        raise EventError(f"route {route.id}: {error}") from None


def _give_slots(troupes: list[Troupe]) -> int:
    """Give each actor a slot that is free while its event is on stage; return how many."""
    free_from: list[float] = []
    for troupe in troupes:
        begin, end = troupe.stage[Stage.PLACE_S], troupe.stage[Stage.FREE_S]
        for row in troupe.cast:
            slot = next((k for k, free in enumerate(free_from) if free < begin), len(free_from))
            if slot == len(free_from):
                free_from.append(end)
            free_from[slot] = end
            row[Cast.SLOT] = float(slot)
    return len(free_from)


def compile_events(
    network: RoadNetwork, routes: RouteSet, events: Sequence[Sequence[ScenarioEvent]] | None
) -> tuple[Script, int, int]:
    """Compile the events of all routes.

    Args:
        network: the town's roads.
        routes: what the egos drive.
        events: one list per route; None for none at all.

    Returns:
        The script, the slots that staged actors need, and the most events of one route.

    Raises:
        EventError: there is not one list per route, or an event cannot stand where it should.
    """
    count = len(routes.routes)
    if events is None:
        return empty_script(count), 0, 0
    if len(events) != count:
        raise EventError(f"{len(events)} lists of events for {count} routes; give one per route")
    start: list[int] = [0]
    stages: list[Array] = []
    cast: list[Array] = []
    points: list[Array] = []
    lights: list[tuple[int, int]] = []
    slots = most = at = 0
    for route, own in zip(routes.routes, events, strict=True):
        troupes = build_route(network, route, own)
        slots, most = max(slots, _give_slots(troupes)), max(most, len(troupes))
        for troupe in troupes:
            stage = np.zeros(len(Stage))
            stage[Stage.KIND] = KIND_NUMBER[troupe.event.kind]
            stage[Stage.CAST_FIRST], stage[Stage.LIGHT_FIRST] = len(cast), len(lights)
            for column, value in troupe.stage.items():
                stage[column] = value
            for row, (line, slow) in zip(troupe.cast, troupe.paths, strict=True):
                path = trail(network, line, slow=slow)
                member = np.zeros(len(Cast))
                for name, number in row.items():
                    member[name] = number
                member[Cast.FIRST], member[Cast.LAST] = at, at + len(path)
                at += len(path)
                cast.append(member)
                points.append(path)
            lights.extend(troupe.lights)
            stage[Stage.CAST_LAST], stage[Stage.LIGHT_LAST] = len(cast), len(lights)
            stages.append(stage)
        start.append(len(stages))
    script = Script(
        np.array(start, np.int32),
        np.array(stages, np.float32).reshape(-1, len(Stage)),
        np.array(cast, np.float32).reshape(-1, len(Cast)),
        np.concatenate([np.zeros((0, len(Waypoint))), *points]).astype(np.float32),
        np.array(lights, np.int32).reshape(-1, 2),
    )
    return script, slots, most
