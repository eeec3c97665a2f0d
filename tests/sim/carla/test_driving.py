"""Vehicles, walkers and lights under a client's hands."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from carla_client import run, spawn

carla = pytest.importorskip("carla")


def speed(actor: Any) -> float:
    return float(actor.get_velocity().length())


def ahead(actor: Any, metres: float) -> Any:
    """A place ahead of an actor, facing as it does."""
    transform = actor.get_transform()
    forward = transform.get_forward_vector()
    place = transform.location + carla.Location(forward.x * metres, forward.y * metres, 0.3)
    return carla.Transform(place, transform.rotation)


def test_a_car_falls_onto_the_road_and_stands(world: Any, car: Any) -> None:
    assert car.get_location().z == pytest.approx(0.0, abs=0.02)
    assert speed(car) == pytest.approx(0.0, abs=1e-3)


def test_throttle_drives_brake_stops_and_reverse_goes_back(world: Any, car: Any) -> None:
    begin = car.get_transform()
    car.apply_control(carla.VehicleControl(throttle=0.7))
    run(world, 60)
    fast = speed(car)
    assert fast > 5.0
    assert car.get_control().throttle == pytest.approx(0.7)
    forward = begin.get_forward_vector()
    assert car.get_velocity().dot(forward) == pytest.approx(fast, rel=0.05)
    car.apply_control(carla.VehicleControl(brake=1.0))
    run(world, 60)
    assert speed(car) == pytest.approx(0.0, abs=1e-3)
    car.apply_control(carla.VehicleControl(throttle=0.6, reverse=True))
    run(world, 30)
    assert car.get_velocity().dot(forward) < -1.0


def test_the_velocity_is_what_the_positions_say(world: Any, car: Any) -> None:
    car.apply_control(carla.VehicleControl(throttle=0.7, steer=0.2))
    run(world, 40)
    before = car.get_location()
    world.tick()
    moved = car.get_location() - before
    assert moved.length() / 0.05 == pytest.approx(speed(car), rel=0.05)


def test_steering_to_the_right_turns_right(world: Any, car: Any) -> None:
    car.set_target_velocity(ahead(car, 5.0).location - car.get_location())
    car.apply_control(carla.VehicleControl(throttle=0.4, steer=0.5))
    yaw = car.get_transform().rotation.yaw
    run(world, 10)
    turned = math.remainder(math.radians(car.get_transform().rotation.yaw - yaw), 2 * math.pi)
    assert turned > 0.05
    assert car.get_angular_velocity().z > 5.0  # degrees per second
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel) > 5.0


def test_the_hand_brake_holds(world: Any, car: Any) -> None:
    car.apply_control(carla.VehicleControl(throttle=1.0, hand_brake=True))
    run(world, 20)
    assert speed(car) == pytest.approx(0.0, abs=1e-3)


def test_ackermann_control_reaches_its_speed(world: Any, car: Any) -> None:
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=4.0))
    run(world, 80)
    assert speed(car) == pytest.approx(4.0, abs=0.3)


def test_an_impulse_of_its_mass_adds_a_metre_per_second(world: Any, car: Any) -> None:
    mass = car.get_physics_control().mass
    forward = car.get_transform().get_forward_vector()
    car.apply_control(carla.VehicleControl())
    car.add_impulse(forward * mass * 3.0)
    world.tick()
    assert speed(car) == pytest.approx(3.0, abs=0.2)


def test_a_transform_puts_a_car_anywhere_and_without_physics_it_stays(world: Any, car: Any) -> None:
    car.set_simulate_physics(False)
    place = ahead(car, 3.0)
    place.location.z = 8.0
    car.set_transform(place)
    run(world, 10)
    assert car.get_location().distance(place.location) < 1e-3
    car.set_simulate_physics(True)
    run(world, 40)
    assert car.get_location().z == pytest.approx(0.0, abs=0.02)


def test_a_set_velocity_is_the_velocity(world: Any, car: Any) -> None:
    forward = car.get_transform().get_forward_vector()
    car.set_target_velocity(forward * 10.0)
    world.tick()
    assert speed(car) == pytest.approx(10.0, abs=0.5)
    car.enable_constant_velocity(carla.Vector3D(6.0, 0.0, 0.0))
    run(world, 20)
    assert speed(car) == pytest.approx(6.0, abs=0.05)
    car.disable_constant_velocity()
    run(world, 60)
    assert speed(car) < 5.9


def test_a_heavier_car_is_slower(world: Any, car: Any) -> None:
    control = car.get_physics_control()
    assert len(control.wheels) == 4
    control.mass *= 4.0
    car.apply_physics_control(control)
    assert car.get_physics_control().mass == pytest.approx(control.mass)
    light = spawn(world, 40)
    for each in (car, light):
        each.apply_control(carla.VehicleControl(throttle=0.8))
    run(world, 30)
    assert speed(car) < 0.5 * speed(light)


def test_lights_come_back_as_they_were_set(world: Any, car: Any) -> None:
    lamps = carla.VehicleLightState(
        carla.VehicleLightState.LowBeam | carla.VehicleLightState.LeftBlinker
    )
    car.set_light_state(lamps)
    world.tick()
    assert car.get_light_state() == lamps
    assert world.get_vehicles_light_states()[car.id] == lamps


def test_cars_that_meet_push_each_other(world: Any, car: Any) -> None:
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    other = world.spawn_actor(blueprint, ahead(car, 8.0))
    car.set_target_velocity(car.get_transform().get_forward_vector() * 12.0)
    run(world, 20)
    assert speed(other) > 1.0
    gap = car.get_location().distance(other.get_location())
    assert gap > car.bounding_box.extent.x + other.bounding_box.extent.x - 0.1


def test_a_walker_walks_where_its_control_points(world: Any, car: Any) -> None:
    blueprint = world.get_blueprint_library().find("walker.pedestrian.0001")
    place = ahead(car, 10.0)
    place.location.z = 1.0
    walker = world.spawn_actor(blueprint, place)
    world.tick()
    assert walker.get_location().z == pytest.approx(0.93, abs=0.1)
    begin = walker.get_location()
    walker.apply_control(carla.WalkerControl(carla.Vector3D(0, 1, 0), 1.5))
    run(world, 20)
    went = walker.get_location() - begin
    assert (went.x, went.y) == pytest.approx((0.0, 1.5), abs=0.1)
    assert walker.get_transform().rotation.yaw == pytest.approx(90.0)
    assert speed(walker) == pytest.approx(1.5)
    assert walker.get_control().speed == pytest.approx(1.5)


def test_lights_have_groups_times_and_turns(world: Any) -> None:
    world.tick()
    lights = world.get_actors().filter("traffic.traffic_light")
    groups = {tuple(sorted(light.id for light in one.get_group_traffic_lights())) for one in lights}
    assert sum(len(group) for group in groups) == len(lights)
    one = next(light for light in lights if light.state == carla.TrafficLightState.Green)
    one.set_green_time(1.0)
    world.reset_all_traffic_lights()
    run(world, 10)
    assert one.state == carla.TrafficLightState.Green
    assert one.get_elapsed_time() == pytest.approx(0.5, abs=0.06)
    seen = set()
    for _ in range(200):
        world.tick()
        green = [
            light for light in one.get_group_traffic_lights()
            if light.state == carla.TrafficLightState.Green
        ]  # fmt: skip
        seen.add(tuple(sorted(light.id for light in green)))
    assert len(seen) > 1


def test_a_light_shows_what_it_is_told_and_a_frozen_one_keeps_it(world: Any) -> None:
    world.tick()
    light = world.get_actors().filter("traffic.traffic_light")[0]
    light.freeze(True)
    light.set_state(carla.TrafficLightState.Green)
    run(world, 300)
    assert light.state == carla.TrafficLightState.Green
    assert light.is_frozen()


def test_a_car_at_a_light_knows_it_and_one_before_it_does_not(world: Any, car: Any) -> None:
    light = world.get_actors().filter("traffic.traffic_light")[0]
    light.freeze(True)
    light.set_state(carla.TrafficLightState.Red)
    stop = light.get_stop_waypoints()[0]
    for back, there in ((25.0, False), (3.0, True)):
        place = stop.previous(back)[0].transform
        place.location.z += 0.1
        car.set_transform(place)
        car.set_target_velocity(carla.Vector3D())
        run(world, 3)
        assert car.is_at_traffic_light() is there
    assert car.get_traffic_light_state() == carla.TrafficLightState.Red
    assert car.get_traffic_light().id == light.id


def corners(box: Any, at: Any) -> np.ndarray:
    """Ground corners of a box, [4, 2], in any order."""
    return np.unique([(round(v.x, 4), round(v.y, 4)) for v in box.get_world_vertices(at)], axis=0)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """How far two boxes are apart along the best axis of theirs; below 0: they overlap."""
    axes = []
    for one in (a, b):
        to_others = one[1:] - one[0]
        near = to_others[np.argsort((to_others**2).sum(axis=1))[:2]]  # the sides, not the diagonal
        axes += [side / np.linalg.norm(side) for side in near]
    return max(
        max((a @ axis).min() - (b @ axis).max(), (b @ axis).min() - (a @ axis).max())
        for axis in axes
    )


def test_a_car_is_at_a_light_when_and_only_when_it_stands_in_its_trigger_volume(
    world: Any, car: Any
) -> None:
    lights = list(world.get_actors().filter("traffic.traffic_light"))
    car.set_simulate_physics(False)
    seen = []
    for light in lights[:6]:
        zone = corners(light.trigger_volume, light.get_transform())
        stop = light.get_stop_waypoints()[0]
        for back in np.arange(1.0, 26.0, 1.0):
            place = stop.previous(float(back))[0].transform
            for against in (False, True):
                place.rotation.yaw += 180.0 * against
                car.set_transform(place)
                world.tick()
                gap = apart(corners(car.bounding_box, car.get_transform()), zone)
                if abs(gap) < 0.15:
                    continue  # the told box has the mirrors, the body has not
                assert car.is_at_traffic_light() is bool(gap < 0.0 and not against), back
                seen.append(car.is_at_traffic_light())
    assert 20 < sum(seen) < len(seen) / 2


def test_calls_about_what_is_not_there_are_errors(world: Any, car: Any) -> None:
    car.destroy()
    world.tick()
    with pytest.raises(RuntimeError):
        car.get_physics_control()
    with pytest.raises(RuntimeError):
        car.set_transform(carla.Transform())
    assert world.tick() > 0
