"""Each sensor has the attributes that its client gave it: what they promise is measured."""

from __future__ import annotations

import math
import queue
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from carla_client import run

carla = pytest.importorskip("carla")
Take = Callable[..., Any]


@pytest.fixture
def take(world: Any, car: Any) -> Any:
    """Attach a sensor to the car, and give what it sends at some next ticks."""

    def take_(
        name: str, ticks: int = 1, at: tuple[float, ...] = (0, 0, 2.4), **attributes: Any
    ) -> Any:
        blueprint = world.get_blueprint_library().find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        place = carla.Transform(carla.Location(*at[:3]), carla.Rotation(*at[3:]))
        sensor = world.spawn_actor(blueprint, place, attach_to=car)
        heard: queue.Queue[Any] = queue.Queue()
        sensor.listen(heard.put)
        run(world, ticks)
        got = [heard.get(timeout=10.0) for _ in range(ticks)]
        sensor.stop()
        sensor.destroy()
        return got if ticks > 1 else got[0]

    return take_


def picture(image: Any) -> np.ndarray:
    shape = image.height, image.width, 4
    return np.frombuffer(image.raw_data, np.uint8).reshape(shape)[..., :3].astype(float)


def cloud(sweep: Any) -> np.ndarray:
    return np.frombuffer(sweep.raw_data, np.float32).reshape(-1, 4).copy()  # it dies with sweep


def test_a_wider_camera_sees_more_and_a_lens_bends(take: Take) -> None:
    size = {"image_size_x": 160, "image_size_y": 120}
    wide = take("sensor.camera.semantic_segmentation", fov=110, **size)
    narrow = take("sensor.camera.semantic_segmentation", fov=55, **size)
    assert (wide.fov, narrow.fov) == (110.0, 55.0)
    # What a narrow camera sees is the middle of what a wide one does.
    share = math.tan(math.radians(27.5)) / math.tan(math.radians(55.0))
    rows = (60 + share * (np.arange(120) - 59.5)).astype(int)
    columns = (80 + share * (np.arange(160) - 79.5)).astype(int)
    same = picture(wide)[np.ix_(rows, columns)] == picture(narrow)
    assert same.mean() > 0.9
    plain = take("sensor.camera.rgb", **size)
    bent = take("sensor.camera.rgb", lens_k=-0.3, lens_kcube=0.1, **size)
    edge = np.abs(picture(plain) - picture(bent))
    assert edge[:, :20].mean() > 3.0 * edge[55:65, 75:85].mean() + 1.0


def test_the_rays_of_a_lidar_are_those_that_were_asked_for(take: Take) -> None:
    common = {
        "channels": 8, "range": 60, "rotation_frequency": 20, "points_per_second": 80_000,
        "upper_fov": -2, "lower_fov": -20,
    }  # fmt: skip
    sure = {"dropoff_general_rate": 0.0, "dropoff_intensity_limit": 1.0,
            "dropoff_zero_intensity": 0.0}  # fmt: skip
    sweep = take("sensor.lidar.ray_cast", **common, **sure)
    points = cloud(sweep)
    elevation = np.degrees(np.arcsin(points[:, 2] / np.linalg.norm(points[:, :3], axis=1)))
    assert elevation.max() < -1.9
    assert elevation.min() > -20.1
    assert np.linalg.norm(points[:, :3], axis=1).max() <= 60.0
    assert sweep.channels == 8
    half = cloud(take("sensor.lidar.ray_cast", **common, **sure | {"dropoff_general_rate": 0.5}))
    assert len(half) / len(points) == pytest.approx(0.5, abs=0.05)
    assert cloud(take("sensor.lidar.ray_cast", **common | {"range": 8}, **sure))[:, :2].max() < 8.0
    front = cloud(take("sensor.lidar.ray_cast", horizontal_fov=90, **common, **sure))
    azimuth = np.degrees(np.arctan2(front[:, 1], front[:, 0]))
    assert np.abs(azimuth).max() < 45.5
    # exp(-attenuation * distance) (CARLA, RayCastLidar.cpp), here times what a surface reflects.
    foggy = cloud(take("sensor.lidar.ray_cast", atmosphere_attenuation_rate=0.05, **common, **sure))
    clear = {tuple(np.round(point[:3], 2)): float(point[3]) for point in points}
    pairs = [(p, clear[key]) for p in foggy if (key := tuple(np.round(p[:3], 2))) in clear]
    assert len(pairs) > 500
    for point, before in pairs[::20]:
        far = float(np.linalg.norm(point[:3]))
        assert point[3] / before == pytest.approx(math.exp((0.004 - 0.05) * far), rel=0.05)


