"""Physics controls, friction, forces and turns: what is set acts."""

from __future__ import annotations

import math
from typing import Any

import pytest
from carla_client import run, spawn

carla = pytest.importorskip("carla")


def speed(actor: Any) -> float:
    return float(actor.get_velocity().length())


def turned(actor: Any, before: float) -> float:
    """Degrees that an actor has turned to the right."""
    yaw = actor.get_transform().rotation.yaw
    return math.degrees(math.remainder(math.radians(yaw - before), 2.0 * math.pi))


def pair(world: Any) -> tuple[Any, Any]:
    """Two cars of one model, far from each other."""
    return spawn(world, 3), spawn(world, 40)


def change(car: Any, **fields: Any) -> None:
    """Set fields of a physics control; those of wheels have the name wheel_*."""
    control = car.get_physics_control()
    wheels = control.wheels
    for name, value in fields.items():
        if name.startswith("wheel_"):
            for wheel in wheels:
                setattr(wheel, name.removeprefix("wheel_"), value)
        else:
            setattr(control, name, value)
    control.wheels = wheels
    car.apply_physics_control(control)


def test_a_physics_control_that_changes_nothing_changes_nothing(world: Any) -> None:
    one, other = pair(world)
    one.apply_physics_control(one.get_physics_control())
    for each in (one, other):
        each.apply_control(carla.VehicleControl(throttle=0.7, steer=0.1))
    run(world, 40)
    assert speed(one) == pytest.approx(speed(other), abs=0.02)


def test_half_the_torque_is_less_pull_and_half_the_brake_a_longer_way(world: Any) -> None:
    weak, other = pair(world)
    change(weak, torque_curve=[carla.Vector2D(0, 250), carla.Vector2D(5000, 250)],
           wheel_max_brake_torque=400.0)  # fmt: skip
    for each in (weak, other):
        each.apply_control(carla.VehicleControl(throttle=0.8))
    run(world, 30)
    assert 0.2 * speed(other) < speed(weak) < 0.7 * speed(other)
    for each in (weak, other):
        each.set_target_velocity(each.get_transform().get_forward_vector() * 10.0)
        each.apply_control(carla.VehicleControl(brake=1.0))
    run(world, 15)
    assert speed(weak) > speed(other) + 2.0


def test_wheels_that_turn_further_turn_the_car_further(world: Any) -> None:
    nimble, other = pair(world)
    usual = other.get_physics_control().wheels[0].max_steer_angle
    change(nimble, wheel_max_steer_angle=0.5 * usual)
    before = [each.get_transform().rotation.yaw for each in (nimble, other)]
    for each in (nimble, other):
        each.set_target_velocity(each.get_transform().get_forward_vector() * 3.0)
        each.apply_control(carla.VehicleControl(throttle=0.3, steer=0.6))
    run(world, 20)
    less, more = (turned(each, yaw) for each, yaw in zip((nimble, other), before, strict=True))
    assert 0.3 * more < less < 0.7 * more
    assert nimble.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel) == pytest.approx(
        0.6 * 0.5 * usual, rel=0.1
    )


def test_a_steering_curve_takes_steering_away_at_speed(world: Any) -> None:
    tame, other = pair(world)
    curve = other.get_physics_control().steering_curve
    change(tame, steering_curve=[carla.Vector2D(point.x, 0.4 * point.y) for point in curve])
    before = [each.get_transform().rotation.yaw for each in (tame, other)]
    for each in (tame, other):
        each.set_target_velocity(each.get_transform().get_forward_vector() * 3.0)
        each.apply_control(carla.VehicleControl(throttle=0.3, steer=0.5))
    run(world, 20)
    less, more = (turned(each, yaw) for each, yaw in zip((tame, other), before, strict=True))
    assert 0.25 * more < less < 0.6 * more


