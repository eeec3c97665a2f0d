from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from roadworthy.sim.errors import SettingsError, WorldError
from roadworthy.sim.frame import Control
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario, weather_at
from roadworthy.sim.scenario.story import Story, Telling, Verdict
from roadworthy.sim.town import Town
from roadworthy.sim.weather import PRESETS
from roadworthy.sim.world.columns import Actor, Ego, Event, Hit, Kind, Mover
from roadworthy.sim.world.guests import Body, Guests
from roadworthy.sim.world.settings import WorldSettings
from roadworthy.sim.world.world import World

CAR = Body(Kind.CAR, 4.5, 1.9, 1.5, 1500.0, 3)
GO, HOLD = Control(throttle=0.7), Control(brake=1.0)


@pytest.fixture(scope="module")
def town() -> Town:
    return load_town("Rivertown")


def scene(town: Town, guests: int = 2, vehicles: int = 0) -> World:
    route = random_routes(town.network, 1, 4, min_length=200.0, max_length=400.0)[0]
    settings = WorldSettings(vehicles=vehicles, walkers=0, guests=guests)
    return World(town, route, settings=settings)


def ahead_xy(world: World, distance: float) -> tuple[float, float, float]:
    row = world.actors[0]
    x, y, yaw = (float(row[c]) for c in (Actor.X, Actor.Y, Actor.YAW))
    return x + distance * np.cos(yaw), y + distance * np.sin(yaw), yaw


def test_a_guest_stays_where_it_is_put_until_it_leaves(town: Town) -> None:
    world = scene(town)
    guests = Guests(world.batch)
    x, y, _, yaw = *ahead_xy(world, 40.0)[:2], 0.0, 0.0
    actor = guests.enter(CAR, x, y, 0.0, yaw)
    assert actor in guests.slots
    before = guests.row(actor).copy()
    for _ in range(20):
        world.step(HOLD)
    np.testing.assert_array_equal(guests.row(actor)[: Actor.LENGTH], before[: Actor.LENGTH])
    assert guests.row(actor)[Actor.MOVER] == Mover.CLIENT
    guests.leave(actor)
    assert guests.row(actor)[Actor.ALIVE] == 0.0
    assert guests.enter(CAR, x, y, 0.0, yaw) == actor


def test_the_ego_hits_a_guest_in_its_way_and_is_told_once(town: Town) -> None:
    world = scene(town)
    guests = Guests(world.batch)
    x, y, yaw = ahead_xy(world, 15.0)
    actor = guests.enter(CAR, x, y, 0.0, yaw)
    touches = 0
    for _ in range(60):
        world.step(GO)
        touches += world.events.get(Event.COLLISION_VEHICLE, 0)
        if touches:
            assert world.batch.hits[0, 0, Hit.ACTOR] == actor
            break
    assert touches == 1


def test_who_is_no_guest_is_not_moved(town: Town) -> None:
    world = scene(town, guests=1, vehicles=3)
    guests = Guests(world.batch)
    with pytest.raises(WorldError, match="is no guest"):
        guests.row(1)
    guests.enter(CAR, *ahead_xy(world, 40.0)[:2], 0.0, 0.0)
    with pytest.raises(WorldError, match="taken"):
        guests.enter(CAR, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(WorldError):
        guests.move(guests.slots[0], float("nan"), 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(WorldError, match="above 0"):
        guests.enter(Body(Kind.CAR, 0.0, 1.0, 1.0, 1.0), 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(WorldError, match="guests is 0"):
        Guests(scene(town, guests=0).batch).row(1)


@pytest.mark.parametrize("count", [2.5, -1, 1001, "3"])
def test_a_number_of_guests_that_makes_no_world_is_told(count: object) -> None:
    with pytest.raises(SettingsError, match="guests"):
        WorldSettings(guests=count).validate()  # type: ignore[arg-type]


class Parade:
    """A guest that comes along the ego's line, tick by tick."""

    name, guests = "parade", 1

    def begin(self, world: World) -> Telling:
        return _Parading(world)

    def source(self) -> Mapping[str, str]:
        return {}


class _Parading:
    def __init__(self, world: World) -> None:
        self._world, self._guests, self.ticks = world, Guests(world.batch), 0
        self.seen = np.zeros_like(world.batch.events[0])
        self._from = ahead_xy(world, 30.0)
        self._actor = self._guests.enter(CAR, self._from[0], self._from[1], 0.0, self._from[2])

    def tick(self) -> None:
        self.ticks += 1
        x, y, yaw = self._from
        on = 0.05 * 5.0 * self.ticks
        self._guests.move(self._actor, x + on * np.cos(yaw), y + on * np.sin(yaw), 0.0, yaw, 5.0)

    def ticked(self) -> None:
        self.seen += self._world.batch.events[0]

    @property
    def over(self) -> str | None:
        return "enough" if self.ticks >= 100 else None

    def verdicts(self) -> list[Verdict]:
        return []


def test_a_story_acts_at_every_tick_and_the_step_has_all_events(town: Town) -> None:
    story = Parade()
    assert isinstance(story, Story)
    route = random_routes(town.network, 1, 4, min_length=200.0, max_length=400.0)[0]
    scenario = Scenario(route, WorldSettings(vehicles=6, walkers=2), story=story).validate()
    worlds = [World.of(scenario, town, 3) for _ in range(2)]
    told = np.zeros_like(worlds[0].batch.events[0])
    for _ in range(50):
        for world in worlds:
            world.step(replace(GO, steer=0.3))  # off the road, so that something happens
        told += worlds[0].batch.events[0]
    assert isinstance(worlds[0].telling, _Parading)
    np.testing.assert_array_equal(worlds[0].telling.seen, told)  # each tick's events, once
    assert told.sum() > 0
    assert worlds[0].telling.over == "enough"
    np.testing.assert_array_equal(worlds[0].actors, worlds[1].actors)
    assert worlds[0].frame == 100


def test_an_ego_that_is_put_elsewhere_is_found_on_its_route(town: Town) -> None:
    world = scene(town)
    point = world.route.points[len(world.route.points) // 2]
    x, y, z, yaw = (float(v) for v in point[:4])
    world.batch.place_ego(0, (x, y, z, yaw), 4.0)
    world.step(HOLD)
    assert world.ego[Ego.ROUTE_S] == pytest.approx(world.route.length / 2, abs=15.0)


def test_the_weather_changes_between_the_places_of_the_route() -> None:
    dry, wet = PRESETS["ClearNoon"], PRESETS["HardRainNoon"]
    weathers = [(0.0, dry), (0.5, dry), (1.0, wet)]
    assert weather_at(weathers, 0.3) == dry
    assert weather_at(weathers, 0.75).precipitation == pytest.approx(50.0)
    assert weather_at(weathers, 1.0) == wet
    assert weather_at([(0.2, wet)], 0.0) == wet
