"""Events as users write them: validated, placed, compiled, repeatable."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from roadworthy.sim.errors import EventError
from roadworthy.sim.frame import Control
from roadworthy.sim.road.route import RouteSet
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.scenario.catalogue import CATALOGUE, SUPPORTED
from roadworthy.sim.scenario.compile import BUILDERS, compile_events
from roadworthy.sim.scenario.event import ScenarioEvent
from roadworthy.sim.scenario.kinds import EventKind, Support
from roadworthy.sim.scenario.place import SPACING, place_events
from roadworthy.sim.scenario.script import Cast, Stage
from roadworthy.sim.scenario.table import table
from roadworthy.sim.world.batch import BatchWorld
from roadworthy.sim.world.columns import Actor, Mover
from roadworthy.sim.world.settings import WorldSettings

from .drill import drill, routes_of, stand, town_of

K = EventKind
DOCS = Path(__file__).resolve().parents[3] / "docs" / "events.md"


def test_the_page_of_events_has_the_catalogue_as_it_is() -> None:
    assert table() in DOCS.read_text("utf-8")


def test_every_kind_is_in_the_catalogue_and_those_supported_can_be_built() -> None:
    assert set(CATALOGUE) == set(EventKind)
    assert {str(kind) for kind in BUILDERS} == {
        name for name, support in SUPPORTED.items() if support != Support.NO
    }


@pytest.mark.parametrize("kind", list(BUILDERS))
def test_defaults_lie_within_their_ranges(kind: EventKind) -> None:
    for param in CATALOGUE[kind].params:
        assert param.low <= param.default <= param.high


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (ScenarioEvent(K.ACCIDENT, -1.0), "stands at -1 m"),
        (ScenarioEvent(K.ACCIDENT, 400.0), "of a route of 300 m"),
        (ScenarioEvent(K.ACCIDENT, 10.0, {"hold": 1.0}), "no parameter 'hold'; it has distance"),
        (
            ScenarioEvent(K.ACCIDENT, 10.0, {"distance": 5.0}),
            "distance is 5; it must be in 40..150",
        ),
        (ScenarioEvent(K.ACCIDENT, 10.0, {"distance": float("nan")}), "it must be in"),
        (ScenarioEvent(K.HIGHWAY_EXIT, 10.0), "not supported"),
    ],
)
def test_what_is_wrong_with_an_event_is_said(event: ScenarioEvent, says: str) -> None:
    with pytest.raises(EventError, match=says):
        event.validate(300.0)


def test_an_event_without_its_place_is_refused_with_the_reason() -> None:
    town, route = town_of("Rivertown"), routes_of("Rivertown")[0]
    with pytest.raises(EventError, match=r"neighbour lane|junction"):
        compile_events(
            town.network, RouteSet.of([route]), [[ScenarioEvent(K.PARKED_OBSTACLE, 100.0)]]
        )
    with pytest.raises(EventError, match="no place for HighwayCutIn"):
        place_events(town.network, route, [K.HIGHWAY_CUT_IN], 1)
    with pytest.raises(EventError, match="2 lists of events for 1 routes"):
        compile_events(town.network, RouteSet.of([route]), [[], []])


def test_events_are_placed_apart_and_by_their_seed() -> None:
    town = town_of("Rivertown")
    route = random_routes(town.network, 1, 3, min_length=700.0, max_length=1200.0)[0]
    kinds = [K.DYNAMIC_OBJECT_CROSSING, K.CONTROL_LOSS, K.VEHICLE_TURNING_ROUTE]
    events = place_events(town.network, route, kinds, 4)
    assert sorted(str(e.kind) for e in events) == sorted(str(kind) for kind in kinds)
    assert all(b.s - a.s >= SPACING for a, b in itertools.pairwise(events))
    assert events == place_events(town.network, route, kinds, 4)
    others = [place_events(town.network, route, kinds, seed) for seed in range(5, 9)]
    assert any(other != events for other in others)


def test_two_events_that_are_never_on_stage_together_share_their_slots() -> None:
    town = town_of("Rivertown")
    route, event = stand(K.DYNAMIC_OBJECT_CROSSING, "Rivertown")
    alone, slots, _ = compile_events(town.network, RouteSet.of([route]), [[event]])
    both, still, most = compile_events(
        town.network, RouteSet.of([route, route]), [[event], [event, event]]
    )
    assert slots == len(alone.cast) == 2
    assert most == 2
    assert still == 4  # at the same place both are on stage at once
    spans = [(row[Stage.PLACE_S], row[Stage.FREE_S]) for row in both.events]
    assert spans[0] == spans[1] == spans[2]
    assert sorted(both.cast[2:, Cast.SLOT]) == [0, 1, 2, 3]


def test_a_world_with_events_is_the_same_whatever_runs_beside_it() -> None:
    town = town_of("Rivertown")
    first, event = stand(K.PARKED_OBSTACLE_TWO_WAYS, "Rivertown")
    second, other = stand(K.HARD_BREAK_ROUTE, "Rivertown", 1)
    routes = RouteSet.of([first, second])
    settings = WorldSettings(vehicles=12, walkers=4)

    def run(worlds: int, begin: int) -> np.ndarray:
        batch = BatchWorld(
            town,
            routes,
            worlds,
            seed=3,
            settings=settings,
            first_index=begin,
            threads=1,
            events=[[event], [other]],
        )
        chosen = (np.arange(begin, begin + worlds) % 2).astype(np.int32)
        batch.reset(routes=chosen)
        for _ in range(250):
            accel = 2.0 * np.clip(7.0 - batch.actors[:, 0, 5], -2, 1).astype(np.float32)
            batch.step_plan(accel, np.zeros(worlds, np.float32))
        return np.concatenate([batch.actors.reshape(worlds, -1), batch.ego], 1)

    together = run(4, 0)
    for w in range(4):
        assert np.array_equal(together[w], run(1, w)[0])


def test_an_actor_that_was_hit_lies_there_for_a_while_and_goes() -> None:
    """A wreck of an event in a junction once stopped everybody for good."""
    world = drill(K.PARKED_OBSTACLE_TWO_WAYS, seconds=22.0).world
    first = 1 + world.batch.settings.vehicles
    alive = [a for a in range(first, len(world.actors)) if world.actors[a, Actor.ALIVE] > 0]
    assert alive
    world.actors[alive[0], Actor.MOVER] = Mover.LOOSE
    stay = Control(brake=1.0)
    for _ in range(150):
        world.step(stay)
    assert world.actors[alive[0], Actor.ALIVE] == 1.0
    for _ in range(100):
        world.step(stay)
    assert world.actors[alive[0], Actor.ALIVE] == 0.0
