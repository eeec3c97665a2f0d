"""Emergency vehicles and events that are not cleared, in a real world with an ego on rails."""

from __future__ import annotations

import math

import numpy as np
import pytest

from roadworthy.agents.evaluation.tally import Tally
from roadworthy.agents.evaluation.witness import Witness
from roadworthy.sim.road.route import Route, RoutePoint, RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind
from roadworthy.sim.scenario.place import place_events
from roadworthy.sim.town import Town
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Ego
from roadworthy.sim.world.settings import WorldSettings

EMPTY = WorldSettings(vehicles=0, walkers=0)
HOLD = np.array([[0.0, 1.0, 0.0]], np.float32)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


@pytest.fixture(scope="module")
def route(town: Town) -> Route:
    return max(random_routes(town.network, 20, 5), key=lambda r: r.length)


def world_of(town: Town, route: Route, event: ScenarioEvent) -> tuple[BatchWorld, Witness, Tally]:
    worlds = BatchWorld(town, RouteSet.of([route]), 1, settings=EMPTY, threads=1, events=[[event]])
    witness = Witness(worlds)
    return worlds, witness, witness.tally(0)


def glide(worlds: BatchWorld, s: float, lateral: float, speed: float) -> None:
    """Put the ego at `s` of its route, `lateral` metres to the right, and let one step pass."""
    points = worlds.routes.routes[0].points
    x, y, z, yaw = (float(np.interp(s, points[:, RoutePoint.S], points[:, c])) for c in range(4))
    place = x - math.sin(yaw) * lateral, y + math.cos(yaw) * lateral, z, yaw
    worlds.place_ego(0, place, speed)
    worlds.step(np.array([[0.4, 0.0, 0.0]], np.float32))


@pytest.mark.parametrize(
    ("speed", "lateral", "held"), [(5.0, 0.0, 1), (5.0, 1.2, 0), (12.0, 0.0, 0)],
    ids=["in its way", "at the side", "fast enough"],
)  # fmt: skip
def test_an_ambulance_behind_the_ego(
    town: Town, route: Route, speed: float, lateral: float, held: int
) -> None:
    event = place_events(town.network, route, [EventKind.YIELD_TO_EMERGENCY_VEHICLE], 1)[0]
    worlds, witness, tally = world_of(town, route, event)
    s = event.s - 2.0
    while s < route.length - 30.0 and s < event.s + 250.0:
        s += 0.1 * speed
        glide(worlds, s, lateral, speed)
        witness.look()
        tally.note(witness.step(0))
    tally.close()
    assert len(tally.infractions["yield_emergency_vehicle_infractions"]) == held


def test_who_stands_before_an_event_for_4_minutes_times_out_and_is_told_where(
    town: Town, route: Route
) -> None:
    event = place_events(town.network, route, [EventKind.PARKED_OBSTACLE_TWO_WAYS], 1)[0]
    worlds, witness, tally = world_of(town, route, event)
    glide(worlds, event.s + 1.0, 0.0, 0.0)
    for _ in range(2420):
        worlds.step(HOLD)
        witness.look()
        tally.note(witness.step(0))
    (told,) = [one for one in tally.incidents if one.kind == "scenario_timeouts"]
    assert told.message == "Agent timed out a scenario (ParkedObstacleTwoWays)"
    assert told.time == pytest.approx(240.0, abs=0.5)
    assert told.route_s == pytest.approx(float(worlds.ego[0, Ego.ROUTE_S]), abs=2.0)
