"""What a client sees of the session: maps, settings, ticks, blueprints, actors."""

from __future__ import annotations

import math
from typing import Any

import pytest
from carla_client import Served, run, spawn

carla = pytest.importorskip("carla")


def test_client_and_server_are_of_one_version(client: Any) -> None:
    assert client.get_server_version() == client.get_client_version() == "0.9.16"


def test_a_world_ticks_in_synchronous_mode_by_its_fixed_step(world: Any) -> None:
    before = world.get_snapshot()
    frame = world.tick()
    after = world.get_snapshot()
    assert after.frame == frame == before.frame + 1
    assert after.timestamp.delta_seconds == pytest.approx(0.05)
    passed = after.timestamp.elapsed_seconds - before.timestamp.elapsed_seconds
    assert passed == pytest.approx(0.05)


def test_an_asynchronous_world_goes_on_by_itself(client: Any) -> None:
    client.load_world("Rivertown", True)  # resets the settings: asynchronous
    world = client.get_world()
    first = world.wait_for_tick(5.0)
    assert world.wait_for_tick(5.0).frame > first.frame


def test_an_asynchronous_world_steps_as_it_is_told_or_as_time_passes(client: Any) -> None:
    client.load_world("Rivertown", True)
    world = client.get_world()
    settings = world.get_settings()
    for fixed in (0.1, None):
        settings.fixed_delta_seconds = fixed
        world.apply_settings(settings)
        world.wait_for_tick(5.0)
        first, then = (world.wait_for_tick(5.0).timestamp for _ in range(2))
        assert then.delta_seconds == pytest.approx(fixed or 0.05, abs=1e-6 if fixed else 0.05)
        passed = then.elapsed_seconds - first.elapsed_seconds
        assert passed == pytest.approx(then.delta_seconds * (then.frame - first.frame), rel=0.5)
        assert passed > 0.0


def test_settings_come_back_as_they_were_set(world: Any) -> None:
    settings = world.get_settings()
    settings.fixed_delta_seconds = 0.02
    settings.max_substeps = 4
    settings.no_rendering_mode = True
    world.apply_settings(settings)
    again = world.get_settings()
    assert again.fixed_delta_seconds == pytest.approx(0.02)
    assert (again.max_substeps, again.no_rendering_mode) == (4, True)
    assert again.synchronous_mode


def test_the_library_has_what_scripts_pick(world: Any) -> None:
    library = world.get_blueprint_library()
    for name in (
        "vehicle.tesla.model3", "vehicle.lincoln.mkz_2020", "walker.pedestrian.0001",
        "sensor.lidar.ray_cast", "sensor.camera.rgb", "controller.ai.walker",
        "static.prop.streetbarrier",
    ):  # fmt: skip
        assert library.find(name).id == name
    vehicles = library.filter("vehicle.*")
    assert len(vehicles) > 35
    for blueprint in vehicles:
        assert blueprint.has_attribute("role_name")
        assert int(blueprint.get_attribute("number_of_wheels")) in (2, 4)
        assert blueprint.get_attribute("base_type").as_str()
    walker = library.find("walker.pedestrian.0001")
    assert len(walker.get_attribute("speed").recommended_values) == 3


def test_spawned_vehicles_have_the_sizes_of_their_models(world: Any, car: Any) -> None:
    extent = car.bounding_box.extent
    assert (extent.x, extent.y, extent.z) == pytest.approx((2.396, 1.082, 0.744), abs=1e-3)


def test_a_spawn_where_somebody_stands_is_refused_with_the_words_of_carla(
    world: Any, car: Any
) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    place = world.get_map().get_spawn_points()[3]
    assert world.try_spawn_actor(blueprint, place) is None
    with pytest.raises(RuntimeError, match="collision at spawn position"):
        world.spawn_actor(blueprint, place)


def test_every_spawn_point_is_on_a_driving_lane_and_free(world: Any) -> None:
    map_ = world.get_map()
    assert map_.name == "Carla/Maps/Rivertown"
    points = map_.get_spawn_points()
    assert len(points) > 100
    blueprint = world.get_blueprint_library().find("vehicle.audi.a2")
    for point in points[::8]:
        waypoint = map_.get_waypoint(point.location)
        assert waypoint.transform.location.distance(point.location) < 1.0
        turn = waypoint.transform.rotation.yaw - point.rotation.yaw
        assert math.cos(math.radians(turn)) > 0.95
        assert world.try_spawn_actor(blueprint, point) is not None


def test_actors_appear_in_the_list_and_leave_it(world: Any, car: Any) -> None:
    assert world.get_actors().find(car.id).type_id == "vehicle.tesla.model3"
    assert car.is_alive
    assert car.destroy()
    world.tick()
    assert not car.is_alive
    assert world.get_actors().find(car.id) is None


