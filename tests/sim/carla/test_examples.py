"""CARLA's well-known examples, re-enacted: the same calls in the same order, in our own words.

The originals are not part of this project; docs/carla.md tells which of them were run unmodified.
"""

from __future__ import annotations

import math
import queue
from typing import Any

import pytest
from carla_client import run, spawn

carla = pytest.importorskip("carla")


def attach(world: Any, name: str, to: Any, place: Any = None, **attributes: Any) -> Any:
    blueprint = world.get_blueprint_library().find(name)
    for key, value in attributes.items():
        blueprint.set_attribute(key, str(value))
    return world.spawn_actor(blueprint, place or carla.Transform(), attach_to=to)


def test_sensor_synchronization_gets_one_message_of_each_sensor_at_each_frame(
    world: Any, car: Any
) -> None:
    heard: queue.Queue[tuple[int, str]] = queue.Queue()
    sensors = {
        "camera": attach(world, "sensor.camera.rgb", car, image_size_x=64, image_size_y=48),
        "lidar": attach(world, "sensor.lidar.ray_cast", car, points_per_second=10000),
        "radar": attach(world, "sensor.other.radar", car),
    }
    for name, sensor in sensors.items():
        sensor.listen(lambda data, name=name: heard.put((data.frame, name)))
    for _ in range(10):
        world.tick()
        frame = world.get_snapshot().frame
        assert {heard.get(True, 5.0) for _ in sensors} == {(frame, name) for name in sensors}
    for sensor in sensors.values():
        sensor.destroy()


def test_synchronous_mode_follows_waypoints_by_transforms_without_physics(world: Any) -> None:
    points = world.get_map().get_spawn_points()
    waypoint = world.get_map().get_waypoint(points[3].location)
    car = world.spawn_actor(world.get_blueprint_library().filter("vehicle.*")[0], points[3])
    car.set_simulate_physics(False)
    world.tick()
    for _ in range(20):
        waypoint = waypoint.next(1.5)[0]
        car.set_transform(waypoint.transform)
        world.tick()
        assert car.get_location().distance(waypoint.transform.location) < 0.01


def test_automatic_control_drives_a_planned_route_by_waypoints(world: Any, car: Any) -> None:
    map_ = world.get_map()
    edges = map_.get_topology()
    assert all(len(edge) == 2 for edge in edges)
    ahead = map_.get_waypoint(car.get_location())
    route = [ahead]
    while len(route) < 60:
        ahead = ahead.next(2.0)[0]
        route.append(ahead)
    for _ in range(900):
        place, here = car.get_transform(), car.get_location()
        while len(route) > 1 and route[0].transform.location.distance(here) < 5.0:
            route.pop(0)
        goal = route[0].transform.location - here
        forward, right = place.get_forward_vector(), place.get_right_vector()
        angle = math.atan2(goal.dot(right), goal.dot(forward))
        slow = car.get_velocity().length() < 6.0
        car.apply_control(
            carla.VehicleControl(throttle=0.5 if slow else 0.0, steer=max(-1.0, min(1.0, angle)))
        )
        world.tick()
        if len(route) == 1 and goal.length() < 6.0:
            break
        lane = map_.get_waypoint(car.get_location())
        assert lane.transform.location.distance(car.get_location()) < 2.5
        assert not lane.is_junction or lane.get_junction().id >= 0
    assert len(route) == 1


def test_dynamic_weather_moves_the_sun_bit_by_bit(world: Any) -> None:
    weather = world.get_weather()
    for step in range(20):
        weather.sun_altitude_angle = -20.0 + 4.0 * step
        weather.sun_azimuth_angle = 3.0 * step
        weather.cloudiness = weather.precipitation = 5.0 * step
        weather.wetness = weather.fog_density = 2.0 * step
        world.set_weather(weather)
        world.tick()
        assert world.get_weather() == weather