def test_worn_tyres_need_a_longer_way_and_so_does_ice(world: Any) -> None:
    worn, other = pair(world)
    change(worn, wheel_tire_friction=0.4)
    blueprint = world.get_blueprint_library().find("static.trigger.friction")
    blueprint.set_attribute("friction", "0.2")
    for axis in "xyz":
        blueprint.set_attribute(f"extent_{axis}", "3000")  # [cm]
    icy = spawn(world, 80)
    ice = world.spawn_actor(blueprint, icy.get_transform())
    cars = (worn, other, icy)
    for each in cars:
        each.set_target_velocity(each.get_transform().get_forward_vector() * 10.0)
        each.apply_control(carla.VehicleControl(brake=1.0))
    run(world, 15)
    assert speed(other) < speed(worn) - 2.0 < speed(icy) - 2.5
    assert ice.destroy()
    run(world, 15)
    assert speed(icy) < 3.0


def test_forces_push_and_torques_turn(world: Any, car: Any) -> None:
    car.set_simulate_physics(True)
    mass = car.get_physics_control().mass
    car.apply_control(carla.VehicleControl())
    car.add_force(car.get_transform().get_forward_vector() * mass * 40.0)
    world.tick()
    assert speed(car) == pytest.approx(40.0 * 0.05, abs=0.4)
    yaw = car.get_transform().rotation.yaw
    car.add_torque(carla.Vector3D(z=mass * 3.0))  # the wheel sends it as an angular impulse
    world.tick()
    assert car.get_angular_velocity().z > 5.0
    assert turned(car, yaw) > 0.2
    run(world, 60)
    assert abs(car.get_angular_velocity().z) < 1.0
    yaw = car.get_transform().rotation.yaw
    car.add_angular_impulse(carla.Vector3D(z=-mass * 3.0))
    world.tick()
    assert turned(car, yaw) < -0.2


def test_a_set_angular_velocity_turns(world: Any, car: Any) -> None:
    yaw = car.get_transform().rotation.yaw
    car.set_target_angular_velocity(carla.Vector3D(z=40.0))  # [degrees/s]
    world.tick()
    assert 0.5 < turned(car, yaw) <= 2.05


def test_ackermann_control_goes_backwards_steers_and_stops(world: Any, car: Any) -> None:
    forward, yaw = car.get_transform().get_forward_vector(), car.get_transform().rotation.yaw
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=-2.0))
    run(world, 60)
    assert car.get_velocity().dot(forward) == pytest.approx(-2.0, abs=0.3)
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=3.0, steer=0.3))
    run(world, 60)
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel) == pytest.approx(
        math.degrees(0.3), rel=0.1
    )
    assert turned(car, yaw) > 5.0
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=0.0))
    run(world, 80)
    assert speed(car) < 0.05
    settings = car.get_ackermann_controller_settings()
    settings.speed_kp = 0.4
    car.apply_ackermann_controller_settings(settings)
    assert car.get_ackermann_controller_settings().speed_kp == pytest.approx(0.4)


def test_a_walker_without_gravity_stays_in_the_air_and_jumps_with_it(world: Any, car: Any) -> None:
    place = car.get_transform()
    place.location += 10.0 * place.get_forward_vector() + carla.Location(z=5.0)
    blueprint = world.get_blueprint_library().find("walker.pedestrian.0005")
    walker = world.spawn_actor(blueprint, place)
    walker.set_enable_gravity(False)
    run(world, 5)
    height = walker.get_location().z
    assert height > 4.0
    walker.set_enable_gravity(True)
    run(world, 60)
    standing = walker.get_location().z
    assert standing < 1.5
    walker.apply_control(carla.WalkerControl(carla.Vector3D(), 0.0, True))
    run(world, 5)
    assert walker.get_location().z > standing + 0.3


def test_who_collides_with_nobody_drives_through(world: Any, car: Any) -> None:
    transform = car.get_transform()
    place = transform.location + transform.get_forward_vector() * 8.0 + carla.Location(z=0.3)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    other = world.spawn_actor(blueprint, carla.Transform(place, transform.rotation))
    run(world, 5)
    other.set_collisions(False)
    car.set_target_velocity(transform.get_forward_vector() * 12.0)
    run(world, 25)
    went = (car.get_location() - transform.location).dot(transform.get_forward_vector())
    assert went > 9.0
    assert speed(other) < 0.1
