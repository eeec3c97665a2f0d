"""Collisions on a server count by the rules of the embedded world."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
from carla_client import Served

from roadworthy.sim.carla.client.link import Address, Link
from roadworthy.sim.carla.client.world import CarlaWorld
from roadworthy.sim.frame import Control
from roadworthy.sim.road.routing import random_routes
from roadworthy.sim.road.towns import load_town
from roadworthy.sim.scenario.scenario import Scenario
from roadworthy.sim.world.collision import SAME_TIME
from roadworthy.sim.world.columns import Actor, Event, Hit
from roadworthy.sim.world.settings import WorldSettings

carla = pytest.importorskip("carla", reason="the carla wheel is not installed")

COLLISIONS = (Event.COLLISION_VEHICLE, Event.COLLISION_STATIC, Event.COLLISION_WALKER)


@pytest.fixture
def drive(emptied: Served) -> Iterator[CarlaWorld]:
    town = load_town("Rivertown")
    route = random_routes(town.network, 1, 5, min_length=120.0, max_length=250.0)[0]
    link = Link(Address("127.0.0.1", emptied.port))
    world = CarlaWorld(link, Scenario(route, WorldSettings(vehicles=0, walkers=0)), town)
    yield world
    world.close()


class Other:
    """A van of another client, some metres ahead of the agent's vehicle or behind it."""

    def __init__(self, served: Served, drive: CarlaWorld, ahead: float) -> None:
        world = served.client().get_world()
        me = drive.actors[0]
        yaw = float(me[Actor.YAW])
        x, y = (
            float(me[Actor.X]) + ahead * math.cos(yaw),
            float(me[Actor.Y]) + ahead * math.sin(yaw),
        )
        pose = carla.Transform(
            carla.Location(x, y, float(me[Actor.Z]) + 0.3), carla.Rotation(yaw=math.degrees(yaw))
        )
        self.heading = (math.cos(yaw), math.sin(yaw))
        self.actor: Any = world.spawn_actor(
            world.get_blueprint_library().find("vehicle.tesla.model3"), pose
        )

    def push(self, speed: float) -> None:
        c, s = self.heading
        self.actor.set_target_velocity(carla.Vector3D(speed * c, speed * s, 0.0))


def counted(world: CarlaWorld, control: Control, seconds: float, other: Other | None = None,
            push: float = 0.0) -> tuple[int, list[float]]:  # fmt: skip
    """Drive; how many collisions were counted, and of each hit whose fault it was."""
    events, faults = 0, []
    for _ in range(round(seconds / 0.1)):
        if other is not None and push:
            other.push(push)
        world.step(control)
        events += sum(world.events.get(kind, 0) for kind in COLLISIONS)
        hits = world.batch.hits[0, : world.batch.state.hit_count[0]]
        faults += [float(hit[Hit.FAULT]) for hit in hits]
    return events, faults


def test_who_drives_into_another_is_at_fault_and_it_counts_once(
    served: Served, drive: CarlaWorld
) -> None:
    other = Other(served, drive, 9.0)
    try:
        events, faults = counted(drive, Control(throttle=0.6), 4.0)
        assert (events, faults) == (1, [1.0])
    finally:
        other.actor.destroy()


def test_touches_of_the_same_actor_are_one_collision_for_as_long_as_in_process(
    served: Served, drive: CarlaWorld
) -> None:
    other = Other(served, drive, 9.0)
    touched: list[float] = []
    sensor = listen(served, drive, touched)
    try:
        events = 0
        while not events and drive.time < 5.0:
            events += counted(drive, Control(throttle=0.6), 0.1)[0]
        events += counted(drive, Control(throttle=0.4, reverse=True), 1.0)[0]
        last = max(touched)
        while drive.time < last + 2.4:
            events += counted(drive, Control(brake=1.0), 0.1)[0]
        while max(touched) == last:
            events += counted(drive, Control(throttle=0.8), 0.1)[0]
        assert 2.4 < max(touched) - last < SAME_TIME
        assert events == 1
        events += counted(drive, Control(throttle=0.4, reverse=True), 1.0)[0]
        last = max(touched)
        while drive.time < last + SAME_TIME:
            events += counted(drive, Control(brake=1.0), 0.1)[0]
        assert events == 1
        while max(touched) == last:
            events += counted(drive, Control(throttle=0.8), 0.1)[0]
        assert events == 2
    finally:
        sensor.stop()
        sensor.destroy()
        other.actor.destroy()


def listen(served: Served, drive: CarlaWorld, touched: list[float]) -> Any:
    """A collision sensor of our own on the agent's vehicle, which notes when something touches."""
    world = served.client().get_world()
    drive.step(Control(brake=1.0))  # a client knows of actors after a tick
    hero = next(a for a in world.get_actors() if a.attributes.get("role_name") == "hero")
    blueprint = world.get_blueprint_library().find("sensor.other.collision")
    sensor = world.spawn_actor(blueprint, carla.Transform(), attach_to=hero)
    sensor.listen(lambda _: touched.append(drive.time))
    return sensor


def test_what_hits_a_standing_vehicle_is_noted_and_not_counted(
    served: Served, drive: CarlaWorld
) -> None:
    other = Other(served, drive, -9.0)
    try:
        counted(drive, Control(brake=1.0), 0.5)
        events, faults = counted(drive, Control(brake=1.0), 3.0, other, 5.0)
        assert faults == [0.0]
        assert events == 0
    finally:
        other.actor.destroy()


def test_who_is_hit_from_behind_while_it_drives_is_not_at_fault(
    served: Served, drive: CarlaWorld
) -> None:
    other = Other(served, drive, -9.0)
    try:
        counted(drive, Control(throttle=0.4), 0.6)
        events, faults = counted(drive, Control(throttle=0.2), 3.0, other, 10.0)
        assert faults == [0.0]
        assert events == 1
    finally:
        other.actor.destroy()