def test_vehicle_physics_are_read_changed_and_read_again(world: Any, car: Any) -> None:
    physics = car.get_physics_control()
    front = physics.wheels
    for wheel in front:
        wheel.tire_friction, wheel.damping_rate, wheel.max_steer_angle = 2.0, 1.5, 70.0
    physics.wheels = front
    physics.torque_curve = [carla.Vector2D(x=0, y=400), carla.Vector2D(x=1300, y=600)]
    physics.max_rpm, physics.mass, physics.drag_coefficient = 10000.0, 2404.0, 0.25
    physics.steering_curve = [carla.Vector2D(x=0, y=1), carla.Vector2D(x=100, y=1)]
    car.apply_physics_control(physics)
    world.tick()
    again = car.get_physics_control()
    assert (again.mass, again.max_rpm) == (2404.0, 10000.0)
    assert [wheel.max_steer_angle for wheel in again.wheels] == [70.0] * 4
    assert again.torque_curve[1].y == 600.0


def test_lidar_to_camera_puts_a_cars_points_where_the_camera_labels_it(
    world: Any, car: Any
) -> None:
    import numpy as np

    other_place = world.get_map().get_waypoint(car.get_location()).next(12.0)[0].transform
    other_place.location.z += 0.3
    other = world.try_spawn_actor(
        world.get_blueprint_library().find("vehicle.audi.etron"), other_place
    )
    assert other is not None
    run(world, 10)
    top = carla.Transform(carla.Location(z=2.4))
    size = {"image_size_x": 160, "image_size_y": 120, "fov": 90}
    camera = attach(world, "sensor.camera.semantic_segmentation", car, top, **size)
    lidar = attach(
        world, "sensor.lidar.ray_cast_semantic", car, top, points_per_second=200000, channels=64,
        range=50, upper_fov=5, lower_fov=-30, rotation_frequency=20,
    )  # fmt: skip
    pictures: queue.Queue[Any] = queue.Queue()
    points: queue.Queue[Any] = queue.Queue()
    camera.listen(pictures.put)
    lidar.listen(points.put)
    world.tick()
    picture, cloud = pictures.get(True, 5.0), points.get(True, 5.0)
    labels = np.frombuffer(picture.raw_data, np.uint8).reshape(120, 160, 4)[:, :, 2]
    mine = [d.point for d in cloud if d.object_idx == other.id]
    assert len(mine) > 30
    to_camera = np.array(camera.get_transform().get_inverse_matrix())
    to_world = np.array(lidar.get_transform().get_matrix())
    local = to_camera @ to_world @ np.array([[p.x, p.y, p.z, 1.0] for p in mine]).T
    u = 80.0 + 80.0 * local[1] / local[0]
    v = 60.0 - 80.0 * local[2] / local[0]
    seen = labels[v.astype(int).clip(0, 119), u.astype(int).clip(0, 159)]
    assert (seen == int(carla.CityObjectLabel.Car)).mean() > 0.9
    camera.destroy()
    lidar.destroy()


def test_client_bounding_boxes_have_corners_around_the_car(world: Any, car: Any) -> None:
    corners = car.bounding_box.get_world_vertices(car.get_transform())
    assert len(corners) == 8
    middle = sum(corner.x for corner in corners) / 8, sum(c.y for c in corners) / 8
    place = car.get_location()
    assert math.hypot(middle[0] - place.x, middle[1] - place.y) < 0.1
    assert car.bounding_box.contains(place + carla.Location(z=0.5), car.get_transform())


def test_scenarios_find_lights_stop_lines_and_lanes_by_waypoints(world: Any, car: Any) -> None:
    lights = world.get_actors().filter("traffic.traffic_light*")
    assert len(lights) > 0
    map_ = world.get_map()
    for light in lights:
        lanes, stops = light.get_affected_lane_waypoints(), light.get_stop_waypoints()
        assert lanes
        assert stops
        for stop in stops:
            before = stop.previous(8.0)
            assert before, "a stop line has a road before it"
            found = world.get_traffic_lights_from_waypoint(before[0], 30.0)
            assert light.id in {one.id for one in found}
            area = light.get_transform().transform(light.trigger_volume.location)
            assert map_.get_waypoint(area).road_id == stop.road_id
        junction = next(
            (w.get_junction() for lane in lanes for w in lane.next(12.0) if w.is_junction), None
        )
        if junction is not None:
            inside = world.get_traffic_lights_in_junction(junction.id)
            assert light.id in {one.id for one in inside}