def test_the_noise_of_a_lidar_is_along_its_rays(take: Take) -> None:
    common = {
        "channels": 4, "range": 50, "rotation_frequency": 20, "points_per_second": 40_000,
        "upper_fov": -5, "lower_fov": -20, "dropoff_general_rate": 0.0,
        "dropoff_intensity_limit": 1.0, "dropoff_zero_intensity": 0.0,
    }  # fmt: skip
    calm = cloud(take("sensor.lidar.ray_cast", **common))
    noisy = cloud(take("sensor.lidar.ray_cast", noise_stddev=0.2, **common))
    assert len(calm) == len(noisy)
    away = np.linalg.norm(noisy[:, :3], axis=1) - np.linalg.norm(calm[:, :3], axis=1)
    assert away.std() == pytest.approx(0.2, rel=0.15)
    assert abs(away.mean()) < 0.03


def test_a_semantic_lidar_has_angles_objects_and_no_drop_off(take: Take) -> None:
    asked = {"channels": 8, "range": 40, "rotation_frequency": 20, "points_per_second": 40_000,
             "upper_fov": -10, "lower_fov": -30}  # fmt: skip
    hits = take("sensor.lidar.ray_cast_semantic", **asked)
    assert len(hits) > 1900  # all of 2,000: they point at the ground
    ground = [hit for hit in hits if hit.object_tag in (1, 24)]
    assert len(ground) > 100
    for hit in ground[::50]:
        reach = math.sqrt(hit.point.x**2 + hit.point.y**2 + hit.point.z**2)
        assert hit.cos_inc_angle == pytest.approx(-hit.point.z / reach, abs=0.05)


def test_a_radar_keeps_to_its_cone_and_range(take: Take) -> None:
    heard = take("sensor.other.radar", at=(2.5, 0, 1.0), horizontal_fov=20, vertical_fov=10,
                 range=30, points_per_second=20_000)  # fmt: skip
    assert 0 < len(heard) <= 1000
    assert max(abs(hit.azimuth) for hit in heard) <= math.radians(10.1)
    assert max(abs(hit.altitude) for hit in heard) <= math.radians(5.1)
    assert max(hit.depth for hit in heard) <= 30.0


def test_gnss_has_the_bias_and_the_spread_that_were_asked_for(take: Take, world: Any) -> None:
    true = take("sensor.other.gnss", at=(0, 0, 0))
    fixes = take("sensor.other.gnss", 80, at=(0, 0, 0), noise_alt_bias=5.0, noise_alt_stddev=0.5,
                 noise_lat_bias=1e-4)  # fmt: skip
    heights = np.array([fix.altitude for fix in fixes])
    assert heights.mean() - true.altitude == pytest.approx(5.0, abs=0.25)
    assert heights.std() == pytest.approx(0.5, rel=0.3)
    north = np.array([fix.latitude for fix in fixes]) - true.latitude
    assert north == pytest.approx(1e-4, abs=1e-6)


def test_an_imu_has_the_bias_and_the_spread_that_were_asked_for(take: Take) -> None:
    readings = take("sensor.other.imu", 80, noise_accel_stddev_y=0.3, noise_gyro_bias_z=0.02,
                    noise_gyro_stddev_x=0.05)  # fmt: skip
    accel = np.array([[r.accelerometer.x, r.accelerometer.y, r.accelerometer.z] for r in readings])
    gyro = np.array([[r.gyroscope.x, r.gyroscope.y, r.gyroscope.z] for r in readings])
    assert accel.std(axis=0) == pytest.approx([0.0, 0.3, 0.0], abs=0.08)
    assert gyro.std(axis=0) == pytest.approx([0.05, 0.0, 0.0], abs=0.015)
    assert gyro.mean(axis=0) == pytest.approx([0.0, 0.0, 0.02], abs=0.02)


