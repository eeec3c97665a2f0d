"""Sensors over the wire: real content, at the frame that was ticked, from the first one on."""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from carla_client import run, spawn

carla = pytest.importorskip("carla")
Attach = Callable[..., "queue.Queue[Any]"]

FRONT = (1.5, 0.0, 2.4)


@pytest.fixture
def attach(world: Any, car: Any) -> Any:
    """Attach a sensor to the car, and listen to it."""
    made = []

    def attach_(name: str, place: tuple[float, ...] = FRONT, **attributes: object) -> Any:
        blueprint = world.get_blueprint_library().find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        at = carla.Transform(carla.Location(*place[:3]), carla.Rotation(*place[3:]))
        sensor = world.spawn_actor(blueprint, at, attach_to=car)
        heard: queue.Queue[Any] = queue.Queue()
        sensor.listen(heard.put)
        made.append(sensor)
        return heard

    yield attach_
    for sensor in made:
        sensor.stop()
        sensor.destroy()


def picture(data: Any) -> np.ndarray:
    """BGRA, uint8 [height, width, 4]."""
    return np.frombuffer(data.raw_data, np.uint8).reshape(data.height, data.width, 4)


def ahead(world: Any, car: Any, metres: float, name: str = "vehicle.audi.tt") -> Any:
    transform = car.get_transform()
    forward = transform.get_forward_vector()
    place = transform.location + carla.Location(forward.x * metres, forward.y * metres, 0.3)
    blueprint = world.get_blueprint_library().find(name)
    return world.spawn_actor(blueprint, carla.Transform(place, transform.rotation))


def test_no_first_frame_is_lost_and_all_sensors_are_of_the_ticked_one(
    world: Any, attach: Attach
) -> None:
    for _ in range(3):
        heard = [
            attach("sensor.camera.rgb", image_size_x=64, image_size_y=32),
            attach("sensor.lidar.ray_cast"), attach("sensor.other.imu"),
            attach("sensor.other.gnss"), attach("sensor.other.radar"),
        ]  # fmt: skip
        frame = world.tick()
        assert [each.get(timeout=10.0).frame for each in heard] == [frame] * len(heard)


def test_a_camera_takes_pictures_of_its_size_and_they_are_not_empty(
    world: Any, attach: Attach
) -> None:
    heard = attach("sensor.camera.rgb", image_size_x=320, image_size_y=160, fov=100)
    world.tick()
    image = heard.get(timeout=10.0)
    assert (image.width, image.height, image.fov) == (320, 160, 100.0)
    pixels = picture(image)
    assert pixels[..., :3].std() > 20.0
    assert pixels[:40, :, 0].mean() > pixels[120:, :, 0].mean()  # the sky is bluer than the road


def test_depth_labels_and_instances_agree_about_a_car_ahead(
    world: Any, car: Any, attach: Attach
) -> None:
    other = ahead(world, car, 15.0)
    run(world, 5)
    size = {"image_size_x": 128, "image_size_y": 64}
    heard = {
        part: attach(f"sensor.camera.{part}", **size)
        for part in ("depth", "semantic_segmentation", "instance_segmentation")
    }
    world.tick()
    depth, labels, numbers = (picture(each.get(timeout=10.0)) for each in heard.values())
    vehicle = labels[..., 2] == int(carla.CityObjectLabel.Car)
    assert vehicle.sum() > 20
    code = depth[..., 2] + 256.0 * depth[..., 1] + 65536.0 * depth[..., 0]
    metres = 1000.0 * code / (2**24 - 1)
    gap = 15.0 - 1.5 - other.bounding_box.extent.x
    assert metres[vehicle].min() == pytest.approx(gap, abs=0.5)
    assert metres[:5].max() == pytest.approx(1000.0)
    number = numbers[..., 1].astype(int) + 256 * numbers[..., 0].astype(int)
    assert set(number[vehicle]) == {other.id & 0xFFFF}


def test_a_lidar_sees_a_car_ahead_where_it_is(world: Any, car: Any, attach: Attach) -> None:
    ahead(world, car, 12.0)
    run(world, 5)
    heard = attach(
        "sensor.lidar.ray_cast", (0.0, 0.0, 2.0), range=50, rotation_frequency=20,
        points_per_second=200_000, dropoff_general_rate=0.0, channels=16,
    )  # fmt: skip
    world.tick()
    cloud = heard.get(timeout=10.0)
    points = np.frombuffer(cloud.raw_data, np.float32).reshape(-1, 4)
    assert cloud.channels == 16
    assert sum(cloud.get_point_count(c) for c in range(16)) == len(points) > 1000
    on_car = points[(np.abs(points[:, 1]) < 0.9) & (points[:, 0] > 5) & (points[:, 2] > -1.6)]
    assert on_car[:, 0].min() == pytest.approx(12.0 - 2.09, abs=0.5)


def test_a_semantic_lidar_names_the_actor(world: Any, car: Any, attach: Attach) -> None:
    other = ahead(world, car, 10.0)
    run(world, 5)
    heard = attach("sensor.lidar.ray_cast_semantic", (0, 0, 2.0), range=50, rotation_frequency=20)
    world.tick()
    hits = [(point.object_tag, point.object_idx) for point in heard.get(timeout=10.0)]
    assert (int(carla.CityObjectLabel.Car), other.id) in hits


def test_a_radar_measures_how_fast_it_comes_nearer(world: Any, car: Any, attach: Attach) -> None:
    ahead(world, car, 20.0)
    run(world, 5)
    heard = attach("sensor.other.radar", (2.5, 0, 1.0), points_per_second=20_000)
    car.set_target_velocity(car.get_transform().get_forward_vector() * 8.0)
    world.tick()
    near = [hit for hit in heard.get(timeout=10.0) if hit.depth < 20 and abs(hit.azimuth) < 0.04]
    assert min(hit.velocity for hit in near) == pytest.approx(-8.0, abs=0.6)