def test_a_scenario_ticks_by_callbacks_and_moves_actors_below_the_ground(
    world: Any, car: Any
) -> None:
    # CarlaDataProvider and ActorTransformSetter: hidden 500 m below, brought back, then alive.
    frames: list[int] = []
    number = world.on_tick(lambda snapshot: frames.append(snapshot.timestamp.frame))
    above = car.get_transform()
    car.set_simulate_physics(False)
    car.set_transform(carla.Transform(above.location - carla.Location(z=500.0), above.rotation))
    first = world.tick()
    run(world, 4)
    assert car.get_location().z == pytest.approx(above.location.z - 500.0, abs=0.1)
    car.set_transform(above)
    car.set_simulate_physics(True)
    run(world, 5)
    world.remove_on_tick(number)
    assert car.get_location().distance(above.location) < 0.2
    assert frames[:10] == list(range(first, first + 10))


def test_a_hit_names_the_other_actor_and_a_crossed_line_its_marking(world: Any, car: Any) -> None:
    hits: list[Any] = []
    crossed: list[Any] = []
    sensors = [
        attach(world, f"sensor.other.{kind}", car) for kind in ("collision", "lane_invasion")
    ]
    for sensor, heard in zip(sensors, (hits, crossed), strict=True):
        sensor.listen(heard.append)
    ahead = world.get_map().get_waypoint(car.get_location()).next(9.0)[0].transform
    ahead.location.z += 0.3
    other = world.spawn_actor(world.get_blueprint_library().find("vehicle.audi.tt"), ahead)
    car.apply_control(carla.VehicleControl(throttle=0.7))
    run(world, 60)
    assert hits[0].other_actor.id == other.id
    assert hits[0].actor.id == car.id
    assert hits[0].normal_impulse.length() > 0.0
    car.set_transform(world.get_map().get_spawn_points()[3])
    other.destroy()
    car.apply_control(carla.VehicleControl(throttle=0.6, steer=-0.25))
    run(world, 60)
    for sensor in sensors:
        sensor.destroy()
    assert crossed
    assert all(isinstance(event.crossed_lane_markings, list) for event in crossed)


def test_no_rendering_mode_draws_the_town_from_map_and_snapshot(world: Any, car: Any) -> None:
    settings = world.get_settings()
    settings.no_rendering_mode = True
    world.apply_settings(settings)
    waypoints = world.get_map().generate_waypoints(5.0)
    assert len(waypoints) > 100
    world.tick()
    snapshot = world.get_snapshot()
    assert snapshot.find(car.id).get_transform().location.distance(car.get_location()) < 1e-3
    assert {actor.id for actor in snapshot} == {actor.id for actor in world.get_actors()}
    for waypoint in waypoints[:50]:
        assert waypoint.lane_width > 1.0
        assert str(waypoint.left_lane_marking.type)
    world.debug.draw_string(car.get_location(), "car", life_time=0.1)
    world.debug.draw_box(car.bounding_box, car.get_transform().rotation, life_time=0.1)
    world.tick()


def test_recording_queries_and_replaying_from_the_middle(client: Any, world: Any) -> None:
    client.start_recorder("example.log", True)
    car = spawn(world)
    car.apply_control(carla.VehicleControl(throttle=0.6))
    went = []
    for _ in range(60):
        world.tick()
        went.append(car.get_location())
    client.stop_recorder()
    assert "vehicle.tesla.model3" in client.show_recorder_file_info("example.log", True)
    assert "Frames" in client.show_recorder_collisions("example.log", "a", "a")
    assert "Frames" in client.show_recorder_actors_blocked("example.log", 0.2, 1.0)
    number = car.id
    client.set_replayer_time_factor(1.0)
    client.replay_file("example.log", 1.5, 0.0, number)
    world.tick()
    run(world, 10)
    cars = world.get_actors().filter("vehicle.*")
    assert len(cars) >= 1
    nearest = min(cars[0].get_location().distance(place) for place in went)
    assert nearest < 0.3
    client.stop_replayer(False)