def test_an_imu_reads_the_compass_from_the_north(take: Take, car: Any) -> None:
    # CARLA: north is -y; 0 rad there, and pi / 2 in the east.
    yaw = math.radians(car.get_transform().rotation.yaw)
    compass = take("sensor.other.imu").compass
    assert math.cos(compass - (yaw + math.pi / 2.0)) == pytest.approx(1.0, abs=1e-3)


def test_an_obstacle_sensor_has_its_reach_and_may_leave_out_what_stands(
    world: Any, car: Any, take: Take
) -> None:
    def heard(**attributes: Any) -> list[Any]:
        blueprint = world.get_blueprint_library().find("sensor.other.obstacle")
        for key, value in attributes.items():
            blueprint.set_attribute(key, str(value))
        place = carla.Transform(carla.Location(x=2.4, z=1.0))
        sensor = world.spawn_actor(blueprint, place, attach_to=car)
        events: list[Any] = []
        sensor.listen(events.append)
        run(world, 3)
        sensor.destroy()
        return events

    front = car.get_transform()
    where = front.location + 12.0 * front.get_forward_vector() + carla.Location(z=0.3)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    world.spawn_actor(blueprint, carla.Transform(where, front.rotation))
    run(world, 5)
    assert not heard(distance=4, only_dynamics="true")
    assert heard(distance=20, only_dynamics="true")


def test_cameras_that_are_not_here_are_refused_in_so_many_words(world: Any, car: Any) -> None:
    for name in ("normals", "optical_flow", "dvs"):
        blueprint = world.get_blueprint_library().find(f"sensor.camera.{name}")
        with pytest.raises(RuntimeError, match="no such camera"):
            world.spawn_actor(blueprint, carla.Transform(), attach_to=car)


def test_no_sensor_of_the_library_loses_its_first_frame(world: Any, car: Any) -> None:
    regular = (
        "camera.rgb", "camera.depth", "camera.semantic_segmentation",
        "camera.instance_segmentation", "lidar.ray_cast", "lidar.ray_cast_semantic",
        "other.radar", "other.gnss", "other.imu",
    )  # fmt: skip
    for name in regular:
        blueprint = world.get_blueprint_library().find(f"sensor.{name}")
        if name.startswith("camera"):
            blueprint.set_attribute("image_size_x", "32")
            blueprint.set_attribute("image_size_y", "24")
        sensor = world.spawn_actor(blueprint, carla.Transform(carla.Location(z=2)), attach_to=car)
        heard: queue.Queue[Any] = queue.Queue()
        sensor.listen(heard.put)
        frame = world.tick()
        data = heard.get(timeout=10.0)
        assert data.frame == frame, name
        assert data.timestamp == pytest.approx(world.get_snapshot().timestamp.elapsed_seconds)
        sensor.destroy()


def test_the_first_collision_is_told_at_its_frame(world: Any, car: Any) -> None:
    place = car.get_transform()
    place.location += 4.6 * place.get_forward_vector() + carla.Location(z=0.1)
    other = world.spawn_actor(world.get_blueprint_library().find("vehicle.nissan.micra"), place)
    blueprint = world.get_blueprint_library().find("sensor.other.collision")
    sensor = world.spawn_actor(blueprint, carla.Transform(), attach_to=car)
    heard: queue.Queue[Any] = queue.Queue()
    sensor.listen(heard.put)
    car.set_target_velocity(20.0 * car.get_transform().get_forward_vector())
    frame = world.tick()
    event = heard.get(timeout=5.0)
    assert (event.frame, event.other_actor.id) == (frame, other.id)
    sensor.destroy()
