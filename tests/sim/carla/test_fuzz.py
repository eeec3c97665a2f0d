"""Real calls of the real client, of all kinds, damaged in ten thousand ways."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
from carla_client import Served, spawn
from test_robustness import Wire, memory, mutated

from roadworthy.sim.carla.server.methods import METHODS
from roadworthy.sim.carla.server.server import CALLS

carla = pytest.importorskip("carla")

HANDSHAKE = ("version", "get_episode_info", "get_episode_settings", "get_map_info")
MESSAGES = 12_000
# What the wheel never sends, or only to servers with CarSim, Chrono or ROS.
SILENT = {
    "add_actor_torque",  # the wheel sends add_actor_angular_impulse instead
    "console_command", "set_actor_autopilot", "set_actor_dead", "update_day_night_cycle",
    "enable_carsim", "use_carsim_road", "enable_chrono_physics", "restore_physx_physics",
    "disable_sensor_for_ros", "enable_sensor_for_ros", "is_sensor_enabled_for_ros",
    "add_actor_force_at_location", "add_actor_impulse_at_location", "get_traffic_manager_running",
    "send", "are_gbuffers_enabled",  # of V2X sensors, and of the client alone
    "freeze_traffic_light",  # its TrafficLight.freeze freezes all
    "update_lights_state",  # there are no street lights to update
    "add_traffic_manager_running", "destroy_traffic_manager", "is_traffic_manager_running",
}  # fmt: skip


def tried(call: Any, *arguments: Any) -> Any:
    """Call something that may be refused: its request is all that is wanted."""
    try:
        return call(*arguments)
    except (RuntimeError, TypeError, ValueError):
        return None


def exercise(client: Any) -> None:
    """Call whatever there is in the API that goes over the wire."""
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, 0.05
    world.apply_settings(settings)
    client.get_server_version()
    client.get_available_maps()
    tried(client.request_file, "Carla/Maps/Nav/Rivertown.bin")
    car, box = spawn(world), carla.Vector3D(1, 2, 3)
    where = car.get_transform()
    library = world.get_blueprint_library()
    place = carla.Transform(where.location + carla.Location(x=6.0, z=1.0), where.rotation)
    walker = world.try_spawn_actor(library.find("walker.pedestrian.0003"), place)
    camera = world.spawn_actor(library.find("sensor.camera.rgb"), where, attach_to=car)
    camera.listen(lambda _: None)
    world.tick()
    _exercise_actor(car, box)
    _exercise_vehicle(car, box)
    for call, arguments in (
        (walker.apply_control, (carla.WalkerControl(box, 1.0, True),)), (walker.get_bones, ()),
        (walker.set_bones, (carla.WalkerBoneControlIn(),)), (walker.blend_pose, (0.5,)),
        (walker.get_pose_from_animation, ()), (camera.enable_gbuffers, (True,)),
        (camera.is_listening_gbuffer, (0,)), (camera.listen_to_gbuffer, (0, print)),
        (camera.set_ignored_vehicles, ([car.id],)), (camera.send, ("hello",)),
    ):  # fmt: skip
        tried(call, *arguments)
    _exercise_world(world, box)
    _exercise_client(client, world, car, walker)


def _exercise_actor(car: Any, box: Any) -> None:
    for name in (
        "get_component_names", "get_bone_names", "get_bone_world_transforms",
        "get_bone_relative_transforms", "get_socket_names", "get_socket_world_transforms",
        "get_socket_relative_transforms", "disable_constant_velocity", "get_physics_control",
        "get_light_state", "get_telemetry_data", "get_ackermann_controller_settings",
        "get_vehicle_bone_world_transforms",
    ):  # fmt: skip
        tried(getattr(car, name))
    for name in ("get_component_world_transform", "get_component_relative_transform"):
        tried(getattr(car, name), "body")
    for name in (
        "add_impulse", "add_force", "add_angular_impulse", "add_torque", "set_target_velocity",
        "set_target_angular_velocity", "enable_constant_velocity",
    ):  # fmt: skip
        tried(getattr(car, name), box)
    for name in ("set_simulate_physics", "set_collisions", "set_enable_gravity"):
        tried(getattr(car, name), True)
    car.set_location(car.get_location())
    car.set_transform(car.get_transform())
    tried(lambda: car.bounding_box)


def _exercise_vehicle(car: Any, box: Any) -> None:
    car.apply_control(carla.VehicleControl(throttle=0.3))
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=2.0))
    car.apply_ackermann_controller_settings(carla.AckermannControllerSettings())
    car.apply_physics_control(car.get_physics_control())
    car.set_light_state(carla.VehicleLightState.LowBeam)
    wheel = carla.VehicleWheelLocation.FL_Wheel
    for name, arguments in (
        ("open_door", (carla.VehicleDoor.FL,)), ("close_door", (carla.VehicleDoor.FL,)),
        ("show_debug_telemetry", (True,)), ("set_wheel_steer_direction", (wheel, 5.0)),
        ("get_wheel_steer_angle", (wheel,)), ("set_wheel_pitch_angle", (wheel, 5.0)),
        ("get_wheel_pitch_angle", (wheel,)),
    ):  # fmt: skip
        tried(getattr(car, name), *arguments)


def _exercise_world(world: Any, box: Any) -> None:
    light = world.get_actors().filter("traffic.traffic_light")[0]
    for name in ("set_green_time", "set_yellow_time", "set_red_time"):
        getattr(light, name)(4.0)
    light.set_state(carla.TrafficLightState.Green)
    light.freeze(False)
    light.freeze(True)
    light.get_group_traffic_lights()
    light.get_light_boxes()
    light.reset_group()
    world.freeze_all_traffic_lights(False)
    world.reset_all_traffic_lights()
    world.set_weather(world.get_weather())
    world.get_level_bbs(carla.CityObjectLabel.Any)
    things = world.get_environment_objects(carla.CityObjectLabel.Any)
    world.enable_environment_objects({things[0].id}, False)
    world.get_names_of_all_objects()
    world.cast_ray(carla.Location(z=5), carla.Location(x=9, z=-5))
    world.project_point(carla.Location(z=5), carla.Vector3D(z=-1), 9.0)
    world.get_vehicles_light_states()
    manager = world.get_lightmanager()
    tried(manager.turn_on, manager.get_all_lights())
    tried(manager.set_day_night_cycle, False)
    world.debug.draw_point(carla.Location())
    tried(world.load_map_layer, carla.MapLayer.Buildings)
    tried(world.unload_map_layer, carla.MapLayer.Buildings)
    tried(world.get_imui_sensor_gravity)
    tried(world.set_imui_sensor_gravity, 9.8)
    tried(world.set_annotations_traverse_translucency, True)
    texture = carla.TextureColor(1, 1)
    names = world.get_names_of_all_objects()
    material = carla.MaterialParameter.Diffuse
    tried(world.apply_color_texture_to_object, names[0], material, texture)
    tried(world.apply_float_color_texture_to_object, names[0], material,
          carla.TextureFloatColor(1, 1))  # fmt: skip
    tried(world.debug.clear_debug_shape) if hasattr(world.debug, "clear_debug_shape") else None
    tried(world.debug.clear_debug_string) if hasattr(world.debug, "clear_debug_string") else None
    world.get_map()
    world.get_spectator()


def _exercise_client(client: Any, world: Any, car: Any, walker: Any) -> None:
    client.start_recorder("fuzz.log", True)
    for _ in range(3):
        world.tick()
    client.stop_recorder()
    client.show_recorder_file_info("fuzz.log", True)
    client.show_recorder_collisions("fuzz.log", "a", "a")
    client.show_recorder_actors_blocked("fuzz.log", 1.0, 1.0)
    client.set_replayer_time_factor(1.0)
    client.set_replayer_ignore_hero(False)
    client.set_replayer_ignore_spectator(True)
    client.replay_file("fuzz.log", 0.0, 0.0, 0)
    client.stop_replayer(True)
    command = carla.command
    box, pose = carla.Vector3D(1, 2, 3), car.get_transform()
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    client.apply_batch_sync(
        [
            command.SpawnActor(blueprint, pose).then(command.DestroyActor(command.FutureActor)),
            command.ApplyVehicleControl(car.id, carla.VehicleControl()),
            command.ApplyVehicleAckermannControl(car.id, carla.VehicleAckermannControl()),
            command.ApplyWalkerControl(walker.id, carla.WalkerControl()),
            command.ApplyWalkerState(walker.id, pose, 1.0),
            command.ApplyTransform(car.id, pose),
            command.ApplyVehiclePhysicsControl(car.id, car.get_physics_control()),
            command.ApplyTargetVelocity(car.id, box),
            command.ApplyTargetAngularVelocity(car.id, box),
            command.ApplyImpulse(car.id, box),
            command.ApplyForce(car.id, box),
            command.ApplyAngularImpulse(car.id, box),
            command.ApplyTorque(car.id, box),
            command.SetSimulatePhysics(car.id, True),
            command.SetEnableGravity(car.id, True),
            command.SetVehicleLightState(car.id, 3),
            command.DestroyActor(1_000_000),
        ],
        False,
    )
    tried(client.load_world, "Nowhere")
    tried(client.generate_opendrive_world, "<OpenDRIVE/>")
    walker.destroy()
    world.get_random_location_from_navigation()


@pytest.fixture(scope="module")
def calls(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[list[Any]]]:
    """Requests as the wheel sent them, one of each method and length at most eight times."""
    folder = tmp_path_factory.mktemp("captured")
    program = Path(__file__).with_name("capture.py")
    proxy = subprocess.Popen(
        [sys.executable, str(program), str(served.port), str(folder)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert proxy.stdout is not None
    served.client().load_world("Rivertown")
    # In a child: what is called there may take the wheel, and its process, down.
    done = subprocess.run(
        [sys.executable, __file__, proxy.stdout.readline().strip(), str(folder)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "all called" in done.stdout, done.stderr[-2000:]
    kept: dict[tuple[str, int], list[list[Any]]] = {}
    for path in sorted(folder.glob("*.bin")):
        unpacker = msgpack.Unpacker(strict_map_key=False, unicode_errors="surrogateescape")
        unpacker.feed(path.read_bytes())
        for request in unpacker:
            few = kept.setdefault((request[2], len(msgpack.packb(
                request, unicode_errors="surrogateescape")) // 64), [])  # fmt: skip
            if len(few) < 8:
                few.append(request)
    yield [request for few in kept.values() for request in few]
    proxy.kill()
    proxy.wait()
    proxy.stdout.close()


def test_the_captured_calls_are_of_all_kinds(calls: list[list[Any]]) -> None:
    assert CALLS  # imported for the table of METHODS
    seen = {request[2] for request in calls}
    assert seen <= set(METHODS), "the wheel calls what this server does not have"
    assert set(METHODS) - seen <= SILENT


def test_damaged_calls_after_a_handshake_do_no_harm(served: Served, calls: list[list[Any]]) -> None:
    draw = random.Random(11)
    before = memory(served)
    wire, since = None, 0
    watcher = served.client()
    watcher.load_world("Rivertown")
    world = watcher.get_world()
    # Who loads maps of its own accord would take the time of the others: one of fifty may.
    slow = [request for request in calls if request[2] in ("load_new_episode", "replay_file")]
    quick = [request for request in calls if request not in slow]
    for i in range(MESSAGES):
        if wire is None or since > 40:
            if wire is not None:
                wire.socket.close()
            wire, since = Wire(served.port, 0.3), 0
            for name in HANDSHAKE:
                wire.call(name)
        request = draw.choice(slow if i % 500 == 0 else quick)
        for _ in range(1 + draw.randrange(3)):
            request = mutated(request, draw)
        data = msgpack.packb(request, unicode_errors="surrogateescape")
        if draw.random() < 0.1:
            at = draw.randrange(len(data))
            data = data[:at] + draw.randbytes(draw.randrange(3)) + data[at + 1 :]
        since += 1
        try:
            wire.socket.sendall(data)
            if i % 10 == 0 and wire.call("version") is None:
                raise ConnectionError
        except OSError:
            wire.socket.close()
            wire = None
        if i % 2000 == 0:
            assert world.get_actors() is not None  # the other client notices nothing
    assert served.process.poll() is None
    assert memory(served) - before < 400e6
    assert Wire(served.port).call("version") == [1, 7, None, [[1, "0.9.16"]]]
    watcher.load_world("Rivertown")
    assert watcher.get_world().tick() > 0


if __name__ == "__main__":
    mine = carla.Client("127.0.0.1", int(sys.argv[1]))
    mine.set_timeout(20.0)
    mine.set_files_base_folder(sys.argv[2])
    exercise(mine)
    print("all called", flush=True)
    os._exit(0)
