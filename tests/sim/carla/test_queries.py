"""Questions about the world: rays, boxes, things."""

from __future__ import annotations

from typing import Any

import pytest

carla = pytest.importorskip("carla")


def test_a_point_is_projected_onto_the_road(world: Any) -> None:
    point = world.get_map().get_spawn_points()[0].location
    found = world.ground_projection(point + carla.Location(z=10.0), 50.0)
    assert found.label == carla.CityObjectLabel.Roads
    assert found.location.z == pytest.approx(0.0, abs=0.01)
    assert found.location.x == pytest.approx(point.x)


def test_a_ray_meets_a_car_and_then_the_road_below_it(world: Any, car: Any) -> None:
    above = car.get_location() + carla.Location(z=20.0)
    below = car.get_location() + carla.Location(z=-5.0)
    met = world.cast_ray(above, below)
    assert [each.label for each in met] == [carla.CityObjectLabel.Car, carla.CityObjectLabel.Roads]
    top = 2.0 * car.bounding_box.extent.z
    assert met[0].location.z == pytest.approx(top, abs=0.05)


def test_a_ray_into_the_sky_meets_nothing(world: Any, car: Any) -> None:
    above = car.get_location() + carla.Location(z=5.0)
    assert world.cast_ray(above, above + carla.Location(z=50.0)) == []
    assert world.project_point(above, carla.Vector3D(0, 0, 1), 50.0) is None


def test_the_buildings_have_boxes_that_rays_meet(world: Any) -> None:
    boxes = world.get_level_bbs(carla.CityObjectLabel.Buildings)
    assert len(boxes) > 20
    box = boxes[0]
    above = box.location + carla.Location(z=box.extent.z + 10.0)
    met = world.cast_ray(above, box.location)
    assert met[0].label == carla.CityObjectLabel.Buildings
    assert met[0].location.z == pytest.approx(box.location.z + box.extent.z, abs=0.05)


def test_the_things_of_the_map_have_names_and_labels(world: Any) -> None:
    things = world.get_environment_objects(carla.CityObjectLabel.Vegetation)
    assert things
    assert all(thing.type == carla.CityObjectLabel.Vegetation for thing in things)
    assert things[0].name in world.get_names_of_all_objects()
