"""Props as scenarios use them."""

from __future__ import annotations

import math
from typing import Any

import pytest

carla = pytest.importorskip("carla")


def straight_spot(world: Any, length: float) -> Any:
    """A spawn point from which the road goes straight on."""
    map_ = world.get_map()
    for point in map_.get_spawn_points():
        ahead = map_.get_waypoint(point.location).next(length)
        turn = math.radians(ahead[0].transform.rotation.yaw - point.rotation.yaw)
        aside = (ahead[0].transform.location - point.location).dot(point.get_right_vector())
        if math.cos(turn) > 0.9999 and abs(aside) < 0.2:
            return point
    raise AssertionError("no straight road")


def test_litter_is_driven_over_and_cones_are_not(world: Any) -> None:
    # ScenarioRunner's ControlLoss strews static.prop.dirtdebris01 and counts collisions.
    library, here = world.get_blueprint_library(), straight_spot(world, 40.0)
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), here)
    hits: list[str] = []
    sensor = world.spawn_actor(
        library.find("sensor.other.collision"), carla.Transform(), attach_to=car
    )
    sensor.listen(lambda event: hits.append(event.other_actor.type_id))
    for name, distance in (("dirtdebris01", 12.0), ("constructioncone", 24.0)):
        place = carla.Transform(here.location + distance * here.get_forward_vector(), here.rotation)
        place.location.z = world.get_map().get_waypoint(place.location).transform.location.z
        world.spawn_actor(library.find(f"static.prop.{name}"), place)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    for _ in range(200):
        world.tick()
        if hits:
            break
    sensor.destroy()
    assert 20.0 < car.get_location().distance(here.location) < 24.0
    assert set(hits) == {"static.prop.constructioncone"}


def test_a_walker_hides_behind_a_vending_machine_as_scenarios_have_it(world: Any) -> None:
    # DynamicObjectCrossing: the machine at 0.9 of the way from the car to the walker.
    library = world.get_blueprint_library()
    here = world.get_map().get_spawn_points()[3]
    away = here.location + 13.0 * here.get_forward_vector() + 4.4 * here.get_right_vector()
    walker = world.try_spawn_actor(
        library.find("walker.pedestrian.0001"),
        carla.Transform(away + carla.Location(z=1.0), carla.Rotation(yaw=here.rotation.yaw - 90)),
    )
    assert walker is not None
    between = here.location + 0.9 * (away - here.location)
    machine = world.try_spawn_actor(
        library.find("static.prop.vendingmachine"),
        carla.Transform(between, carla.Rotation(yaw=here.rotation.yaw + 90)),
    )
    assert machine is not None