def test_attributes_that_were_asked_for_come_back(world: Any) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    blueprint.set_attribute("role_name", "hero")
    car = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[0])
    world.tick()
    assert world.get_actor(car.id).attributes["role_name"] == "hero"


def test_a_new_map_makes_the_old_actors_invalid(client: Any, world: Any, car: Any) -> None:
    client.load_world("Hillcrest", False)
    fresh = client.get_world()
    assert fresh.get_map().name.endswith("Hillcrest")
    fresh.tick()
    assert not car.is_alive
    assert fresh.get_settings().synchronous_mode  # they were not to be reset
    spawn(fresh)


def test_reload_takes_the_actors_away(client: Any, world: Any, car: Any) -> None:
    fresh = client.reload_world(False)
    fresh.tick()
    assert len(fresh.get_actors().filter("vehicle.*")) == 0


def test_an_unknown_map_is_refused(client: Any) -> None:
    with pytest.raises(RuntimeError, match="map not found"):
        client.load_world("Nowhere")


def test_a_map_can_be_made_of_opendrive_text(client: Any, world: Any) -> None:
    xodr = world.get_map().to_opendrive()
    fresh = client.generate_opendrive_world(xodr)
    assert fresh.get_map().name.endswith("OpenDriveMap")
    assert len(fresh.get_map().get_spawn_points()) == len(world.get_map().get_spawn_points())


def test_broken_opendrive_text_is_refused(client: Any) -> None:
    with pytest.raises(RuntimeError, match="opendrive"):
        client.generate_opendrive_world("<OpenDRIVE><road></OpenDRIVE>")
    assert client.get_server_version() == "0.9.16"


def test_weather_comes_back_as_it_was_set(world: Any) -> None:
    world.set_weather(carla.WeatherParameters.HardRainNoon)
    assert world.get_weather() == carla.WeatherParameters.HardRainNoon


def test_the_spectator_goes_where_it_is_put(world: Any) -> None:
    spectator = world.get_spectator()
    spectator.set_transform(carla.Transform(carla.Location(1, 2, 30), carla.Rotation(-90, 0, 0)))
    world.tick()
    assert spectator.get_transform().location == carla.Location(1, 2, 30)
    assert spectator.get_transform().rotation.pitch == pytest.approx(-90)


def test_two_clients_see_the_same_frames(served: Served, world: Any, car: Any) -> None:
    other = served.client().get_world()
    frame = other.tick()
    assert world.tick() == frame + 1
    seen = other.get_actor(car.id).get_transform().location
    assert seen.distance(car.get_transform().location) < 0.1


def test_a_batch_answers_each_command(client: Any, world: Any) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    points = world.get_map().get_spawn_points()
    spawn_ = carla.command.SpawnActor
    control = carla.command.ApplyVehicleControl
    drive = control(carla.command.FutureActor, carla.VehicleControl(throttle=1.0))
    answers = client.apply_batch_sync(
        [spawn_(blueprint, points[0]).then(drive), spawn_(blueprint, points[0])], True
    )
    assert not answers[0].error
    assert "collision" in answers[1].error
    run(world, 40)
    assert world.get_actor(answers[0].actor_id).get_velocity().length() > 1.0
    answers = client.apply_batch_sync([carla.command.DestroyActor(answers[0].actor_id)], True)
    assert not answers[0].error


def test_a_spawn_is_answered_whatever_comes_of_what_follows_it(client: Any, world: Any) -> None:
    # ScenarioRunner's request_new_actors lets SetAutopilot follow the spawn of walkers as well.
    place = world.get_map().get_spawn_points()[0]
    walker = world.get_blueprint_library().find("walker.pedestrian.0001")
    after = carla.command.SetVehicleLightState(carla.command.FutureActor, 3)
    answers = client.apply_batch_sync([carla.command.SpawnActor(walker, place).then(after)], True)
    assert not answers[0].error
    assert world.get_actor(answers[0].actor_id).is_alive


def test_six_hundred_actors_are_all_told_of(client: Any, world: Any, car: Any) -> None:
    blueprint = world.get_blueprint_library().find("util.actor.empty")
    spawn_ = carla.command.SpawnActor
    places = [carla.Transform(carla.Location(float(x), 7.0, 1.0)) for x in range(600)]
    answers = client.apply_batch_sync([spawn_(blueprint, place) for place in places], True)
    snapshot = world.get_snapshot()
    seen = [snapshot.find(answer.actor_id).get_transform().location.x for answer in answers]
    assert seen == [float(x) for x in range(600)]
    assert snapshot.find(car.id) is not None


def test_debug_shapes_are_accepted(world: Any) -> None:
    world.debug.draw_point(carla.Location(0, 0, 1), life_time=1.0)
    world.debug.draw_string(carla.Location(0, 0, 1), "here")
    world.debug.draw_box(carla.BoundingBox(carla.Location(), carla.Vector3D(1, 1, 1)),
                         carla.Rotation())  # fmt: skip
    world.tick()