def test_gnss_and_imu_read_what_the_car_does(world: Any, car: Any, attach: Attach) -> None:
    gnss, imu = attach("sensor.other.gnss", (0, 0, 1)), attach("sensor.other.imu", (0, 0, 1))
    world.tick()
    first = gnss.get(timeout=10.0)
    reading = imu.get(timeout=10.0)
    assert reading.accelerometer.z == pytest.approx(9.81, abs=0.05)
    assert first.altitude == pytest.approx(1.0, abs=0.05)
    car.apply_control(carla.VehicleControl(throttle=0.8, steer=0.3))
    run(world, 30)
    readings = [imu.get(timeout=10.0) for _ in range(30)]
    assert max(each.accelerometer.x for each in readings) > 1.0
    assert readings[-1].gyroscope.z > 0.05
    fixes = [gnss.get(timeout=10.0) for _ in range(30)]
    assert (fixes[-1].latitude, fixes[-1].longitude) != (first.latitude, first.longitude)


def test_a_collision_is_told_to_both_with_its_impulse(world: Any, car: Any, attach: Attach) -> None:
    other = ahead(world, car, 8.0)
    heard = attach("sensor.other.collision", (0, 0, 0))
    car.set_target_velocity(car.get_transform().get_forward_vector() * 10.0)
    for _ in range(30):
        world.tick()
        if not heard.empty():
            break
    event = heard.get(timeout=5.0)
    assert (event.actor.id, event.other_actor.id) == (car.id, other.id)
    assert event.normal_impulse.length() > 1000.0
    forward = car.get_transform().get_forward_vector()
    assert event.normal_impulse.dot(forward) < 0.0  # it is pushed back


def test_driving_into_a_wall_is_a_collision_too(world: Any, car: Any, attach: Attach) -> None:
    heard = attach("sensor.other.collision", (0, 0, 0))
    for yaw in range(0, 360, 45):
        car.set_transform(carla.Transform(car.get_location(), carla.Rotation(yaw=yaw)))
        car.set_target_velocity(car.get_transform().get_forward_vector() * 20.0)
        car.apply_control(carla.VehicleControl(throttle=1.0))
        run(world, 100)
        if not heard.empty():
            break
    event = heard.get(timeout=5.0)
    assert event.other_actor.type_id.split(".")[0] in ("static", "traffic")


def test_an_obstacle_ahead_is_told_with_its_distance(world: Any, car: Any, attach: Attach) -> None:
    other = ahead(world, car, 10.0)
    run(world, 5)
    heard = attach("sensor.other.obstacle", (2.4, 0, 1.0), distance=20, only_dynamics="true")
    world.tick()
    event = heard.get(timeout=5.0)
    assert event.other_actor.id == other.id
    assert event.distance == pytest.approx(10.0 - 2.4 - 2.09 - 0.5, abs=0.3)


def test_crossing_a_line_is_a_lane_invasion(world: Any, car: Any, attach: Attach) -> None:
    heard = attach("sensor.other.lane_invasion", (0, 0, 0))
    right = car.get_transform().get_right_vector()
    for _ in range(40):
        car.set_target_velocity(right * -3.0)
        world.tick()
    assert heard.get(timeout=5.0).crossed_lane_markings


def test_a_sensor_tick_thins_the_frames(world: Any, attach: Attach) -> None:
    heard = attach("sensor.other.gnss", sensor_tick=0.2)
    run(world, 21)
    frames = [heard.get(timeout=5.0).frame]
    while True:
        try:
            frames.append(heard.get(timeout=0.3).frame)
        except queue.Empty:
            break
    assert set(np.diff(frames)) == {4}
    assert len(frames) in (5, 6)


def test_a_chase_camera_sees_its_own_car(world: Any, attach: Attach) -> None:
    heard = attach(
        "sensor.camera.semantic_segmentation", (-6.0, 0.0, 2.5), image_size_x=64, image_size_y=64
    )
    world.tick()
    labels = picture(heard.get(timeout=10.0))[..., 2]
    assert (labels == int(carla.CityObjectLabel.Car)).sum() > 100


def test_the_same_seed_gives_the_same_bytes(client: Any, world: Any) -> None:
    seen = []
    for _ in range(2):
        fresh = client.reload_world(False)
        car = spawn(fresh)
        blueprint = fresh.get_blueprint_library().find("sensor.lidar.ray_cast")
        blueprint.set_attribute("noise_stddev", "0.1")
        lidar = fresh.spawn_actor(blueprint, carla.Transform(carla.Location(z=2)), attach_to=car)
        heard: queue.Queue[Any] = queue.Queue()
        lidar.listen(heard.put)
        fresh.tick()
        seen.append(bytes(heard.get(timeout=10.0).raw_data))
        lidar.stop()
    assert len(seen[0]) > 1000
    assert seen[0] == seen[1]


def test_a_sensor_that_makes_no_sense_is_refused(world: Any, car: Any) -> None:
    blueprint = world.get_blueprint_library().find("sensor.camera.rgb")
    blueprint.set_attribute("image_size_x", "-5")
    with pytest.raises(RuntimeError, match="size"):
        world.spawn_actor(blueprint, carla.Transform(), attach_to=car)


def test_a_car_takes_its_sensors_with_it(world: Any, car: Any) -> None:
    blueprint = world.get_blueprint_library().find("sensor.other.gnss")
    sensor = world.spawn_actor(blueprint, carla.Transform(), attach_to=car)
    world.tick()
    assert sensor.parent.id == car.id
    car.destroy()
    world.tick()
    assert world.get_actors().find(sensor.id) is None
